#include "shadow/measurement.hpp"

#include <algorithm>
#include <tuple>

namespace portcullis::shadow {

using base::Error;
using base::Result;

namespace {

constexpr std::string_view kBaseline =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_relation_filenode(c.oid) "
    "FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) "
    "c.relnamespace "
    "WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid";

#define PORTCULLIS_COUNTERS_OF(oid)                                                                 \
  "pg_catalog.pg_stat_get_xact_numscans(" oid "), pg_catalog.pg_stat_get_xact_tuples_inserted(" oid \
  "), "                                                                                             \
  "pg_catalog.pg_stat_get_xact_tuples_updated(" oid "), pg_catalog.pg_stat_get_xact_tuples_deleted(" oid ")"

constexpr std::string_view kAllCounters =
    "SELECT x.oid, x.s, x.i, x.u, x.d FROM (SELECT c.oid, " PORTCULLIS_COUNTERS_OF(
        "c.oid") " FROM pg_catalog.pg_class AS c) AS x(oid, s, i, u, d) "
                 "WHERE GREATEST(x.s, x.i, x.u, x.d) OPERATOR(pg_catalog.>) 0";
constexpr std::string_view kCounters =
    "SELECT x.oid, " PORTCULLIS_COUNTERS_OF("x.oid") " FROM pg_catalog.unnest('{";
constexpr std::string_view kCountersEnd = "}'::pg_catalog.oid[]) AS x(oid)";

#undef PORTCULLIS_COUNTERS_OF

// A relation stands there once for each lock. What the statement dropped has no name any more.
constexpr std::string_view kFacts =
    "SELECT l.relation, l.mode, n.nspname, c.relname, c.relkind, pg_catalog.pg_relation_filenode(c.oid), "
    "pg_catalog.pg_stat_get_xact_numscans(c.oid), pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), "
    "pg_catalog.pg_stat_get_xact_tuples_updated(c.oid), pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) "
    "FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) "
    "l.relation "
    "LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
    "WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.locktype OPERATOR(pg_catalog.=) "
    "'relation' "
    "AND l.relation OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND l.mode OPERATOR(pg_catalog.<>) "
    "'SIReadLock'";

Error unexpected() {
  return {base::sqlstate::protocol_violation, "the shadow answered unexpectedly when it was measured"};
}

bool read_counters(const Row& row, std::size_t field, Counters::Of& of) {
  return read_number(row, field, of.scans) && read_number(row, field + 1, of.inserted) &&
         read_number(row, field + 2, of.updated) && read_number(row, field + 3, of.deleted);
}

// Of an index it says how often it was searched.
bool is_table(char kind) noexcept {
  return kind == 'r' || kind == 'm' || kind == 'p';
}

bool is_index(char kind) noexcept {
  return kind == 'i' || kind == 'I';
}

bool read_living(const Row& row, Oid oid, const Baseline& baseline, const Held& held, Counters& counters,
                 RelationFacts& facts) {
  Oid filenode = 0;
  Counters::Of now;
  if (!row[2] || !row[4] || row[4]->size() != 1 || !read_counters(row, 6, now)) return false;
  if (row[5] && !read_number(row, 5, filenode)) return false;
  facts.schema = *row[2];
  facts.name = *row[3];
  facts.kind = row[4]->front();
  const auto* known = baseline.find(oid, facts.schema, facts.name);
  // As whoever wrote the statement knows it.
  if (const auto* same = baseline.find(oid)) {
    facts.schema = same->schema;
    facts.name = same->name;
  }
  auto before = held.filenode(oid);
  if (!before && known != nullptr) before = known->filenode;
  facts.is_new = !before;
  facts.is_rewritten = before && *before != filenode;
  const auto counted = counters.since(oid, now);
  facts.is_scanned = is_table(facts.kind) && counted.scans > 0;
  facts.inserted = counted.inserted;
  facts.updated = counted.updated;
  facts.deleted = counted.deleted;
  return true;
}

bool says_nothing(const RelationFacts& facts) {
  return facts.locks.empty() && !facts.is_new && !facts.is_gone && !facts.is_rewritten && !facts.is_scanned &&
         facts.inserted + facts.updated + facts.deleted == 0;
}

// What the statement made and dropped again was nobody's: it stays without a name and is left out as 't' is.
void read_gone(Oid oid, const Baseline& baseline, RelationFacts& facts) {
  const auto* before = baseline.find(oid);
  facts.is_gone = true;
  facts.kind = before == nullptr ? 't' : before->kind;
  if (before == nullptr) return;
  facts.schema = before->schema;
  facts.name = before->name;
}

}  // namespace

std::string_view Baseline::query() noexcept {
  return kBaseline;
}

Result<Baseline> Baseline::read(const std::vector<Row>& rows) {
  Baseline baseline;
  for (const auto& row : rows) {
    Oid oid = 0;
    Relation relation;
    if (row.size() != 5 || !read_number(row, 0, oid) || !row[1] || !row[2]) return unexpected();
    if (!row[3] || row[3]->size() != 1) return unexpected();
    if (row[4] && !read_number(row, 4, relation.filenode)) return unexpected();
    relation.schema = *row[1];
    relation.name = *row[2];
    relation.kind = row[3]->front();
    baseline.by_name_[{relation.schema, relation.name}] = oid;
    baseline.relations_[oid] = std::move(relation);
  }
  return baseline;
}

const Baseline::Relation* Baseline::find(Oid oid) const {
  const auto found = relations_.find(oid);
  return found == relations_.end() ? nullptr : &found->second;
}

const Baseline::Relation* Baseline::find(Oid oid, const std::string& schema, const std::string& name) const {
  if (const auto* same = find(oid)) return same;
  const auto named = by_name_.find({schema, name});
  return named == by_name_.end() ? nullptr : find(named->second);
}

// A table that nobody knows the name of is none to ask for.
void Baseline::take(KnownShapes tables) {
  tables_.effects = std::move(tables.effects);
  tables_.shapes.clear();
  for (auto& [oid, shape] : tables.shapes) {
    const Relation* relation = find(oid);
    if (relation == nullptr) continue;
    shape.schema = relation->schema;
    shape.name = relation->name;
    tables_.shapes.emplace(oid, std::move(shape));
  }
}

std::string Counters::query() const {
  if (!knows_all_) return std::string(kAllCounters);
  std::string sql(kCounters);
  for (const Oid oid : touched_) sql += (sql.back() == '{' ? "" : ",") + std::to_string(oid);
  return sql + std::string(kCountersEnd);
}

Result<void> Counters::take(const std::vector<Row>& rows) {
  before_.clear();
  for (const auto& row : rows) {
    Oid oid = 0;
    Of of;
    if (row.size() != 5 || !read_number(row, 0, oid) || !read_counters(row, 1, of)) return unexpected();
    before_[oid] = of;
    touched_.insert(oid);
  }
  knows_all_ = true;
  return {};
}

Counters::Of Counters::since(Oid oid, const Of& now) {
  touched_.insert(oid);
  const Of before = before_[oid];
  // The server may have collected them in between: then what it says is new.
  const auto more = [](std::uint64_t then, std::uint64_t value) {
    return value < then ? value : value - then;
  };
  return {more(before.scans, now.scans), more(before.inserted, now.inserted),
          more(before.updated, now.updated), more(before.deleted, now.deleted)};
}

std::string_view facts_query() noexcept {
  return kFacts;
}

Result<Held> Held::read(const std::vector<Row>& rows) {
  Held held;
  for (const auto& row : rows) {
    Oid oid = 0;
    const auto mode = row.size() == 10 && row[1] ? sql::lock_mode_of_view(*row[1]) : std::nullopt;
    if (!mode || !read_number(row, 0, oid)) return unexpected();
    Relation& relation = held.relations_[oid];
    relation.locks.add(*mode);
    if (row[5] && !read_number(row, 5, relation.filenode)) return unexpected();
  }
  return held;
}

bool Held::has(Oid oid, LockMode mode) const {
  const auto found = relations_.find(oid);
  return found != relations_.end() && found->second.locks.has(mode);
}

std::optional<Oid> Held::filenode(Oid oid) const {
  const auto found = relations_.find(oid);
  return found == relations_.end() ? std::nullopt : std::optional(found->second.filenode);
}

Result<std::vector<RelationFacts>> read_facts(const std::vector<Row>& rows, const Baseline& baseline,
                                              const Held& held, Counters& counters) {
  std::map<Oid, RelationFacts> found;
  for (const auto& row : rows) {
    Oid oid = 0;
    const auto mode = row.size() == 10 && row[1] ? sql::lock_mode_of_view(*row[1]) : std::nullopt;
    if (!mode || !read_number(row, 0, oid)) return unexpected();
    const auto [entry, is_first] = found.try_emplace(oid);
    RelationFacts& facts = entry->second;
    if (!held.has(oid, *mode)) facts.locks.add(*mode);
    if (!is_first) continue;
    if (!row[3]) {
      read_gone(oid, baseline, facts);
    } else if (!read_living(row, oid, baseline, held, counters, facts)) {
      return unexpected();
    }
  }
  std::vector<RelationFacts> facts;
  for (auto& [oid, relation] : found) {
    const bool is_for_long_values = relation.kind == 't' || relation.schema == "pg_toast";
    if (!is_for_long_values && !says_nothing(relation)) facts.push_back(std::move(relation));
  }
  std::sort(facts.begin(), facts.end(), [](const auto& a, const auto& b) {
    return std::tie(a.schema, a.name, a.is_gone) < std::tie(b.schema, b.name, b.is_gone);
  });
  // An index that was built again is not gone.
  const auto again = std::unique(facts.begin(), facts.end(), [](const auto& a, const auto& b) {
    return is_index(b.kind) && b.is_gone && a.schema == b.schema && a.name == b.name;
  });
  facts.erase(again, facts.end());
  return facts;
}

std::vector<Oid> strongly_locked(const std::vector<Row>& rows) {
  std::set<Oid> tables;
  for (const auto& row : rows) {
    Oid oid = 0;
    if (row.size() != 10 || !row[1] || !row[4] || row[4]->size() != 1 || !read_number(row, 0, oid)) continue;
    const auto mode = sql::lock_mode_of_view(*row[1]);
    if (mode && *mode > LockMode::row_exclusive && is_table(row[4]->front())) tables.insert(oid);
  }
  return {tables.begin(), tables.end()};
}

}  // namespace portcullis::shadow
