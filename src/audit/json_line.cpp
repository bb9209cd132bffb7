#include "audit/json_line.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "audit/format.hpp"
#include "audit/text_words.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

using namespace words;

// object > array of effects > object > value, and one to spare
constexpr int kMaxDepth = 5;
constexpr std::string_view kMaxIntegerDigits = "9007199254740991";

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint32_t code_unit(std::string_view four) {
  std::uint32_t unit = 0;
  for (const char c : four) unit = unit * 16 + static_cast<std::uint32_t>(hex_value(c));
  return unit;
}

// RFC 3629, section 3.
void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

// `raw` has passed the parser: every escape is whole.
std::string decode(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    out += raw.substr(0, plain);
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    const char c = raw[1];
    switch (c) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': append_utf8(out, code_unit(raw.substr(2, 4))); break;
      default: out += c; break;  // a quote, a backslash, a slash
    }
    raw.remove_prefix(c == 'u' ? 6 : 2);
  }
  return out;
}

// RFC 8785, section 3.2.2.2.
void encode(std::string_view text, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::string_view named = "\b\t\n\f\r\"\\", names = "btnfr\"\\";
  const auto special = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; };
  while (!text.empty()) {
    const auto end = std::find_if(text.begin(), text.end(), special);
    const auto plain = static_cast<std::size_t>(end - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text.front());
    out += '\\';
    if (const std::size_t which = named.find(text.front()); which != std::string_view::npos) {
      out += names[which];
    } else {
      out += "u00";
      out += digits[byte >> 4];
      out += digits[byte & 15u];
    }
    text.remove_prefix(1);
  }
}

}  // namespace

// Most strings and nearly all keys are short and plain.
inline const char* JsonLine::string(const char* at) {
  if (end_ - at > kWord && *at == '"') {
    const std::uint64_t found = specials(load(at + 1));
    const char* const first = at + 1 + std::countr_zero(found) / 8;
    if (found != 0 && *first == '"') return first + 1;
  }
  return any_string(at);
}

const char* JsonLine::refuse(const char* at, const char* problem) {
  at_ = offset(at);
  problem_ = problem;
  status_ = Status::malformed;
  return nullptr;
}

const char* JsonLine::stop(const char* at, const char* problem) {
  refuse(at, problem);
  if (at == end_) status_ = Status::truncated;
  return nullptr;
}

const char* JsonLine::expect(const char* at, char c) {
  if (at == end_ || *at != c) return stop(at, "a character is missing or out of place");
  return at + 1;
}

JsonLine::Status JsonLine::parse(std::string_view line) {
  line_ = line;
  const char* const begin = line.data();
  end_ = begin + line.size();
  at_ = 0;
  problem_ = "";
  status_ = Status::complete;
  is_doubtful_ = false;
  count_ = 0;
  orders_.clear();
  members_.clear();
  if (line.size() > kMaxLineBytes) {
    refuse(begin, "longer than an entry may be");
  } else if (line.empty() || line.front() != '{') {
    stop(begin, "not an object");
  } else {
    const char* const at = value(begin, 0, new_slot());
    if (at != nullptr && at != end_) refuse(at, "bytes after the object");
    if (at == end_) at_ = line.size();
  }
  return status_;
}

std::uint32_t JsonLine::new_slot() {
  if (count_ == values_.size()) values_.resize(std::max<std::size_t>(64, 2 * values_.size()));
  values_[count_] = {};
  return count_++;
}

// The value goes to values_[slot], which exists.
const char* JsonLine::value(const char* at, int depth, std::uint32_t slot) {
  if (at == end_) return stop(at, "a value is missing");
  const char* const begin = at;
  const char c = *at;
  Kind kind = Kind::string;
  if (c == '"') {
    has_escape_ = false;
    at = string(at);
  } else if (c == '{' || c == '[') {
    kind = c == '{' ? Kind::object : Kind::array;
    values_[slot].kind = kind;
    at = children(at, depth, slot);
  } else if (c == 't' || c == 'f') {
    kind = Kind::boolean;
    at = literal(at, c == 't' ? "true" : "false");
  } else if (c == '-' || is_digit(c)) {
    kind = Kind::integer;
    at = integer_text(at);
  } else {
    return refuse(at, "no value begins so");
  }
  if (at == nullptr) return at;
  const std::uint32_t quote = kind == Kind::string ? 1 : 0;
  Value& done = values_[slot];
  done.kind = kind;
  done.has_escape = kind == Kind::string && has_escape_;
  done.begin = offset(begin) + quote;
  done.end = offset(at) - quote;
  return at;
}

// Of the member values_[slot], behind the member values_[before] if that is not 0. With its colon.
inline const char* JsonLine::member_key(const char* at, std::uint32_t slot, std::uint32_t before) {
  // Nearly all are short and plain, and then all that is asked of them stands in one word.
  if (end_ - at > kWord + 2 && *at == '"') {
    const std::uint64_t word = load(at + 1), found = specials(word);
    const int length = std::countr_zero(found) / 8;
    if (found != 0 && at[1 + length] == '"' && at[2 + length] == ':') {
      Value& member = values_[slot];
      member.key_begin = offset(at) + 1;
      member.key_end = member.key_begin + static_cast<std::uint32_t>(length);
      member.key_order = first_bytes(word, static_cast<std::size_t>(length));
      if (before == 0 || values_[before].key_order < member.key_order) return at + length + 3;
    }
  }
  return any_member_key(at, slot, before);
}

const char* JsonLine::children(const char* at, int depth, std::uint32_t parent) {
  if (depth == kMaxDepth) return refuse(at, "nested too deeply");
  const bool object = *at == '{';
  const char close = object ? '}' : ']';
  ++at;
  if (at != end_ && *at == close) return at + 1;
  std::uint32_t last = 0;
  for (;;) {
    if (count_ > kMaxValues) return refuse(at, "too many values");
    const std::uint32_t slot = new_slot();
    (last == 0 ? values_[parent].child : values_[last].next) = slot;
    if (object) at = member_key(at, slot, last);
    if (at != nullptr) at = value(at, depth + 1, slot);
    if (at == nullptr) return at;
    last = slot;
    if (depth == 0) {
      orders_.push_back(values_[slot].key_order);
      members_.push_back(slot);
    }
    if (at == end_ || *at != ',') return expect(at, close);
    ++at;
  }
}

const char* JsonLine::any_member_key(const char* at, std::uint32_t slot, std::uint32_t before) {
  const char* const begin = at + 1;
  at = string(at);
  if (at == nullptr) return at;
  const char* const behind = expect(at, ':');
  if (behind == nullptr) return behind;
  Value& member = values_[slot];
  member.key_begin = offset(begin);
  member.key_end = offset(at) - 1;
  member.key_order = end_ - begin >= kWord
                         ? first_bytes(load(begin), static_cast<std::size_t>(at - 1 - begin))
                         : order_of(key(member));
  if (before == 0 || values_[before].key_order < member.key_order || key(values_[before]) < key(member))
    return behind;
  return refuse(behind, "keys out of order or twice");
}

const char* JsonLine::any_string(const char* at) {
  at = expect(at, '"');
  if (at == nullptr) return at;
  const char* const begin = at;
  bool is_ascii = true;
  for (;;) {
    at = skip_plain(at, end_);
    if (at == end_) return expect(at, '"');
    if (*at == '"') break;
    if (*at == '\\') {
      has_escape_ = true;
      at = escape(at);
      if (at == nullptr) return at;
    } else if (static_cast<unsigned char>(*at) < 0x20) {
      return stop(at, "a bare control character in a string");
    } else {
      is_ascii = false;
      ++at;
    }
  }
  if (!is_ascii && !base::is_valid_utf8({begin, static_cast<std::size_t>(at - begin)}))
    return refuse(at + 1, "a string that is not UTF-8");
  return at + 1;
}

// Of those with a letter each has one character that is never written in another way.
const char* JsonLine::escape(const char* at) {
  ++at;
  if (at == end_) return stop(at, "half an escape");
  const char c = *at++;
  if (std::string_view("\"\\bfnrt").find(c) != std::string_view::npos) return at;
  is_doubtful_ = true;
  if (c == '/') return at;
  if (c != 'u') return refuse(at, "no escape looks so");
  const char* const first = at;
  for (; at < first + 4; ++at) {
    if (at == end_) return stop(at, "half an escape");
    if (hex_value(*at) < 0) return stop(at, "no escape looks so");
  }
  // Surrogates stand for characters that canonical text has in the clear; zero never stands in the log's
  // text.
  const std::uint32_t unit = code_unit({first, 4});
  if (unit != 0 && (unit < 0xd800 || unit > 0xdfff)) return at;
  return refuse(at, "an escape that the log never uses");
}

const char* JsonLine::integer_text(const char* at) {
  const bool is_negative = *at == '-';
  if (is_negative) ++at;
  if (at == end_ || !is_digit(*at)) return stop(at, "a number without digits");
  const char* const first = at;
  at = skip_digits(at, end_);
  const std::string_view digits(first, static_cast<std::size_t>(at - first));
  const bool is_small = digits.size() < kMaxIntegerDigits.size() ||
                        (digits.size() == kMaxIntegerDigits.size() && digits <= kMaxIntegerDigits);
  if (is_negative || !is_small || (digits.front() == '0' && digits.size() > 1)) is_doubtful_ = true;
  return at;
}

const char* JsonLine::literal(const char* at, std::string_view word) {
  for (const char c : word) {
    at = expect(at, c);
    if (at == nullptr) return at;
  }
  return at;
}

const JsonLine::Value* JsonLine::find(const Value& object, std::string_view name, std::uint64_t order) const {
  if (&object == &root()) {
    auto at = static_cast<std::size_t>(std::find(orders_.begin(), orders_.end(), order) - orders_.begin());
    for (; at < orders_.size() && orders_[at] == order; ++at) {
      const Value& member = values_[members_[at]];
      if (has_key(member, name, order)) return &member;
    }
    return nullptr;
  }
  for (const Value* member = first_child(object); member != nullptr; member = next(*member)) {
    if (has_key(*member, name, order)) return member;
  }
  return nullptr;
}

std::string JsonLine::text(const Value& string) const {
  return decode(raw(string));
}

std::optional<std::int64_t> JsonLine::integer(const Value& value) const {
  std::string_view digits = raw(value);
  const bool is_negative = digits.starts_with('-');
  if (is_negative) digits.remove_prefix(1);
  if (digits.size() > kMaxIntegerDigits.size()) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    if (digits.size() > kMaxIntegerDigits.size()) return std::nullopt;
  }
  // Eight at a time, from the end: what stands before the first digit is in the line, too, and shifted out.
  std::int64_t number = 0;
  if (digits.data() - line_.data() >= kWord) {
    const char* end = digits.data() + digits.size();
    std::int64_t unit = 1;
    for (auto left = static_cast<int>(digits.size()); left > 0; left -= kWord, end -= kWord) {
      const std::uint64_t word = load(end - kWord);
      const int unused = left < kWord ? 8 * (kWord - left) : 0;
      number += unit * static_cast<std::int64_t>(number_of(word >> unused << unused));
      unit *= 100'000'000;
    }
  } else {
    for (const char digit : digits) number = number * 10 + (digit - '0');
  }
  if (value.kind != Kind::integer || number > kMaxInteger) return std::nullopt;
  return is_negative ? -number : number;
}

void JsonLine::emit(const Value& value, std::string& out) const {
  switch (value.kind) {
    case Kind::string:
      out += '"';
      encode(decode(raw(value)), out);
      out += '"';
      return;
    case Kind::integer:
      // Outside the range there is no canonical form: nothing is emitted, and the comparison fails.
      if (const auto number = integer(value)) out += std::to_string(*number);
      return;
    case Kind::boolean: out += raw(value) == "true" ? "true" : "false"; return;
    case Kind::object:
    case Kind::array: break;
  }
  const bool object = value.kind == Kind::object;
  out += object ? '{' : '[';
  for (const Value* child = first_child(value); child != nullptr; child = next(*child)) {
    if (out.back() != '{' && out.back() != '[') out += ',';
    if (object) {
      out += '"';
      encode(decode(key(*child)), out);
      out += "\":";
    }
    emit(*child, out);
  }
  out += object ? '}' : ']';
}

bool JsonLine::is_emitted_again() {
  emitted_.clear();
  emitted_.reserve(line_.size());
  emit(root(), emitted_);
  return emitted_ == line_;
}

}  // namespace portcullis::audit
