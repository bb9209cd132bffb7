#include "shadow/outside.hpp"

#include <algorithm>
#include <array>

#include "shadow/admission.hpp"
#include "shadow/quote.hpp"

namespace portcullis::shadow {

using base::Error;
using base::Result;

namespace {

using Kind = Outside::Kind;
using sql::Action;
using sql::ObjectKind;

std::optional<Kind> kind_of(const sql::StatementFacts& statement) {
  const auto does = [&](Action action) {
    return std::any_of(statement.effects.begin(), statement.effects.end(),
                       [&](const auto& effect) { return effect.action == action; });
  };
  if (does(Action::create_index_concurrently)) return Kind::create_index;
  if (does(Action::drop_index_concurrently)) return Kind::drop_index;
  if (does(Action::reindex)) return statement.is_concurrent ? Kind::reindex_concurrently : Kind::reindex;
  if (does(Action::vacuum)) return statement.is_full ? Kind::vacuum_full : Kind::vacuum;
  if (does(Action::cluster)) return Kind::cluster;
  if (does(Action::alter_table_detach_partition)) return Kind::detach_partition;
  return std::nullopt;
}

// Of relations: where they are, what belongs to them, whether the role may vacuum them. Nothing in it hangs
// on search_path but what the statement names without a schema.
constexpr std::string_view kSeen =
    R"(SELECT c.oid, n.nspname, c.relname, c.relkind, COALESCE(pg_catalog.pg_relation_filenode(c.oid), 0),
       COALESCE(x.indrelid, 0), COALESCE(h.inhparent, 0), t.named,
       c.relkind OPERATOR(pg_catalog.<>) 'S'::pg_catalog."char"
         AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(d.datdba, 'USAGE')
              OR CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.>=) 170000
                      THEN pg_catalog.has_table_privilege(c.oid, 'MAINTAIN') ELSE false END),
       CASE WHEN t.named THEN ARRAY(SELECT k.confrelid FROM pg_catalog.pg_constraint AS k
         WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid AND k.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog."char") END,
       CASE WHEN t.named THEN ARRAY(SELECT k.conrelid FROM pg_catalog.pg_constraint AS k
         WHERE k.confrelid OPERATOR(pg_catalog.=) c.oid AND k.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog."char") END
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
       JOIN pg_catalog.pg_database AS d ON d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
       LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid OPERATOR(pg_catalog.=) c.oid
       LEFT JOIN pg_catalog.pg_inherits AS h ON h.inhrelid OPERATOR(pg_catalog.=) c.oid AND c.relispartition
       CROSS JOIN LATERAL (SELECT false)";
constexpr std::string_view kSeenEnd =
    R"() AS t(named)
 WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid AND c.relkind OPERATOR(pg_catalog.<>) 't'::pg_catalog."char")";

std::string is(const sql::Name& name) {
  if (name.schema.empty()) {
    return " OR COALESCE(c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(" +
           literal(identifier(name.name)) + ")::pg_catalog.oid, false)";
  }
  return " OR (n.nspname OPERATOR(pg_catalog.=) " + literal(name.schema) +
         "::pg_catalog.name AND c.relname OPERATOR(pg_catalog.=) " + literal(name.name) +
         "::pg_catalog.name)";
}

Error unexpected() {
  return {base::sqlstate::protocol_violation, "the shadow answered unexpectedly when it was measured"};
}

// "{16384,16390}"; nothing for null.
bool read_oids(const Row& row, std::size_t field, std::vector<Oid>& oids) {
  if (!row[field]) return true;
  std::string text = *row[field];
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return false;
  text.back() = ',';
  for (std::size_t at = 1; at < text.size();) {
    const auto end = text.find(',', at);
    Oid oid = 0;
    if (end > at && !read_number({text.substr(at, end - at)}, 0, oid)) return false;
    if (end > at) oids.push_back(oid);
    at = end + 1;
  }
  return true;
}

bool read_one(const Row& row, Seen& seen) {
  if (row.size() != 11 || !row[1] || !row[2] || !row[3] || row[3]->size() != 1) return false;
  seen.schema = *row[1];
  seen.name = *row[2];
  seen.kind = row[3]->front();
  return read_number(row, 0, seen.oid) && read_number(row, 4, seen.filenode) &&
         read_number(row, 5, seen.table) && read_number(row, 6, seen.partition_of) &&
         read_truth(row, 7, seen.is_named) && read_truth(row, 8, seen.is_maintained) &&
         read_oids(row, 9, seen.referenced) && read_oids(row, 10, seen.referencing);
}

}  // namespace

// What one statement may be is decided by not_to_be_tried_out().
std::optional<Outside> outside_of(const sql::StatementFacts& statement) {
  if (!may_run_outside_transactions(statement)) return std::nullopt;
  const auto kind = kind_of(statement);
  if (!kind) return std::nullopt;
  Outside outside;
  outside.kind = *kind;
  outside.is_certain = runs_outside_transactions(statement);
  for (const auto& effect : statement.effects) {
    const bool is_known = std::find(outside.relations.begin(), outside.relations.end(), effect.object) !=
                          outside.relations.end();
    if (effect.kind == ObjectKind::relation && !is_known) outside.relations.push_back(effect.object);
    if (effect.kind == ObjectKind::schema) outside.schema = effect.object.name;
  }
  return outside;
}

bool waits_for_older(Kind kind) noexcept {
  return kind == Kind::create_index || kind == Kind::drop_index || kind == Kind::reindex_concurrently ||
         kind == Kind::detach_partition;
}

std::string seen_query(const Outside& outside) {
  std::string sql(kSeen);
  for (const auto& name : outside.relations) sql += is(name);
  return sql + std::string(kSeenEnd);
}

Result<std::vector<Seen>> read_seen(const std::vector<Row>& rows) {
  std::vector<Seen> all;
  for (const auto& row : rows) {
    if (!read_one(row, all.emplace_back())) return unexpected();
  }
  return all;
}

std::vector<Oid> tables_changed(const Outside& outside, const std::vector<RelationFacts>& relations,
                                const std::vector<Seen>& after) {
  std::vector<Oid> tables;
  const auto kind = outside.kind;
  if (kind != Kind::create_index && kind != Kind::drop_index && kind != Kind::detach_partition) return tables;
  for (const auto& one : after) {
    const bool is_told = std::any_of(relations.begin(), relations.end(), [&](const auto& relation) {
      return relation.schema == one.schema && relation.name == one.name && !relation.is_new;
    });
    if (is_told) tables.push_back(one.oid);
  }
  return tables;
}

}  // namespace portcullis::shadow
