// Every node that the grammar of PostgreSQL 15 can return, with its fields: the list that makes the walk
// total.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace portcullis::sql {

enum class FieldKind : std::uint8_t {
  flag,
  number,
  text,
  word,     // a value of an enumeration, by name
  node,     // {"SelectStmt": {...}}: says its own type
  list,     // of such nodes
  message,  // {...}: the field fixes the type
};

struct Field {
  std::string_view node;
  std::string_view name;
  FieldKind kind;
  std::string_view of;  // the type of a message, the enumeration of a word; else empty
};

// Empty for a node that is not known. A node without fields has one field with an empty name.
[[nodiscard]] std::span<const Field> fields_of(std::string_view node) noexcept;
// Null when the node has no such field.
[[nodiscard]] const Field* find_field(std::string_view node, std::string_view name) noexcept;
// The same, among the fields of one node.
[[nodiscard]] const Field* find_field(std::span<const Field> fields, std::string_view name) noexcept;
[[nodiscard]] bool is_word_of(std::string_view enumeration, std::string_view word) noexcept;
[[nodiscard]] std::span<const Field> all_fields() noexcept;

}  // namespace portcullis::sql
