#include "audit/canonical.hpp"

#include <charconv>
#include <cstring>

#include "audit/format.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

constexpr std::array<std::string_view, 4> kSlotKeys{"b", "e", "i", "prev"};

// RFC 8785, section 3.2.2.2: the short escapes where JSON has one, \u00xx for other control characters,
// nothing else.
void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\t': out += "\\t"; return;
    case '\n': out += "\\n"; return;
    case '\f': out += "\\f"; return;
    case '\r': out += "\\r"; return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += digits[byte >> 4];
  out += digits[byte & 15u];
}

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// The first byte from `at` on that needs an escape, or the end. Eight at once: most texts have none.
std::size_t find_escape(std::string_view text, std::size_t at) {
  constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  const auto has_below = [](std::uint64_t eight, std::uint64_t bound) {
    return (eight - ones * bound) & ~eight & highs;
  };
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, sizeof(eight));
    if (has_below(eight, 0x20) | has_below(eight ^ (ones * '"'), 1) | has_below(eight ^ (ones * '\\'), 1))
      break;
  }
  while (at < text.size() && !needs_escape(text[at])) ++at;
  return at;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = find_escape(text, 0); i < text.size(); i = find_escape(text, begin)) {
    out.append(text, begin, i - begin);
    append_escaped(out, text[i]);
    begin = i + 1;
  }
  out.append(text, begin);
  out += '"';
}

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  static_cast<void>(error);  // 24 characters hold every std::int64_t
  out.append(digits.data(), end);
}

ObjectWriter::ObjectWriter(std::string& out, Slots* slots) : out_(out), slots_(slots) {
  out_ += '{';
}

void ObjectWriter::place_slots(std::string_view next_key) {
  if (slots_ == nullptr) return;
  while (placed_ < kSlotKeys.size() && (next_key.empty() || kSlotKeys[placed_] < next_key)) {
    slots_->at[placed_++] = out_.size();
  }
}

void ObjectWriter::key(std::string_view key) {
  place_slots(key);
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '"';
  out_.append(key).append("\":");
}

void ObjectWriter::text(std::string_view name, std::string_view bytes) {
  if (base::is_valid_utf8(bytes)) {
    key(name);
    append_string(out_, bytes);
  } else {
    key(std::string(name) + "_base64");
    append_string(out_, base::to_base64(bytes));
  }
}

void ObjectWriter::text_unless_empty(std::string_view name, std::string_view bytes) {
  if (!bytes.empty()) text(name, bytes);
}

void ObjectWriter::number(std::string_view name, std::int64_t number) {
  in_range_ = in_range_ && number >= -kMaxInteger && number <= kMaxInteger;
  key(name);
  append_number(out_, number);
}

void ObjectWriter::number(std::string_view name, std::uint64_t number) {
  in_range_ = in_range_ && number <= static_cast<std::uint64_t>(kMaxInteger);
  key(name);
  append_number(out_, in_range_ ? static_cast<std::int64_t>(number) : 0);
}

void ObjectWriter::boolean(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void ObjectWriter::end() {
  place_slots({});
  out_ += '}';
}

void ArrayWriter::text(std::string_view bytes) {
  next();
  if (base::is_valid_utf8(bytes)) {
    append_string(out_, bytes);
    return;
  }
  ObjectWriter object(out_);
  object.key("base64");
  append_string(out_, base::to_base64(bytes));
  object.end();
}

}  // namespace portcullis::audit
