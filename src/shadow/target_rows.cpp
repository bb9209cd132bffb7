#include "shadow/target_rows.hpp"

#include <algorithm>

#include "shadow/quote.hpp"

namespace portcullis::shadow {

namespace {

std::string as_sql(const TableName& table) {
  return qualified(table.first, table.second);
}

std::string listed(const std::vector<std::string>& columns) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + identifier(column);
  return list;
}

}  // namespace

TargetQuestion targets_unknown(std::uint64_t most, std::string why) {
  TargetQuestion question;
  question.most = most;
  question.why = std::move(why);
  return question;
}

std::string exact_settings() {
  return "SET LOCAL search_path TO pg_catalog; SET LOCAL \"DateStyle\" TO 'ISO, YMD'; "
         "SET LOCAL \"IntervalStyle\" TO 'postgres'; SET LOCAL \"TimeZone\" TO 'UTC'; "
         "SET LOCAL extra_float_digits TO 3; SET LOCAL bytea_output TO 'hex'; SET LOCAL xmloption TO "
         "'content'; "
         "SET LOCAL lc_monetary TO 'C'; SET LOCAL client_encoding TO 'UTF8'; "
         "SET LOCAL standard_conforming_strings TO on; ";
}

std::string keys_query(const TargetReference& reference) {
  std::string conditions;
  for (const auto& column : reference.columns)
    conditions += (conditions.empty() ? " WHERE " : " AND ") + identifier(column) + " IS NOT NULL";
  return "SELECT DISTINCT " + listed(reference.columns) + " FROM " + as_sql(reference.table) + conditions +
         " LIMIT " + std::to_string(kMostKeys + 1);
}

std::string emptying(const TableName& table) {
  return "DELETE FROM " + as_sql(table);
}

std::vector<std::string> loading(const TableRows& rows) {
  constexpr std::size_t kAtOnce = 100;
  std::vector<std::string> sql;
  const auto columns = listed(rows.columns);
  // Of this index alone: one whose constraint is DEFERRABLE cannot be asked.
  const auto unless =
      rows.beside.empty() ? std::string() : " ON CONFLICT (" + listed(rows.beside) + ") DO NOTHING";
  for (std::size_t begin = 0; begin < rows.rows.size(); begin += kAtOnce) {
    std::string values;
    for (std::size_t i = begin; i < std::min(begin + kAtOnce, rows.rows.size()); ++i) {
      std::string one;
      for (const auto& value : rows.rows[i])
        one += (one.empty() ? "" : ", ") + (value ? literal(*value) : "NULL");
      values += (values.empty() ? "(" : ", (") + one + ")";
    }
    sql.push_back("INSERT INTO " + as_sql(rows.table) + " (" + columns + ") OVERRIDING SYSTEM VALUE VALUES " +
                  values + unless);
  }
  return sql;
}

TargetsTold told(const TargetRows& rows) {
  TargetsTold told;
  told.is_loaded = true;
  for (const auto& table : rows.tables) told.tables.emplace_back(table.table, table.rows.size());
  return told;
}

bool has_changed_all(const TargetRows& rows, const RunFacts& facts) {
  std::uint64_t changed = 0;
  for (const auto& relation : facts.relations) {
    const bool is_one = std::find(rows.leaves.begin(), rows.leaves.end(),
                                  TableName(relation.schema, relation.name)) != rows.leaves.end();
    if (is_one) changed += relation.updated + relation.deleted;
  }
  return changed >= rows.targets;
}

void hide_values(RunFacts& facts, bool runs_code, const std::string& keys_unknown) {
  constexpr base::SqlState kForeignKey{"23503"};
  // Names that code has made up may hold values, too.
  if (runs_code) {
    std::erase_if(facts.relations, [](const RelationFacts& relation) { return relation.is_new; });
    facts.changes.clear();
  }
  if (!facts.failure) return;
  auto& failure = *facts.failure;
  const auto by = std::exchange(facts.failed_by, {});
  const bool is_plain = !runs_code && failure.code == base::sqlstate::insufficient_privilege;
  if (!is_plain) {
    failure = {failure.code, "the database's own rows give SQLSTATE " + std::string(failure.code.view())};
    if (!runs_code && !by.constraint.empty())
      failure.message += ", by the constraint " + identifier(by.constraint);
    if (!runs_code && !by.column.empty()) failure.message += ", by the column " + identifier(by.column);
    if (!runs_code && !by.table.empty()) failure.message += " of " + by.schema + "." + by.table;
  }
  if (runs_code) failure.detail = "Code of users has run, and may have read rows that the copy has not.";
  const bool is_by_key = failure.code == kForeignKey && !keys_unknown.empty();
  if (is_by_key) failure.detail = "The rows that its new keys refer to are not known: " + keys_unknown + ".";
  if (runs_code || is_by_key) facts.on_made_up_rows = failure;
}

std::uint64_t rows_changed(const RunFacts& facts) noexcept {
  std::uint64_t changed = 0;
  for (const auto& relation : facts.relations) {
    if (relation.kind == 'r') changed += relation.inserted + relation.updated + relation.deleted;
  }
  return changed;
}

}  // namespace portcullis::shadow
