#include "shadow/row_source.hpp"

#include <algorithm>
#include <optional>

#include "shadow/quote.hpp"

namespace portcullis::shadow {

namespace {

constexpr Oid kFirstOfUsers = 16384;

struct Value {
  std::string sql;
  std::string why_not;
};

Value cast(const std::string& value, const Column& column) {
  return {"CAST(" + value + " AS " + column.type + ")", {}};
}

std::string has(const Column& column, const std::string& what) {
  return "column " + identifier(column.name) + " " + what;
}

bool is_renamed(const TableChanges& table) {
  return std::any_of(table.before.columns.begin(), table.before.columns.end(), [&](const auto& column) {
    const Column* now = table.after.column(column.number);
    return now == nullptr || now->name != column.name;
  });
}

// An expression that is written over the table's columns, or over none.
Value value_of_expression(const TableChanges& table, const Column& column) {
  if (column.value_code == Code::foreign) return {{}, has(column, "gets its value from code of a user's")};
  if (column.value_code == Code::changes) return {{}, has(column, "gets another value in each row")};
  // Another column could have the name by now.
  if (column.is_generated && is_renamed(table)) return {{}, has(column, "is generated from renamed columns")};
  return cast("(" + column.value + ")", column);
}

Value value_of(const TableChanges& table, const Column& column, bool has_using) {
  const Column* before = table.before.column(column.number);
  if (before != nullptr && !is_changed(table, column.number)) return {"t." + identifier(before->name), {}};
  if (column.type_oid >= kFirstOfUsers) return {{}, has(column, "is of a user's type")};
  if (column.is_identity) return {{}, has(column, "gets another value in each row")};
  if (column.is_generated) return value_of_expression(table, column);
  if (before == nullptr)
    return column.value.empty() ? cast("NULL", column) : value_of_expression(table, column);
  if (has_using) return {{}, has(column, "is changed by USING, which the catalog does not keep")};
  if (before->type_oid >= kFirstOfUsers) return {{}, has(column, "was of a user's type")};
  return cast("t." + identifier(before->name), column);
}

}  // namespace

bool is_changed(const TableChanges& table, int number) {
  const Column* now = table.after.column(number);
  const Column* before = table.before.column(number);
  if (now == nullptr || before == nullptr) return true;
  return now->type_oid != before->type_oid || now->modifier != before->modifier ||
         now->collation != before->collation || now->is_generated != before->is_generated ||
         (now->is_generated && now->value != before->value);
}

RowSource rows_after(const TableChanges& table, const std::vector<int>& columns, bool has_using) {
  const std::string from = "ONLY " + table_of(table.before);
  bool is_as_it_was = true, is_all_new = !columns.empty();
  std::string list;
  for (const int number : columns) {
    const Column* column = table.after.column(number);
    if (column == nullptr) return {{}, "a column is not there any more"};
    const Column* before = table.before.column(number);
    auto value = value_of(table, *column, has_using);
    if (!value.why_not.empty()) return {{}, std::move(value.why_not)};
    if (before != nullptr || column->is_generated) is_all_new = false;
    if (before == nullptr || is_changed(table, number) || before->name != column->name) is_as_it_was = false;
    list += (list.empty() ? "" : ", ") + value.sql + " AS " + identifier(column->name);
  }
  if (is_as_it_was) return {from + " AS c", {}};
  // Of new columns alone every row has the same: two rows show whatever there is to see.
  return {"(SELECT " + list + " FROM " + from + " AS t" + (is_all_new ? " LIMIT 2" : "") + ") AS c", {}};
}

}  // namespace portcullis::shadow
