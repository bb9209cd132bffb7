// The rows that an UPDATE or DELETE changes, and by foreign keys those of other tables.
#include "shadow/target_rows.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "shadow/quote.hpp"
#include "shadow/target_keys.hpp"
#include "shadow/target_tables.hpp"

namespace portcullis::shadow {

using base::Error;
using base::Result;

namespace {

// Of one table, as text.
constexpr std::uint64_t kMostBytes = std::uint64_t{8} << 20;
constexpr std::size_t kMostQuestions = 200;

// ON DELETE, ON UPDATE: NO ACTION and RESTRICT.
bool bars(char action) {
  return action == 'a' || action == 'r';
}

// How a row is changed: deleted, or some of its columns.
struct Change {
  bool is_delete = true;
  std::set<std::string> columns;
  [[nodiscard]] bool reaches(const std::vector<std::string>& key) const {
    return is_delete ||
           std::any_of(key.begin(), key.end(), [&](const auto& one) { return columns.contains(one); });
  }
  friend auto operator<=>(const Change&, const Change&) = default;
};

// Code of others is not run for a question, and another session's settings may compare otherwise.
Error not_plain(const ForeignKey& key) {
  return not_known("a foreign key of " + in_words(key.reference.table) +
                   " compares by operators of users, or by such as hang on settings");
}

class Walk {
 public:
  Walk(std::uint64_t most, const Asking& ask) : most_(most), ask_(ask) {}

  Result<TargetRows> run(const TargetQuestion& question, const Ids& ids) {
    auto target = table("n.nspname = " + literal(question.table.first) +
                        " AND c.relname = " + literal(question.table.second));
    if (!target) return target.error();
    if (target->kind == 'r' &&
        std::any_of(ids.begin(), ids.end(), [&](const Id& id) { return id.first != target->oid; }))
      return not_known("some of its rows are of tables that inherit from " + in_words(target->name));
    order_.push_back(target->oid);
    found_[target->oid] = ids;
    queue_.push_back({target->oid, ids, change_of(*target, question.assigned)});
    if (const auto walked = walk(); !walked) return walked.error();

    TargetRows all;
    all.targets = ids.size();
    if (const auto named = name_leaves(ids, all.leaves); !named) return named.error();
    if (const auto read = read_rows(all); !read) return read.error();
    for (const auto& [oid, reference] : references_) {
      all.emptied.push_back(reference.parent);
      all.references.push_back(reference);
    }
    return all;
  }

  Result<TableRows> parents(Oid oid, const std::string& condition) {
    auto found = table("c.oid = " + std::to_string(oid));
    if (!found) return found.error();
    return rows_of(*found, condition);
  }

 private:
  struct Step {
    Oid table = 0;
    Ids ids;
    Change change;
  };

  Result<std::vector<Row>> ask(const std::string& sql) {
    if (++asked_ > kMostQuestions) return not_known("its foreign keys reach too many tables");
    return ask_(sql);
  }

  // Those at this end of the table, which one that refers to itself is asked for again and again.
  Result<const std::vector<ForeignKey>*> foreign_keys(const char* end, Oid table) {
    const auto known = keys_.find({end, table});
    if (known != keys_.end()) return &known->second;
    const auto rows = ask(foreign_keys_query(end, table));
    if (!rows) return rows.error();
    auto keys = read_foreign_keys(*rows);
    if (!keys) return keys.error();
    return &keys_.emplace(std::pair(end, table), std::move(*keys)).first->second;
  }

  Result<Table> table(const std::string& which) {
    const auto rows = ask(table_query(which));
    if (!rows) return rows.error();
    auto table = read_table(*rows);
    if (table) tables_[table->oid] = *table;
    return table;
  }

  // No columns: it is deleted.
  static Change change_of(const Table& table, const std::vector<std::string>& columns) {
    Change change{columns.empty(), {columns.begin(), columns.end()}};
    if (!change.is_delete) change.columns.insert(table.generated.begin(), table.generated.end());
    return change;
  }

  // A row that was found in a partition and in the table above it is one.
  Result<void> read_rows(TargetRows& all) {
    Ids read;
    for (const Oid oid : order_) {
      const auto& table = tables_.at(oid);
      const auto& found = found_.at(oid);
      Ids ids;
      std::set_difference(found.begin(), found.end(), read.begin(), read.end(),
                          std::inserter(ids, ids.end()));
      read.insert(ids.begin(), ids.end());
      auto rows = rows_of(table, is_among(ids, "portcullis_row"));
      if (!rows) return rows.error();
      all.emptied.push_back(table.name);
      all.tables.push_back(std::move(*rows));
    }
    return {};
  }

  Result<void> walk() {
    while (!queue_.empty()) {
      const Step step = std::move(queue_.front());
      queue_.pop_front();
      if (step.ids.empty()) continue;
      if (const auto looked = look_at_references(step); !looked) return looked.error();
      const auto keys = foreign_keys("confrelid", step.table);
      if (!keys) return keys.error();
      for (const auto& key : **keys) {
        if (!step.change.reaches(key.reference.parent_columns)) continue;
        if (const auto followed = follow(step, key); !followed) return followed.error();
      }
    }
    return {};
  }

  // The rows that refer to those of the step. Of what must not be there a few will do.
  Result<void> follow(const Step& step, const ForeignKey& key) {
    if (!tables_.contains(key.table)) {
      if (const auto child = table("c.oid = " + std::to_string(key.table)); !child) return child.error();
    }
    const auto& child = tables_.at(key.table);
    if (!key.is_plain) return not_plain(key);
    const char action = step.change.is_delete ? key.on_delete : key.on_update;
    if (!step.change.is_delete && tables_.at(step.table).deletes_what_moves && !bars(key.on_delete))
      return not_known("before PostgreSQL 15 what moves to another partition is deleted for " +
                       in_words(child.name));
    const auto rows = ask(children_query(step, key));
    if (!rows) return rows.error();
    const auto ids = read_ids(*rows);
    if (!ids) return not_as_asked();
    if (!found_.contains(key.table)) order_.push_back(key.table);
    auto& found = found_[key.table];
    found.insert(ids->begin(), ids->end());
    if (bars(action)) return {};
    auto& changed = changed_[key.table];
    changed.insert(ids->begin(), ids->end());
    if (changed.size() > most_) {
      return not_known("more than " + std::to_string(most_) + " rows of " + in_words(child.name) +
                       " change with its rows");
    }
    const bool is_delete = step.change.is_delete && action == 'c';
    const Change change = change_of(child, is_delete ? std::vector<std::string>() : key.reference.columns);
    Step next{key.table, {}, change};
    auto& seen = seen_[{key.table, change}];
    std::set_difference(ids->begin(), ids->end(), seen.begin(), seen.end(),
                        std::inserter(next.ids, next.ids.end()));
    seen.insert(ids->begin(), ids->end());
    queue_.push_back(std::move(next));
    return {};
  }

  [[nodiscard]] std::string children_query(const Step& step, const ForeignKey& key) const {
    const std::string sql = "SELECT child.tableoid, child.ctid FROM " + tables_.at(key.table).as_source() +
                            " AS child WHERE EXISTS (SELECT FROM " + tables_.at(step.table).as_source() +
                            " AS parent WHERE " + is_among(step.ids, "parent") + " AND " +
                            refers(key.reference, "child", "parent");
    return sql + ") LIMIT " + std::to_string(most_ + 1);
  }

  Result<void> name_leaves(const Ids& ids, std::vector<TableName>& leaves) {
    std::string oids;
    Oid last = 0;
    for (const auto& [oid, tid] : ids) {
      if (oid != last) oids += (oids.empty() ? "" : ", ") + std::to_string(oid);
      last = oid;
    }
    if (oids.empty()) return {};
    const auto rows =
        ask("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.oid IN (" +
            oids + ")");
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
      if (row.size() != 2 || !row[0] || !row[1]) return not_as_asked();
      leaves.emplace_back(*row[0], *row[1]);
    }
    return {};
  }

  // Those that its changed rows make have another key, if only by a default.
  Result<void> look_at_references(const Step& step) {
    if (step.change.is_delete) return {};
    const auto keys = foreign_keys("conrelid", step.table);
    if (!keys) return keys.error();
    for (const auto& key : **keys) {
      if (!step.change.reaches(key.reference.columns)) continue;
      if (!key.is_plain) return not_plain(key);
      references_.emplace(key.oid, key.reference);
    }
    return {};
  }

  Result<TableRows> rows_of(const Table& table, const std::string& condition) {
    const std::string from = " FROM " + table.as_source() + " AS portcullis_row WHERE " + condition;
    const auto size = ask("SELECT coalesce(sum(octet_length(portcullis_row::text)), 0)" + from);
    std::uint64_t bytes = 0;
    if (!size) return size.error();
    if (size->size() != 1 || !read_number(size->front(), 0, bytes)) return not_as_asked();
    if (bytes > kMostBytes)
      return not_known("its rows of " + in_words(table.name) + " are too long: " + std::to_string(bytes) +
                       " bytes");
    std::string columns;
    for (const auto& column : table.columns)
      columns += (columns.empty() ? "" : ", ") + ("portcullis_row." + identifier(column));
    auto rows = ask("SELECT " + columns + from);
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
      if (row.size() != table.columns.size()) return not_as_asked();
    }
    return TableRows{table.name, table.columns, std::move(*rows)};
  }

  std::uint64_t most_;
  const Asking& ask_;
  std::size_t asked_ = 0;
  std::map<Oid, Table> tables_;
  std::map<std::pair<std::string_view, Oid>, std::vector<ForeignKey>> keys_;
  std::map<Oid, TargetReference> references_;  // by the key
  std::map<Oid, Ids> found_, changed_;         // by named table; `changed_`: by foreign keys
  std::vector<Oid> order_;
  std::deque<Step> queue_;
  std::map<std::pair<Oid, Change>, Ids> seen_;
};

}  // namespace

Result<TargetRows> read_targets(const TargetQuestion& question, const std::vector<Row>& ids,
                                const Asking& ask) {
  const auto read = read_ids(ids);
  if (!read) return not_as_asked();
  if (read->size() > question.most)
    return not_known("it changes more than " + std::to_string(question.most) + " rows of " +
                     in_words(question.table));
  return Walk(question.most, ask).run(question, *read);
}

Result<TableRows> read_parents(const TargetReference& reference, const std::vector<Row>& keys,
                               const Asking& ask) {
  if (keys.size() > kMostKeys)
    return not_known("rows of " + in_words(reference.table) + " refer to more than " +
                     std::to_string(kMostKeys) + " keys");
  std::string condition;
  for (const auto& key : keys) {
    if (key.size() != reference.parent_columns.size()) return not_as_asked();
    std::string one;
    for (std::size_t i = 0; i < key.size(); ++i) {
      if (!key[i]) return not_as_asked();
      one += (one.empty() ? "" : " AND ") + ("portcullis_row." + identifier(reference.parent_columns[i])) +
             " " + reference.operators[i] + " " + literal(*key[i]) + reference.casts[i];
    }
    condition += (condition.empty() ? "(" : " OR ") + one;
  }
  auto rows =
      Walk(keys.size(), ask).parents(reference.parent_oid, condition.empty() ? "false" : condition + ")");
  if (rows) rows->beside = reference.parent_columns;
  return rows;
}

}  // namespace portcullis::shadow
