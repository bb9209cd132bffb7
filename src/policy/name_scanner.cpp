#include "policy/name_scanner.hpp"

namespace portcullis::policy {
namespace {

bool starts_identifier(unsigned char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}
bool continues_identifier(unsigned char c) noexcept {
  return starts_identifier(c) || (c >= '0' && c <= '9') || c == '$';
}

}  // namespace

std::optional<std::string> NameScanner::identifier() {
  return rest_.starts_with('"') ? delimited() : plain();
}

bool NameScanner::skip(char character) {
  if (!rest_.starts_with(character)) return false;
  rest_.remove_prefix(1);
  return true;
}

void NameScanner::skip_blanks() {
  while (skip(' ')) {
  }
}

std::optional<std::string> NameScanner::plain() {
  std::size_t length = 0;
  while (length < rest_.size() && continues_identifier(static_cast<unsigned char>(rest_[length]))) ++length;
  if (length == 0 || !starts_identifier(static_cast<unsigned char>(rest_.front()))) return std::nullopt;
  std::string name(rest_.substr(0, length));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  rest_.remove_prefix(length);
  return name;
}

std::optional<std::string> NameScanner::delimited() {
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

std::string quoted_identifier(std::string_view name) {
  bool plain = !name.empty() && starts_identifier(static_cast<unsigned char>(name.front()));
  std::string doubled;
  for (const char c : name) {
    plain = plain && continues_identifier(static_cast<unsigned char>(c)) && !(c >= 'A' && c <= 'Z');
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    doubled += control ? '?' : c;
    if (c == '"') doubled += '"';
  }
  return plain ? std::string(name) : "\"" + doubled + "\"";
}

}  // namespace portcullis::policy
