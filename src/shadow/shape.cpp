#include "shadow/shape.hpp"

#include <algorithm>
#include <array>

namespace portcullis::shadow {

using base::Error;
using base::Result;

namespace {

// Nothing that the statement has set shall decide what a name or a constant reads as.
constexpr std::string_view kSettings =
    "SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL \"TimeZone\" TO 'UTC'; SET LOCAL \"DateStyle\" "
    "TO "
    "'ISO'; SET LOCAL \"IntervalStyle\" TO 'postgres'; SET LOCAL extra_float_digits TO 1; SET LOCAL "
    "bytea_output "
    "TO 'hex'; SET LOCAL quote_all_identifiers TO off; ";

// Behind each stands which tables are meant. Each reads one catalog: planning takes longer than reading.
constexpr std::string_view kTables = R"(
SELECT 't', oid, relkind, CASE WHEN relispartition THEN pg_get_partition_constraintdef(oid) END
  FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND oid)";
constexpr std::string_view kConstraintStamps =
    "SELECT 's', conrelid, oid, xmin FROM pg_constraint WHERE conrelid";
constexpr std::string_view kIndexStamps =
    "SELECT 's', indrelid, indexrelid, xmin FROM pg_index WHERE indrelid";
constexpr std::string_view kColumns = R"(
SELECT 'c', attrelid, attnum, attname, format_type(atttypid, atttypmod), atttypid, attcollation, atttypmod,
       (SELECT typtype FROM pg_type t WHERE t.oid = atttypid), attnotnull, attgenerated <> '', attidentity <> '',
       attgenerated = 'v'
  FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid)";
constexpr std::string_view kValues =
    "SELECT 'd', adrelid, adnum, pg_get_expr(adbin, adrelid), adbin FROM pg_attrdef WHERE adrelid";

// A foreign key of a partitioned table has parts: those of its partitions are asked, those of the partitions
// that it refers to are not. The operator of a key's PERIOD (PostgreSQL 18) says less than the key does.
constexpr std::string_view kConstraints = R"(
SELECT 'k', k.conrelid, k.oid, k.conname, k.contype, k.convalidated, pg_get_constraintdef(k.oid),
       array_to_string(k.conkey, ' '), pg_get_expr(k.conbin, k.conrelid), k.conbin, n.nspname, r.relname, r.relkind,
       (SELECT string_agg(format('p.%I OPERATOR(pg_catalog.%s) c.%I', pa.attname, o.oprname, ca.attname), ' AND ')
          FROM unnest(k.confkey, k.conkey, k.conpfeqop) AS u(p, c, op) JOIN pg_operator o ON o.oid = u.op AND o.oid < 16384 AND o.oprname = '='
               JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.p
               JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.c HAVING count(*) = cardinality(k.conkey)),
       k.confmatchtype = 'f',
       EXISTS (SELECT FROM pg_constraint w WHERE w.oid = k.conparentid AND w.confrelid <> k.confrelid)
  FROM pg_constraint k LEFT JOIN pg_class r ON r.oid = k.confrelid LEFT JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE k.contype IN ('c', 'f', 'n', 'p', 'u', 'x') AND k.conrelid)";

// GROUP BY asks by the type's own equality: whatever an index may have instead is a user's to know.
constexpr std::string_view kIndexes = R"(
SELECT 'i', i.indrelid, i.indexrelid, c.relname, pg_get_indexdef(i.indexrelid), i.indisunique,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid),
       coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'true',
       (SELECT string_agg(DISTINCT u.n::text, ' ')
          FROM (SELECT unnest(i.indkey::int2[])::int4 UNION
                SELECT d.refobjsubid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid) AS u(n) WHERE u.n > 0),
       k.keys, k.filled, pg_get_expr(i.indpred, i.indrelid), i.indexprs, i.indpred,
       EXISTS (SELECT FROM unnest(i.indclass::oid[]) o JOIN pg_opclass oc ON oc.oid = o
                WHERE o >= 16384 OR NOT oc.opcdefault)
       OR EXISTS (SELECT FROM unnest(i.indcollation::oid[]) o WHERE o >= 16384),
       i.indisexclusion
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       CROSS JOIN LATERAL (SELECT string_agg(q.key, ', ' ORDER BY q.n) AS keys,
                                  string_agg('(' || q.key || ') IS NOT NULL', ' AND ' ORDER BY q.n) AS filled
                             FROM (SELECT n, pg_get_indexdef(i.indexrelid, n, false) AS key
                                     FROM generate_series(1, i.indnkeyatts) AS n) q) k
 WHERE i.indisvalid AND i.indrelid)";

// Some of those that are not volatile run what stands in a view.
constexpr std::string_view kEffects =
    "SELECT 'v', oid FROM pg_proc WHERE oid < 16384 AND (provolatile = 'v' OR proname LIKE '%\\_to\\_xml%')";

Error unexpected() {
  return {base::sqlstate::protocol_violation,
          "the shadow answered unexpectedly when it was asked for its tables"};
}

bool read_kind(const Row& row, std::size_t field, char& kind) {
  if (!row[field] || row[field]->size() != 1) return false;
  kind = row[field]->front();
  return true;
}

bool read_numbers(const std::string& text, std::vector<int>& numbers) {
  for (const char *at = text.data(), *end = at + text.size(); at < end; ++at) {
    const auto read = std::from_chars(at, end, numbers.emplace_back());
    if (read.ec != std::errc{} || (read.ptr < end && *read.ptr != ' ')) return false;
    at = read.ptr;
  }
  return true;
}

bool has_all(const Row& row, std::initializer_list<std::size_t> fields) {
  return std::all_of(fields.begin(), fields.end(), [&](auto field) { return row[field].has_value(); });
}

bool read_table(const Row& row, Shape& shape) {
  if (row.size() != 4) return false;
  shape.partition = row[3].value_or("");
  return read_kind(row, 2, shape.kind);
}

bool read_stamp(const Row& row, Shape& shape) {
  if (row.size() != 4 || !has_all(row, {2, 3})) return false;
  shape.stamps.insert(*row[2] + ":" + *row[3]);
  return true;
}

bool read_column(const Row& row, Shape& shape) {
  if (row.size() != 13 || !has_all(row, {3, 4})) return false;
  Column& column = shape.columns.emplace_back();
  column.name = *row[3];
  column.type = *row[4];
  return read_number(row, 2, column.number) && read_number(row, 5, column.type_oid) &&
         read_number(row, 6, column.collation) && read_number(row, 7, column.modifier) &&
         read_kind(row, 8, column.type_kind) && read_truth(row, 9, column.is_not_null) &&
         read_truth(row, 10, column.is_generated) && read_truth(row, 11, column.is_identity) &&
         read_truth(row, 12, column.is_virtual);
}

bool read_value(const Row& row, const std::set<Oid>& effects, Shape& shape) {
  int number = 0;
  if (row.size() != 5 || !has_all(row, {3, 4}) || !read_number(row, 2, number)) return false;
  for (auto& column : shape.columns) {
    if (column.number != number) continue;
    column.value = *row[3];
    column.value_code = code_of_tree(*row[4], effects);
  }
  return true;
}

bool read_constraint(const Row& row, const std::set<Oid>& effects, Shape& shape) {
  if (row.size() != 16 || !has_all(row, {2, 3, 6})) return false;
  Constraint constraint;
  constraint.oid = *row[2];
  constraint.name = *row[3];
  constraint.definition = *row[6];
  constraint.expression = row[8].value_or("");
  constraint.code = code_of_tree(row[9].value_or(""), effects);
  constraint.referenced_schema = row[10].value_or("");
  constraint.referenced_name = row[11].value_or("");
  if (row[12] && !read_kind(row, 12, constraint.referenced_kind)) return false;
  constraint.match = row[13].value_or("");
  const bool is_read = read_kind(row, 4, constraint.kind) && read_truth(row, 5, constraint.is_valid) &&
                       read_numbers(row[7].value_or(""), constraint.columns) &&
                       read_truth(row, 14, constraint.is_full) && read_truth(row, 15, constraint.is_part);
  shape.constraints.push_back(std::move(constraint));
  return is_read;
}

bool read_index(const Row& row, const std::set<Oid>& effects, Shape& shape) {
  if (row.size() != 16 || !has_all(row, {2, 3, 4, 9, 10})) return false;
  Index& index = shape.indexes.emplace_back();
  index.oid = *row[2];
  index.name = *row[3];
  index.definition = *row[4];
  index.keys = *row[9];
  index.keys_not_null = *row[10];
  index.predicate = row[11].value_or("");
  index.has_expressions = row[12].has_value();
  bool is_foreign = false;
  if (!read_truth(row, 14, is_foreign)) return false;
  index.code = is_foreign ? Code::foreign
                          : std::max(code_of_tree(row[12].value_or(""), effects),
                                     code_of_tree(row[13].value_or(""), effects));
  return read_truth(row, 5, index.is_unique) && read_truth(row, 6, index.is_of_constraint) &&
         read_truth(row, 7, index.nulls_are_equal) && read_numbers(row[8].value_or(""), index.columns) &&
         read_truth(row, 15, index.is_exclusion);
}

bool read_part(const Row& row, const std::set<Oid>& effects, Shape& shape) {
  switch (row[0]->front()) {
    case 't': return read_table(row, shape);
    case 's': return read_stamp(row, shape);
    case 'c': return read_column(row, shape);
    case 'd': return read_value(row, effects, shape);
    case 'k': return read_constraint(row, effects, shape);
    case 'i': return read_index(row, effects, shape);
    default: return false;
  }
}

std::string query_of(std::initializer_list<std::string_view> queries, std::string_view which) {
  std::string sql(kSettings);
  for (const auto query : queries) sql.append(query).append(which).append(";");
  return sql;
}

std::string any_of_them(const std::vector<Oid>& tables) {
  std::string which = " = ANY ('{";
  for (const Oid oid : tables) which += (which.back() == '{' ? "" : ",") + std::to_string(oid);
  return which + "}'::oid[])";
}

}  // namespace

const Column* Shape::column(int number) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& one) { return one.number == number; });
  return found == columns.end() ? nullptr : &*found;
}

std::string known_shapes_query() {
  return query_of({kTables, kConstraintStamps, kIndexStamps, kColumns, kValues, kConstraints, kIndexes},
                  " >= 16384") +
         std::string(kEffects);
}

std::string columns_query(const std::vector<Oid>& tables) {
  return query_of({kTables, kConstraintStamps, kIndexStamps, kColumns, kValues}, any_of_them(tables));
}

std::string parts_query(const std::vector<Oid>& tables) {
  return query_of({kConstraints, kIndexes}, any_of_them(tables));
}

bool read_shapes(const std::vector<Row>& rows, const std::set<Oid>& effects, Shapes& shapes) {
  for (const auto& row : rows) {
    Oid oid = 0;
    if (row.size() < 2 || !row[0] || row[0]->size() != 1 || !read_number(row, 1, oid)) return false;
    // Views and sequences have columns, and are no tables.
    if (row[0] != "t" && !shapes.contains(oid)) continue;
    if (!read_part(row, effects, shapes[oid])) return false;
  }
  return true;
}

void settle_not_null(Shapes& shapes) {
  for (auto& [oid, shape] : shapes) {
    for (const auto& constraint : shape.constraints) {
      if (constraint.kind != 'n' || constraint.is_valid || constraint.columns.empty()) continue;
      for (auto& column : shape.columns) {
        if (column.number == constraint.columns.front()) column.is_not_null = false;
      }
    }
  }
}

Result<KnownShapes> read_known_shapes(const std::vector<Row>& rows) {
  KnownShapes known;
  std::vector<Row> tables;
  for (const auto& row : rows) {
    Oid oid = 0;
    if (row.size() != 2 || row[0] != "v") {
      tables.push_back(row);
    } else if (read_number(row, 1, oid)) {
      known.effects.insert(oid);
    } else {
      return unexpected();
    }
  }
  if (!read_shapes(tables, known.effects, known.shapes)) return unexpected();
  settle_not_null(known.shapes);
  return known;
}

}  // namespace portcullis::shadow
