#include "policy/object_name.hpp"

#include <optional>
#include <vector>

namespace portcullis::policy {
namespace {

constexpr std::size_t kLongestIdentifier = 63;  // NAMEDATALEN - 1

bool starts_identifier(unsigned char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}
bool continues_identifier(unsigned char c) noexcept {
  return starts_identifier(c) || (c >= '0' && c <= '9') || c == '$';
}

class NameScanner {
 public:
  explicit NameScanner(std::string_view text) : rest_(text) {}

  // One identifier, or nothing where none stands.
  std::optional<std::string> identifier() { return rest_.starts_with('"') ? delimited() : plain(); }
  bool dot() {
    if (!rest_.starts_with('.')) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::optional<std::string> plain() {
    std::size_t length = 0;
    while (length < rest_.size() && continues_identifier(static_cast<unsigned char>(rest_[length]))) ++length;
    if (length == 0 || !starts_identifier(static_cast<unsigned char>(rest_.front()))) return std::nullopt;
    std::string name(rest_.substr(0, length));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    rest_.remove_prefix(length);
    return name;
  }

  std::optional<std::string> delimited() {
    std::string name;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\0') return std::nullopt;
      if (rest_[i] != '"' || rest_.substr(i + 1).starts_with('"')) {
        i += rest_[i] == '"' ? 1 : 0;  // two of them stand for one
        name += rest_[i];
        continue;
      }
      rest_.remove_prefix(i + 1);
      return name.empty() ? std::nullopt : std::optional(name);
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

std::string not_yet(std::string_view text, std::string_view what) {
  return "this version does not enforce " + std::string(what) + " such as \"" + std::string(text) +
         "\" yet: remove it and name each object as schema.table";
}

std::string no_name(std::string_view text) {
  return "\"" + std::string(text) +
         "\" is no name of an object: write schema.table, with double quotes around a part " +
         "that has capitals or blanks";
}

std::string quoted_part(std::string_view part) {
  bool plain = !part.empty() && starts_identifier(static_cast<unsigned char>(part.front()));
  std::string doubled;
  for (const char c : part) {
    plain = plain && continues_identifier(static_cast<unsigned char>(c)) && !(c >= 'A' && c <= 'Z');
    // A refusal is one line of text, whatever a name holds.
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    doubled += control ? '?' : c;
    if (c == '"') doubled += '"';
  }
  return plain ? std::string(part) : "\"" + doubled + "\"";
}

}  // namespace

std::variant<sql::Name, std::string> parse_object_name(std::string_view text) {
  NameScanner scanner(text);
  std::vector<std::string> parts;
  do {
    if (scanner.rest().starts_with('*')) return not_yet(text, "patterns");
    auto part = scanner.identifier();
    if (!part) return no_name(text);
    if (part->size() > kLongestIdentifier) {
      return "\"" + *part +
             "\" is longer than the 63 bytes of a name in PostgreSQL: write the name as it is stored";
    }
    parts.push_back(std::move(*part));
  } while (scanner.dot());
  if (scanner.rest().starts_with('(')) return not_yet(text, "lists of columns or arguments");
  if (!scanner.rest().empty()) return no_name(text);
  if (parts.size() == 1) {
    return "\"" + std::string(text) + "\" has no schema: write schema." + std::string(text) +
           ", for a rule must not depend on a search_path";
  }
  if (parts.size() > 2) return "\"" + std::string(text) + "\" has more than two parts: write schema.table";
  if (is_unnameable_schema(parts[0])) {
    return "no rule can name an object of \"" + parts[0] +
           "\": the gate refuses statements that name that schema";
  }
  return sql::Name{{}, std::move(parts[0]), std::move(parts[1])};
}

std::string quoted(const sql::Name& name) {
  std::string text;
  if (!name.database.empty()) text += quoted_part(name.database) + ".";
  if (!name.schema.empty()) text += quoted_part(name.schema) + ".";
  return text + quoted_part(name.name);
}

bool is_unnameable_schema(std::string_view schema) noexcept {
  return schema.starts_with("pg_temp") || schema.starts_with("pg_toast");
}

bool is_catalog_schema(std::string_view schema) noexcept {
  return schema == "pg_catalog" || schema == "information_schema";
}

}  // namespace portcullis::policy
