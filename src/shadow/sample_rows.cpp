#include "shadow/sample_rows.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "shadow/quote.hpp"

namespace portcullis::shadow {

using base::Error;
using base::Result;

namespace {

constexpr std::size_t kColumns = 12;

// What a type reads as a value, the likeliest to pass a CHECK first.
std::vector<std::string_view> values_of(const SampleColumn& column) {
  const std::string_view type = column.type;
  const auto is = [&](std::string_view name) { return type == name; };
  switch (column.category) {
    case 'N': return {"1", "0", "100", "-1", "0.5", "10000"};
    case 'S': return {"1", "x", "", "a@example.com", "A", "00000", "https://example.com"};
    case 'B': return {"true", "false"};
    case 'D': return {"2000-01-01 12:00", "now", "2100-01-01 12:00"};
    case 'T': return {"1 day", "0"};
    case 'E': return {column.label};
    case 'A': return {"{}"};
    case 'R':  // WITHOUT OVERLAPS takes no empty ones
      if (type.find("multirange") != std::string_view::npos) return {"{}", "{(,)}"};
      return {"empty", "(,)"};
    case 'I': return {"127.0.0.0/32"};
    case 'V': return {"0", "1"};
    case 'G':
      if (is("point")) return {"(0,0)"};
      if (is("circle")) return {"<(0,0),1>"};
      if (is("line")) return {"{1,1,0}"};
      return {"((0,0),(1,1))"};
    default: break;
  }
  if (is("uuid")) return {"00000000-0000-4000-8000-000000000001"};
  if (is("json") || is("jsonb")) return {"{}", "[]"};
  if (is("xml")) return {"<a/>"};
  if (is("macaddr")) return {"08:00:2b:01:02:03"};
  if (is("macaddr8")) return {"08:00:2b:01:02:03:04:05"};
  if (is("pg_lsn")) return {"0/0"};
  return {"", "1", "a"};
}

// As SQL writes them, in the order in which they are tried. A text that must be one of several is most likely
// one of those that the constraint names; a number that must be in a range is not its border.
std::vector<std::string> candidates_of(const SampleColumn& column) {
  std::vector<std::string> candidates;
  for (const auto value : values_of(column)) candidates.push_back(literal(value));
  const auto& named = column.literals;
  const bool is_text = column.category == 'S';
  candidates.insert(is_text ? candidates.begin() : candidates.end(), named.begin(), named.end());
  return candidates;
}

std::string value_of(const SampleColumn& column, std::size_t attempt) {
  if (!column.bound.empty()) return column.bound;
  // A key may be of a table without rows. NULL passes a CHECK, unless it asks for just that.
  if (column.is_null && (column.is_foreign_key || attempt % 2 == 1)) return "NULL";
  if (column.has_default && (attempt == 0 || !column.is_checked)) return "DEFAULT";
  const auto candidates = candidates_of(column);
  return candidates[attempt % candidates.size()];
}

std::size_t attempts_of(const SampleTable& table) {
  std::size_t most = 1;
  for (const auto& column : table.columns) {
    const bool is_given = column.is_null || column.has_default || !column.bound.empty();
    if (column.is_checked || column.is_null) most = std::max(most, 2 * candidates_of(column).size());
    if (!is_given) most = std::max(most, candidates_of(column).size());
  }
  return most;
}

// The literal at `at`, with its quotes, or a number; `at` goes behind it.
std::string literal_at(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  if (text[at] != '\'') {
    while (at < text.size() && (std::isdigit(static_cast<unsigned char>(text[at])) != 0 || text[at] == '.'))
      ++at;
    return std::string(text.substr(begin, at - begin));
  }
  for (++at; at < text.size(); ++at) {
    if (text[at] != '\'') continue;
    if (at + 1 >= text.size() || text[at + 1] != '\'') break;
    ++at;
  }
  at = std::min(at + 1, text.size());
  return std::string(text.substr(begin, at - begin));
}

// Those of "CHECK ((status = ANY (ARRAY['new'::text, 'paid'::text])))".
std::vector<std::string> literals_in(std::string_view text) {
  constexpr std::size_t kMost = 16;
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size() && found.size() < kMost;) {
    const bool is_number = std::isdigit(static_cast<unsigned char>(text[at])) != 0 &&
                           (at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0);
    if (text[at] == '\'' || is_number) {
      found.push_back(literal_at(text, at));
    } else {
      ++at;
    }
  }
  return found;
}

// "FOR VALUES IN ('a', 'b')", "FOR VALUES FROM ('2024-01-01', 5) TO (...)": what stands at `place` of the
// first list; of IN it is the first, for its key is one column.
std::string bound_at(std::string_view bound, std::size_t place) {
  const bool is_list = bound.starts_with("FOR VALUES IN (");
  if (!is_list && !bound.starts_with("FOR VALUES FROM (")) return {};
  std::size_t at = bound.find('(') + 1;
  for (std::size_t item = 0; at < bound.size(); ++item) {
    std::string text;
    while (at < bound.size() && bound[at] != ',' && bound[at] != ')') {
      if (bound[at] == '\'') {
        text += literal_at(bound, at);
      } else {
        text.push_back(bound[at++]);
      }
    }
    if (item == (is_list ? 0 : place)) return text == "MINVALUE" || text == "NULL" ? "" : text;
    if (at >= bound.size() || bound[at] == ')') return {};
    at += 2;  // ", "
  }
  return {};
}

Error not_as_asked() {
  return {base::sqlstate::protocol_violation,
          "the database answered the question for its tables with other columns"};
}

}  // namespace

std::string_view columns_query() noexcept {
  return R"(
SELECT n.nspname, c.relname, a.attname, coalesce(bt.typname, t.typname), coalesce(bt.typcategory, t.typcategory),
       CASE WHEN a.attnotnull OR t.typnotnull THEN 'f' ELSE 't' END,
       CASE WHEN a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL THEN 't' ELSE 'f' END,
       (SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = coalesce(bt.oid, t.oid) ORDER BY e.enumsortorder LIMIT 1),
       (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k WHERE k.contype = 'c'
           AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = t.oid AND t.typtype = 'd')),
       pg_get_expr(c.relpartbound, c.oid),
       (SELECT array_position(p.partattrs::int2[], pa.attnum)
          FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
               JOIN pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname
         WHERE i.inhrelid = c.oid),
       CASE WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))
            THEN 't' ELSE 'f' END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       LEFT JOIN pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_type bt ON bt.oid = t.typbasetype AND t.typtype = 'd'
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY c.oid, a.attnum)";
}

Result<std::vector<SampleTable>> read_samples(const std::vector<Row>& columns) {
  std::vector<SampleTable> tables;
  for (const auto& row : columns) {
    if (row.size() != kColumns || !row[0] || !row[1]) return not_as_asked();
    if (tables.empty() || tables.back().schema != *row[0] || tables.back().name != *row[1]) {
      tables.push_back({*row[0], *row[1], {}});
    }
    if (!row[2]) continue;  // a table without columns
    if (!row[3] || !row[4] || row[4]->size() != 1 || !row[5] || !row[6]) return not_as_asked();
    SampleColumn column;
    column.name = *row[2];
    column.type = *row[3];
    column.category = row[4]->front();
    column.is_null = *row[5] == "t";
    column.has_default = *row[6] == "t";
    column.label = row[7].value_or("");
    column.is_foreign_key = row[11] == "t";
    column.is_checked = row[8].has_value();
    column.literals = literals_in(row[8].value_or(""));
    if (row[9] && row[10] && !row[10]->empty())
      column.bound = bound_at(*row[9], static_cast<std::size_t>(row[10]->front() - '0'));
    tables.back().columns.push_back(std::move(column));
  }
  return tables;
}

std::optional<std::string> insert_of(const SampleTable& table, std::size_t attempt) {
  if (attempt >= attempts_of(table)) return std::nullopt;
  const std::string into = "INSERT INTO " + identifier(table.schema) + "." + identifier(table.name);
  if (table.columns.empty()) return into + " DEFAULT VALUES";
  std::string names, values;
  for (const auto& column : table.columns) {
    names += (names.empty() ? "" : ", ") + identifier(column.name);
    values += (values.empty() ? "" : ", ") + value_of(column, attempt);
  }
  return into + " (" + names + ") OVERRIDING SYSTEM VALUE VALUES (" + values + ")";
}

}  // namespace portcullis::shadow
