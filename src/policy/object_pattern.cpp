#include "policy/object_pattern.hpp"

#include <algorithm>
#include <optional>

#include "policy/object_name.hpp"

namespace portcullis::policy {
namespace {

// A star without a schema in front must not open or close what every PostgreSQL has.
bool star_takes(std::string_view schema) noexcept {
  return !schema.empty() && !is_catalog_schema(schema) && !is_unnameable_schema(schema);
}

std::string no_pattern(std::string_view text) {
  return "\"" + std::string(text) + "\" is no pattern: write schema.*, *.* or the name of an object";
}

// "(a, b)" and nothing behind it.
std::variant<std::vector<std::string>, std::string> scan_columns(NameScanner& scanner,
                                                                 std::string_view text) {
  std::vector<std::string> columns;
  (void)scanner.skip('(');
  do {
    scanner.skip_blanks();
    auto column = scanner.identifier();
    if (!column)
      return "\"" + std::string(text) + "\" has no list of columns behind it: write schema.table(a, b)";
    if (auto wrong = wrong_part(*column); !wrong.empty()) return wrong;
    columns.push_back(std::move(*column));
    scanner.skip_blanks();
  } while (scanner.skip(','));
  if (!scanner.skip(')') || !scanner.rest().empty()) return no_object_name(text);
  std::sort(columns.begin(), columns.end());
  if (const auto twice = std::adjacent_find(columns.begin(), columns.end()); twice != columns.end()) {
    return "\"" + std::string(text) + "\" names column \"" + *twice + "\" twice: take one out";
  }
  return columns;
}

// "schema.*" and "*.*": the only forms with a star.
std::optional<std::variant<ObjectPattern, std::string>> parse_starred(std::string_view text) {
  if (text == "*.*") return ObjectPattern{};
  if (text.starts_with('*')) return no_pattern(text);
  NameScanner scanner(text);
  auto schema = scanner.identifier();
  if (!schema || !scanner.skip('.') || !scanner.rest().starts_with('*')) return std::nullopt;
  if (scanner.rest() != "*") return no_pattern(text);
  for (auto wrong : {wrong_part(*schema), wrong_schema(*schema)}) {
    if (!wrong.empty()) return wrong;
  }
  return ObjectPattern{.schema = std::move(*schema), .name = {}};
}

}  // namespace

bool ObjectPattern::matches(const sql::Name& object) const noexcept {
  if (object.schema.empty() || object.name.empty()) return false;
  if (schema.empty()) return star_takes(object.schema);
  return schema == object.schema && (name.empty() || name == object.name);
}

bool ObjectPattern::reaches_into(std::string_view schema_name) const noexcept {
  return schema.empty() ? star_takes(schema_name) : schema == schema_name;
}

bool ObjectPattern::includes(const ObjectPattern& inner) const {
  const bool inner_columns =
      whole() || (!inner.whole() &&
                  std::includes(columns.begin(), columns.end(), inner.columns.begin(), inner.columns.end()));
  if (!inner_columns) return false;
  if (schema.empty()) return inner.schema.empty() || star_takes(inner.schema);
  return schema == inner.schema && (name.empty() || name == inner.name);
}

std::variant<ObjectPattern, std::string> parse_object_pattern(std::string_view text) {
  if (auto starred = parse_starred(text)) return *std::move(starred);
  NameScanner scanner(text);
  auto object = scan_object_name(scanner, text);
  if (auto* wrong = std::get_if<std::string>(&object)) return std::move(*wrong);
  auto& found = std::get<sql::Name>(object);
  ObjectPattern pattern{.schema = std::move(found.schema), .name = std::move(found.name)};
  if (scanner.rest().empty()) return pattern;
  if (!scanner.rest().starts_with('(')) return no_object_name(text);
  auto columns = scan_columns(scanner, text);
  if (auto* wrong = std::get_if<std::string>(&columns)) return std::move(*wrong);
  pattern.columns = std::get<std::vector<std::string>>(std::move(columns));
  return pattern;
}

std::string to_text(const ObjectPattern& pattern) {
  std::string text = pattern.schema.empty() ? "*" : quoted_identifier(pattern.schema);
  text += "." + (pattern.name.empty() ? "*" : quoted_identifier(pattern.name));
  std::string columns;
  for (const auto& column : pattern.columns)
    columns += (columns.empty() ? "" : ", ") + quoted_identifier(column);
  return columns.empty() ? text : text + "(" + columns + ")";
}

}  // namespace portcullis::policy
