// What a statement has made of a table: its shape before and behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shadow/shape.hpp"

namespace portcullis::shadow {

struct Change {
  enum class Kind : std::uint8_t {
    column_added,
    column_dropped,
    column_changed,
    constraint_added,
    constraint_dropped,
    constraint_validated,
    index_added,
    index_dropped,
  };
  Kind kind = Kind::column_added;
  std::string name;
  std::string definition;  // SQL: of what is new, and of what is gone
  friend bool operator==(const Change&, const Change&) = default;
};
// "column added".
[[nodiscard]] std::string_view name(Change::Kind kind) noexcept;

struct TableChanges {
  Shape before, after;
  std::vector<Change> list;  // columns, then constraints, then indexes; those of constraints are not told
};

// Of the tables in both; those that are as they were are left out.
[[nodiscard]] std::vector<TableChanges> changes_between(const Shapes& before, const Shapes& after);

// The same one before; null: it is new. What was made anew keeps its name and not its number.
[[nodiscard]] const Constraint* same_in(const Shape& shape, const Constraint& constraint);
[[nodiscard]] const Index* same_in(const Shape& shape, const Index& index);

// "app.orders", names quoted.
[[nodiscard]] std::string table_of(const Shape& shape);
// As CREATE TABLE writes it: "note" text DEFAULT 'x' NOT NULL.
[[nodiscard]] std::string definition_of(const Column& column);

}  // namespace portcullis::shadow
