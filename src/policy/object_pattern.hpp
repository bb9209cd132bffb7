// What "on" names: schema.table, schema.table(column, ...), schema.*, *.*.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

struct ObjectPattern {
  std::string schema;                  // empty: every schema but PostgreSQL's own
  std::string name;                    // empty: every object of the schema
  std::vector<std::string> columns{};  // sorted; empty: the object as a whole
  std::uint32_t line = 0, column = 0;  // where the file has it

  [[nodiscard]] bool exact() const noexcept { return !name.empty(); }
  [[nodiscard]] bool whole() const noexcept { return columns.empty(); }
  // The object's name alone is looked at. What is not in a schema matches nothing.
  [[nodiscard]] bool matches(const sql::Name& object) const noexcept;
  // That schema, or some object in it.
  [[nodiscard]] bool reaches_into(std::string_view schema_name) const noexcept;
  // Whatever `inner` matches, columns included, this one does too.
  [[nodiscard]] bool includes(const ObjectPattern& inner) const;
};

// Parts as PostgreSQL reads identifiers. The pattern, or what is wrong with it.
[[nodiscard]] std::variant<ObjectPattern, std::string> parse_object_pattern(std::string_view text);
[[nodiscard]] std::string to_text(const ObjectPattern& pattern);

}  // namespace portcullis::policy
