// Names of objects: as a policy writes them, and as refusals print them.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "policy/name_scanner.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// `schema.name` as PostgreSQL reads it, from the scanner's place on; what follows stays there. The name, or
// what is wrong with it: one dot, no blanks, at most 63 bytes a part, no temporary schema. `text` is all that
// was written.
[[nodiscard]] std::variant<sql::Name, std::string> scan_object_name(NameScanner& scanner,
                                                                    std::string_view text);
// As above, with nothing behind it.
[[nodiscard]] std::variant<sql::Name, std::string> parse_object_name(std::string_view text);

// With double quotes where PostgreSQL would need them, so that no name can pass for a piece of the sentence
// around it.
[[nodiscard]] std::string quoted(const sql::Name& name);

// What is wrong with a text that is no name, and how names are written.
[[nodiscard]] std::string no_object_name(std::string_view text);
// Empty where a name of that schema and that length may stand in a policy, else what is wrong.
[[nodiscard]] std::string wrong_part(std::string_view part);
[[nodiscard]] std::string wrong_schema(std::string_view schema);

// The schemas that no rule can name: what they hold is made by sessions or belongs to other objects.
[[nodiscard]] bool is_unnameable_schema(std::string_view schema) noexcept;
// pg_catalog and information_schema.
[[nodiscard]] bool is_catalog_schema(std::string_view schema) noexcept;

}  // namespace portcullis::policy
