#include "policy/object_name.hpp"

#include <optional>
#include <vector>

namespace portcullis::policy {

std::string no_object_name(std::string_view text) {
  return "\"" + std::string(text) +
         "\" is no name of an object: write schema.table, with double quotes around a part " +
         "that has capitals or blanks";
}

std::string wrong_part(std::string_view part) {
  if (part.size() <= kLongestIdentifier) return {};
  return "\"" + std::string(part) +
         "\" is longer than the 63 bytes of a name in PostgreSQL: write the name as it is stored";
}

std::string wrong_schema(std::string_view schema) {
  if (!is_unnameable_schema(schema)) return {};
  return "no rule can name an object of \"" + std::string(schema) +
         "\": the gate refuses statements that name that schema";
}

std::variant<sql::Name, std::string> scan_object_name(NameScanner& scanner, std::string_view text) {
  std::vector<std::string> parts;
  do {
    auto part = scanner.identifier();
    if (!part) return no_object_name(text);
    if (auto wrong = wrong_part(*part); !wrong.empty()) return wrong;
    parts.push_back(std::move(*part));
  } while (scanner.skip('.'));
  if (parts.size() == 1 && !scanner.rest().empty() && !scanner.rest().starts_with('('))
    return no_object_name(text);
  if (parts.size() == 1) {
    return "\"" + std::string(text) + "\" has no schema: write schema." + std::string(text) +
           ", for a rule must not depend on a search_path";
  }
  if (parts.size() > 2) return "\"" + std::string(text) + "\" has more than two parts: write schema.table";
  if (auto wrong = wrong_schema(parts[0]); !wrong.empty()) return wrong;
  return sql::Name{{}, std::move(parts[0]), std::move(parts[1])};
}

std::variant<sql::Name, std::string> parse_object_name(std::string_view text) {
  NameScanner scanner(text);
  auto name = scan_object_name(scanner, text);
  if (std::holds_alternative<sql::Name>(name) && !scanner.rest().empty()) return no_object_name(text);
  return name;
}

std::string quoted(const sql::Name& name) {
  std::string text;
  if (!name.database.empty()) text += quoted_identifier(name.database) + ".";
  if (!name.schema.empty()) text += quoted_identifier(name.schema) + ".";
  return text + quoted_identifier(name.name);
}

bool is_unnameable_schema(std::string_view schema) noexcept {
  return schema.starts_with("pg_temp") || schema.starts_with("pg_toast");
}

bool is_catalog_schema(std::string_view schema) noexcept {
  return schema == "pg_catalog" || schema == "information_schema";
}

}  // namespace portcullis::policy
