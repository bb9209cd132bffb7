#include "base/encoding.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace portcullis::base {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Each character's value, of those that are none kNone.
using Values = std::array<std::uint8_t, 256>;
constexpr std::uint8_t kNone = 0xff;

constexpr Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr Values kBase64Values = values_of(kBase64), kBase64UrlValues = values_of(kBase64Url);

// Two characters for every twelve bits.
using Pairs = std::array<std::array<char, 2>, 4096>;

constexpr Pairs pairs_of(std::string_view alphabet) {
  Pairs pairs{};
  for (std::size_t bits = 0; bits < pairs.size(); ++bits)
    pairs[bits] = {alphabet[bits >> 6], alphabet[bits & 63u]};
  return pairs;
}
constexpr Pairs kBase64Pairs = pairs_of(kBase64), kBase64UrlPairs = pairs_of(kBase64Url);

// Without padding.
void append(std::string& out, std::string_view bytes, std::string_view alphabet, const Pairs& pairs) {
  const std::size_t begin = out.size();
  out.resize(begin + (bytes.size() * 4 + 2) / 3);
  char* to = out.data() + begin;
  const auto put = [&](std::uint32_t bits, int characters) {
    for (int i = 0; i < characters; ++i) *to++ = alphabet[(bits >> (18 - 6 * i)) & 63u];
  };
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
  };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, to += 4) {
    const std::uint32_t bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    std::memcpy(to, pairs[bits >> 12].data(), 2);
    std::memcpy(to + 2, pairs[bits & 0xfffu].data(), 2);
  }
  if (i < bytes.size()) put(byte(i) << 16 | byte(i + 1) << 8, static_cast<int>(bytes.size() - i) + 1);
}

// Whether this is what append() makes of some bytes: their characters, and no bit set behind the last byte.
bool is_encoded(std::string_view text, const Values& values) noexcept {
  if (text.size() % 4 == 1) return false;
  std::uint8_t all = 0;
  for (const char c : text) all |= values[static_cast<unsigned char>(c)];
  if (all == kNone) return false;
  const unsigned unused = text.size() % 4 == 2 ? 15u : text.size() % 4 == 3 ? 3u : 0u;
  return text.empty() || (values[static_cast<unsigned char>(text.back())] & unused) == 0;
}

// Nothing where there is not just as much as is due.
std::optional<std::string_view> without_padding(std::string_view text) noexcept {
  std::string_view digits = text;
  while (!digits.empty() && digits.back() == '=') digits.remove_suffix(1);
  if (text.size() - digits.size() != (4 - digits.size() % 4) % 4) return std::nullopt;
  return digits;
}

std::optional<std::string> decode(std::string_view text, const Values& values) {
  if (!is_encoded(text, values)) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    bits = (bits << 6) | values[static_cast<unsigned char>(c)];
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> held) & 0xffu);
    }
  }
  return out;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string out;
  append(out, bytes, kBase64, kBase64Pairs);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::string to_base64url(std::string_view bytes) {
  std::string out;
  append(out, bytes, kBase64Url, kBase64UrlPairs);
  return out;
}

void append_base64url(std::string& out, std::string_view bytes) {
  append(out, bytes, kBase64Url, kBase64UrlPairs);
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15u];
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  const auto digits = without_padding(text);
  if (!digits) return std::nullopt;
  return decode(*digits, kBase64Values);
}

std::optional<std::string> from_base64url(std::string_view text) {
  return decode(text, kBase64UrlValues);
}

bool is_base64(std::string_view text) noexcept {
  const auto digits = without_padding(text);
  return digits && is_encoded(*digits, kBase64Values);
}

bool is_base64url(std::string_view text) noexcept {
  return is_encoded(text, kBase64UrlValues);
}

}  // namespace portcullis::base
