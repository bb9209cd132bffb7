#include "shadow/target_tables.hpp"

#include <algorithm>
#include <cctype>

#include "shadow/quote.hpp"

namespace portcullis::shadow {

using base::Error;
using base::Result;

Error not_known(std::string why) {
  return {base::sqlstate::feature_not_supported, std::move(why)};
}

Error not_as_asked() {
  return {base::sqlstate::protocol_violation,
          "the database answered the question for rows with other columns"};
}

std::string in_words(const TableName& table) {
  return table.first + "." + table.second;
}

namespace {

// "(0,1)", as the type tid is written.
bool is_tid(const std::string& text) {
  const auto comma = text.find(',');
  if (text.size() < 5 || text.front() != '(' || text.back() != ')' || comma == std::string::npos)
    return false;
  return std::all_of(text.begin() + 1, text.end() - 1,
                     [](unsigned char c) { return std::isdigit(c) || c == ','; });
}

}  // namespace

std::optional<Ids> read_ids(const std::vector<Row>& rows) {
  Ids ids;
  for (const auto& row : rows) {
    Oid table = 0;
    if (row.size() != 2 || !read_number(row, 0, table) || !row[1] || !is_tid(*row[1])) return std::nullopt;
    ids.emplace(table, *row[1]);
  }
  return ids;
}

std::string is_among(const Ids& ids, const std::string& row) {
  std::string sql;
  for (auto at = ids.begin(); at != ids.end();) {
    const Oid table = at->first;
    std::string list;
    for (; at != ids.end() && at->first == table; ++at)
      list += (list.empty() ? "\"" : ",\"") + at->second + "\"";
    sql += (sql.empty() ? "(" : " OR ") + row + ".tableoid = " + std::to_string(table) + " AND " + row +
           ".ctid = ANY ('{" + list + "}'::tid[])";
  }
  return sql.empty() ? "false" : sql + ")";
}

std::string Table::as_source() const {
  return (kind == 'p' ? "" : "ONLY ") + qualified(name.first, name.second);
}

std::string table_query(const std::string& which) {
  return "SELECT c.oid, n.nspname, c.relname, c.relkind, row_security_active(c.oid), a.attname, "
         "a.attgenerated <> '', c.relkind = 'p' AND current_setting('server_version_num')::int < 150000 "
         "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a "
         "ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
         "WHERE c.relkind IN ('r', 'p') AND " +
         which + " ORDER BY a.attnum";
}

Result<Table> read_table(const std::vector<Row>& rows) {
  Table table;
  for (const auto& row : rows) {
    bool hides = false, is_generated = false;
    if (row.size() != 8 || !read_number(row, 0, table.oid) || !row[1] || !row[2] || !row[3] ||
        row[3]->size() != 1 || !read_truth(row, 4, hides) || !read_truth(row, 7, table.deletes_what_moves))
      return not_as_asked();
    table.name = {*row[1], *row[2]};
    table.kind = row[3]->front();
    if (hides) return not_known("row security may hide rows of " + in_words(table.name) + " from the role");
    if (!row[5]) continue;
    if (!read_truth(row, 6, is_generated)) return not_as_asked();
    if (is_generated) table.generated.insert(*row[5]);
    if (!is_generated) table.columns.push_back(*row[5]);
  }
  if (rows.empty()) return not_known("its table is not there any more");
  if (table.columns.empty()) return not_known(in_words(table.name) + " has no columns");
  return table;
}

}  // namespace portcullis::shadow
