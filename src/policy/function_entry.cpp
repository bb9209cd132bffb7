#include "policy/function_entry.hpp"

#include "policy/object_name.hpp"

namespace portcullis::policy {
namespace {

constexpr std::string_view kExtension = "extension ";

// As pg_get_function_identity_arguments prints them: lower case but for quoted names, one blank between
// words, none before a comma and one behind it.
std::string normal_arguments(std::string_view written) {
  std::string text;
  bool quoted_part = false;
  for (const char c : written) {
    if (c == '"') quoted_part = !quoted_part;
    const bool blank = !quoted_part && (c == ' ' || c == '\t');
    if (blank && (text.empty() || text.back() == ' ')) continue;
    if (!quoted_part && c == ',' && text.ends_with(' ')) text.pop_back();
    text += quoted_part || c < 'A' || c > 'Z' ? (blank ? ' ' : c) : static_cast<char>(c + 32);
    if (!quoted_part && c == ',') text += ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::variant<FunctionEntry, std::string> parse_extension(std::string_view text) {
  NameScanner scanner(text.substr(kExtension.size()));
  scanner.skip_blanks();
  FunctionEntry entry;
  // Names of extensions may have hyphens, as uuid-ossp has; nothing else can stand in their place.
  entry.extension = scanner.rest();
  if (auto name = scanner.identifier(); name && scanner.rest().empty()) entry.extension = std::move(*name);
  const bool plain = entry.extension.find_first_of(" \"(),.*") == std::string::npos;
  if (entry.extension.empty() || !plain) {
    return "\"" + std::string(text) +
           "\" names no extension: write \"extension\" and its name, as in \"extension vector\"";
  }
  return entry;
}

}  // namespace

bool FunctionEntry::surely_names(const catalog::ResolvedEffect& effect, bool has_catalog) const {
  if (!extension.empty()) return has_catalog && extension == effect.extension;
  const auto& object = effect.effect.object;
  if (object.schema != name.schema || object.name != name.name) return false;
  return !arguments || (has_catalog && effect.oid != catalog::kNoOid && *arguments == effect.arguments);
}

bool FunctionEntry::may_name(const catalog::ResolvedEffect& effect, bool has_catalog) const {
  if (!extension.empty()) return extension == effect.extension;
  const auto& object = effect.effect.object;
  if (object.schema != name.schema || object.name != name.name) return false;
  return !arguments || !has_catalog || effect.oid == catalog::kNoOid || *arguments == effect.arguments;
}

bool FunctionEntry::names(std::string_view schema, const catalog::Function& function) const {
  if (!extension.empty()) return extension == function.extension;
  return schema == name.schema && function.name == name.name &&
         (!arguments || *arguments == function.arguments);
}

std::variant<FunctionEntry, std::string> parse_function_entry(std::string_view text) {
  if (text.starts_with(kExtension)) return parse_extension(text);
  NameScanner scanner(text);
  auto name = scan_object_name(scanner, text);
  if (auto* wrong = std::get_if<std::string>(&name)) return std::move(*wrong);
  FunctionEntry entry;
  entry.name = std::get<sql::Name>(std::move(name));
  const std::string_view rest = scanner.rest();
  if (rest.empty()) return entry;
  if (!rest.starts_with('(') || !rest.ends_with(')')) {
    return "\"" + std::string(text) +
           "\" is no function: write schema.name, schema.name(type, ...) or \"extension\" and its name";
  }
  entry.arguments = normal_arguments(rest.substr(1, rest.size() - 2));
  return entry;
}

std::string to_text(const FunctionEntry& entry) {
  if (!entry.extension.empty()) return std::string(kExtension) + entry.extension;
  return entry.arguments ? signature(entry.name, *entry.arguments) : quoted(entry.name);
}

std::string signature(const sql::Name& name, std::string_view arguments) {
  return quoted(name) + "(" + std::string(arguments) + ")";
}

}  // namespace portcullis::policy
