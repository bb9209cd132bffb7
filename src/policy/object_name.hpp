// Names of objects: as a policy writes them, and as refusals print them.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// `schema.table` as PostgreSQL reads it (manual, "Identifiers and Key Words"): folded to lower case unless in
// double quotes. The name, or what is wrong with it: exactly one dot, no blanks, at most 63 bytes a part, no
// temporary schema.
[[nodiscard]] std::variant<sql::Name, std::string> parse_object_name(std::string_view text);

// With double quotes where PostgreSQL would need them, so that no name can pass for a piece of the sentence
// around it.
[[nodiscard]] std::string quoted(const sql::Name& name);

// The schemas that no rule can name: what they hold is made by sessions or belongs to other objects.
[[nodiscard]] bool is_unnameable_schema(std::string_view schema) noexcept;
// pg_catalog and information_schema.
[[nodiscard]] bool is_catalog_schema(std::string_view schema) noexcept;

}  // namespace portcullis::policy
