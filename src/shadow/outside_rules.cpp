// What statements outside transactions lock and read whole: PostgreSQL's rules (manual, "Explicit Locking",
// and the notes of each statement), for what was seen before and behind them. Where a rule has an exception
// that the copy does not show, the stronger lock is told: VACUUM passes over tables that the role may not
// vacuum.
#include <algorithm>
#include <map>
#include <tuple>

#include "shadow/outside.hpp"

namespace portcullis::shadow {
namespace {

using Kind = Outside::Kind;

bool is_table(char kind) noexcept {
  return kind == 'r' || kind == 'm' || kind == 'p';
}

bool is_index(char kind) noexcept {
  return kind == 'i' || kind == 'I';
}

class Rules {
 public:
  Rules(const Outside& outside, const std::vector<Seen>& before, const std::vector<Seen>& after)
      : outside_(outside) {
    for (const auto& one : before) before_.emplace(one.oid, &one);
    compare(after);
  }

  std::vector<RelationFacts> apply() {
    switch (outside_.kind) {
      case Kind::create_index: create_index(); break;
      case Kind::drop_index: drop_index(); break;
      case Kind::reindex: reindex(LockMode::share, LockMode::access_exclusive); break;
      case Kind::reindex_concurrently:
        reindex(LockMode::share_update_exclusive, LockMode::share_update_exclusive);
        break;
      case Kind::vacuum: vacuum(); break;
      case Kind::vacuum_full:
      case Kind::cluster: write_anew(); break;
      case Kind::detach_partition: detach(); break;
    }
    return told();
  }

 private:
  // An index that is built again concurrently is another one by the same name.
  void compare(const std::vector<Seen>& after) {
    std::map<Oid, const Seen*> now;
    std::map<std::pair<std::string, std::string>, const Seen*> by_name;
    for (const auto& one : after) {
      now.emplace(one.oid, &one);
      by_name[{one.schema, one.name}] = &one;
    }
    for (const auto& [oid, one] : before_) {
      const auto same = now.find(oid);
      const auto again = by_name.find({one->schema, one->name});
      if (same != now.end()) {
        if (same->second->filenode != one->filenode) of(*one).is_rewritten = true;
      } else if (again != by_name.end() && is_index(one->kind)) {
        of(*one).is_rewritten = true;
        now.erase(again->second->oid);
      } else {
        of(*one).is_gone = true;
      }
    }
    for (const auto& [oid, one] : now) {
      if (before_.contains(oid)) continue;
      of(*one).is_new = true;
      if (one->table != 0) indexed_.push_back(one->table);
    }
  }

  RelationFacts& of(const Seen& relation) {
    RelationFacts& facts = facts_[relation.oid];
    facts.schema = relation.schema;
    facts.name = relation.name;
    facts.kind = relation.kind;
    return facts;
  }
  const Seen* seen(Oid oid) const {
    const auto found = before_.find(oid);
    return found == before_.end() ? nullptr : found->second;
  }
  void lock(const Seen& relation, LockMode mode) { of(relation).locks.add(mode); }
  void lock(Oid oid, LockMode mode) {
    if (const Seen* relation = seen(oid)) lock(*relation, mode);
  }
  void read(Oid oid) {
    const Seen* relation = seen(oid);
    if (relation != nullptr && relation->kind != 'p') of(*relation).is_scanned = true;
  }
  bool is_rewritten(const Seen& relation) const {
    const auto found = facts_.find(relation.oid);
    return found != facts_.end() && found->second.is_rewritten;
  }
  // It, or what it is a part of. No deeper than there are relations, whatever the copy says.
  bool is_named(const Seen& relation) const {
    const Seen* one = &relation;
    for (std::size_t depth = 0; one != nullptr && depth < before_.size(); ++depth) {
      if (one->is_named) return true;
      one = seen(one->partition_of);
    }
    return false;
  }

  template <class Do>
  void each(Do act) {
    for (const auto& [oid, relation] : before_) act(*relation);
  }

  // Read twice, and compared with what was written meanwhile.
  void create_index() {
    each([&](const Seen& one) {
      if (one.is_named && is_table(one.kind)) lock(one, LockMode::share_update_exclusive);
    });
    for (const Oid table : indexed_) read(table);
  }

  // ACCESS EXCLUSIVE on the index comes last, when nobody sees it any more.
  void drop_index() {
    each([&](const Seen& one) {
      if (!one.is_named || !is_index(one.kind)) return;
      lock(one, LockMode::share_update_exclusive);
      lock(one.table, LockMode::share_update_exclusive);
    });
  }

  // What belongs to a partitioned table or index is looked up under SHARE, also by CONCURRENTLY.
  void reindex(LockMode of_table, LockMode of_index) {
    each([&](const Seen& one) {
      if (!one.is_named && is_named(one)) lock(one, LockMode::share);
      const bool is_due = is_named(one) || (!outside_.schema.empty() && one.schema == outside_.schema);
      if (is_due && is_table(one.kind)) lock(one, of_table);
      if (!is_index(one.kind) || (!is_rewritten(one) && !one.is_named)) return;
      lock(one, of_index);
      lock(one.table, of_table);
      if (is_rewritten(one)) read(one.table);
    });
  }

  bool is_vacuumed(const Seen& table) const {
    return is_table(table.kind) && (outside_.relations.empty() ? table.is_maintained : is_named(table));
  }

  // At its end it may cut empty pages off under ACCESS EXCLUSIVE, and gives that up for whoever waits.
  void vacuum() {
    each([&](const Seen& one) {
      if (is_vacuumed(one)) {
        lock(one, LockMode::share_update_exclusive);
        read(one.oid);
      }
      const Seen* table = seen(one.table);
      if (table != nullptr && is_index(one.kind) && is_vacuumed(*table)) lock(one, LockMode::row_exclusive);
    });
  }

  void write_anew() {
    each([&](const Seen& one) {
      const bool is_due = !outside_.relations.empty() && is_table(one.kind) && is_named(one);
      if (is_due || is_rewritten(one)) lock(one, LockMode::access_exclusive);
      if (is_rewritten(one) && is_table(one.kind)) read(one.oid);
    });
  }

  // Whom its foreign keys lead to gets triggers for it; whose lead to it are looked through.
  void detach() {
    each([&](const Seen& one) {
      const Seen* whole = seen(one.partition_of);
      const Seen* table = seen(one.table);
      if (table != nullptr && is_partition(*table) && one.partition_of != 0)
        lock(one, LockMode::access_exclusive);
      if (!one.is_named || !is_table(one.kind)) return;
      lock(one, LockMode::share_update_exclusive);
      if (whole == nullptr || !whole->is_named) return;
      lock(one, LockMode::access_exclusive);
      for (const Oid other : one.referenced) lock(other, LockMode::share_row_exclusive);
      for (const Oid other : one.referencing) lock(other, LockMode::share);
    });
  }
  bool is_partition(const Seen& table) const {
    const Seen* whole = seen(table.partition_of);
    return table.is_named && whole != nullptr && whole->is_named;
  }

  std::vector<RelationFacts> told() {
    std::vector<RelationFacts> list;
    for (auto& [oid, relation] : facts_) {
      if (relation.schema != "pg_toast") list.push_back(std::move(relation));
    }
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
      return std::tie(a.schema, a.name, a.is_gone) < std::tie(b.schema, b.name, b.is_gone);
    });
    return list;
  }

  const Outside& outside_;
  std::map<Oid, const Seen*> before_;
  std::map<Oid, RelationFacts> facts_;
  std::vector<Oid> indexed_;  // tables with a new index
};

}  // namespace

std::vector<RelationFacts> facts_by_rule(const Outside& outside, const std::vector<Seen>& before,
                                         const std::vector<Seen>& after) {
  return Rules(outside, before, after).apply();
}

}  // namespace portcullis::shadow
