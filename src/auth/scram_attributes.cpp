// See scram_attributes.hpp.
#include "auth/scram_attributes.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace portcullis::auth {
namespace {

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

AttributeReader::AttributeReader(std::string_view message) noexcept
    : rest_(message.find('\0') == std::string_view::npos ? message : std::string_view{}) {}

std::optional<Attribute> AttributeReader::next() noexcept {
  if (!rest_ || rest_->size() < 2 || !is_letter((*rest_)[0]) || (*rest_)[1] != '=') {
    if (rest_) rest_ = std::string_view{};
    return std::nullopt;
  }
  const auto comma = rest_->find(',');
  const Attribute found{.name = (*rest_)[0], .value = rest_->substr(0, comma).substr(2)};
  if (comma == std::string_view::npos) {
    rest_.reset();
  } else {
    rest_->remove_prefix(comma + 1);
  }
  return found;
}

std::optional<std::string_view> AttributeReader::take(char name) noexcept {
  const auto found = next();
  if (found && found->name == name) return found->value;
  rest_ = std::string_view{};
  return std::nullopt;
}

bool is_nonce(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

std::optional<std::uint32_t> read_positive(std::string_view text, std::uint32_t most) noexcept {
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  if (text.empty() || text.front() == '0') return std::nullopt;
  const auto [stopped, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || stopped != end || value == 0 || value > most) return std::nullopt;
  return value;
}

base::Error malformed_scram(std::string_view message) {
  return {
      .code = base::sqlstate::protocol_violation,
      .message = "malformed SCRAM message \"" + std::string(message) + "\", check the program that sent it"};
}

}  // namespace portcullis::auth
