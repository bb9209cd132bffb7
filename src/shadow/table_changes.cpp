#include "shadow/table_changes.hpp"

#include <algorithm>
#include <tuple>

#include "shadow/quote.hpp"

namespace portcullis::shadow {

namespace {

using Kind = Change::Kind;

template <class One>
const One* same_of(const std::vector<One>& all, const One& one) {
  const auto find = [&](std::string One::*member) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& other) { return other.*member == one.*member; });
    return found == all.end() ? nullptr : &*found;
  };
  const One* same = find(&One::oid);
  return same != nullptr ? same : find(&One::name);
}

void compare_columns(const Shape& before, const Shape& after, std::vector<Change>& list) {
  for (const auto& column : after.columns) {
    const Column* same = before.column(column.number);
    if (same != nullptr && *same == column) continue;
    list.push_back(
        {same == nullptr ? Kind::column_added : Kind::column_changed, column.name, definition_of(column)});
  }
  for (const auto& column : before.columns) {
    if (after.column(column.number) == nullptr)
      list.push_back({Kind::column_dropped, column.name, definition_of(column)});
  }
}

void compare_constraints(const Shape& before, const Shape& after, std::vector<Change>& list) {
  for (const auto& constraint : after.constraints) {
    const Constraint* same = same_in(before, constraint);
    if (same == nullptr) {
      list.push_back({Kind::constraint_added, constraint.name, constraint.definition});
    } else if (constraint.is_valid && !same->is_valid) {
      list.push_back({Kind::constraint_validated, constraint.name, constraint.definition});
    }
  }
  for (const auto& constraint : before.constraints) {
    if (same_in(after, constraint) == nullptr)
      list.push_back({Kind::constraint_dropped, constraint.name, constraint.definition});
  }
}

void compare_indexes(const Shape& before, const Shape& after, std::vector<Change>& list) {
  for (const auto& index : after.indexes) {
    if (!index.is_of_constraint && same_in(before, index) == nullptr)
      list.push_back({Kind::index_added, index.name, index.definition});
  }
  for (const auto& index : before.indexes) {
    if (!index.is_of_constraint && same_in(after, index) == nullptr)
      list.push_back({Kind::index_dropped, index.name, index.definition});
  }
}

}  // namespace

std::string_view name(Change::Kind kind) noexcept {
  switch (kind) {
    case Kind::column_added: return "column added";
    case Kind::column_dropped: return "column dropped";
    case Kind::column_changed: return "column changed";
    case Kind::constraint_added: return "constraint added";
    case Kind::constraint_dropped: return "constraint dropped";
    case Kind::constraint_validated: return "constraint validated";
    case Kind::index_added: return "index added";
    case Kind::index_dropped: return "index dropped";
  }
  return "changed";
}

std::vector<TableChanges> changes_between(const Shapes& before, const Shapes& after) {
  std::vector<TableChanges> changes;
  for (const auto& [oid, now] : after) {
    const auto then = before.find(oid);
    if (then == before.end() || then->second == now) continue;
    TableChanges& table = changes.emplace_back();
    table.before = then->second;
    table.after = now;
    compare_columns(table.before, now, table.list);
    compare_constraints(table.before, now, table.list);
    compare_indexes(table.before, now, table.list);
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) {
    return std::tie(a.before.schema, a.before.name) < std::tie(b.before.schema, b.before.name);
  });
  return changes;
}

const Constraint* same_in(const Shape& shape, const Constraint& constraint) {
  return same_of(shape.constraints, constraint);
}

const Index* same_in(const Shape& shape, const Index& index) {
  return same_of(shape.indexes, index);
}

std::string table_of(const Shape& shape) {
  return identifier(shape.schema) + "." + identifier(shape.name);
}

std::string definition_of(const Column& column) {
  std::string sql = identifier(column.name) + " " + column.type;
  if (column.is_identity) sql += " GENERATED AS IDENTITY";
  if (column.is_generated) {
    sql += " GENERATED ALWAYS AS (" + column.value + ") " + (column.is_virtual ? "VIRTUAL" : "STORED");
  } else if (!column.value.empty()) {
    sql += " DEFAULT " + column.value;
  }
  if (column.is_not_null) sql += " NOT NULL";
  return sql;
}

}  // namespace portcullis::shadow
