#include "audit/json_line.hpp"

#include <algorithm>
#include <charconv>

#include "audit/format.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

// object > array of effects > object > value, and one to spare
constexpr int kMaxDepth = 5;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

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

JsonLine::Status JsonLine::stop(const char* problem) {
  problem_ = problem;
  return ends() ? Status::truncated : Status::malformed;
}

JsonLine::Status JsonLine::expect(char c) {
  if (ends() || line_[at_] != c) return stop("a character is missing or out of place");
  ++at_;
  return Status::complete;
}

JsonLine::Status JsonLine::parse(std::string_view line) {
  line_ = line;
  at_ = 0;
  problem_ = "";
  values_.clear();
  if (line_.size() > kMaxLineBytes) {
    problem_ = "longer than an entry may be";
    return Status::malformed;
  }
  if (ends() || line_[0] != '{') return stop("not an object");
  values_.emplace_back();
  if (const Status status = value(0, 0); status != Status::complete) return status;
  if (ends()) return Status::complete;
  problem_ = "bytes after the object";
  return Status::malformed;
}

// The value goes to values_[slot], which exists.
JsonLine::Status JsonLine::value(int depth, std::uint32_t slot) {
  if (ends()) return stop("a value is missing");
  const auto begin = static_cast<std::uint32_t>(at_);
  const char c = line_[at_];
  Status status = Status::complete;
  Kind kind = Kind::string;
  std::uint32_t from = begin, to = begin;
  if (c == '"') {
    status = string(from, to);
  } else if (c == '{' || c == '[') {
    kind = c == '{' ? Kind::object : Kind::array;
    values_[slot].kind = kind;
    status = children(depth, slot);
  } else if (c == 't' || c == 'f') {
    kind = Kind::boolean;
    status = literal(c == 't' ? "true" : "false");
  } else if (c == '-' || is_digit(c)) {
    kind = Kind::integer;
    status = integer_text();
  } else {
    problem_ = "no value begins so";
    return Status::malformed;
  }
  if (status != Status::complete) return status;
  Value& done = values_[slot];
  done.kind = kind;
  done.begin = kind == Kind::string ? from : begin;
  done.end = kind == Kind::string ? to : static_cast<std::uint32_t>(at_);
  return status;
}

JsonLine::Status JsonLine::children(int depth, std::uint32_t parent) {
  if (depth == kMaxDepth) {
    problem_ = "nested too deeply";
    return Status::malformed;
  }
  const bool object = values_[parent].kind == Kind::object;
  const char close = object ? '}' : ']';
  ++at_;
  std::uint32_t last = 0;
  if (!ends() && line_[at_] == close) {
    ++at_;
    return Status::complete;
  }
  for (;;) {
    if (values_.size() > kMaxValues) {
      problem_ = "too many values";
      return Status::malformed;
    }
    const auto slot = static_cast<std::uint32_t>(values_.size());
    values_.emplace_back();
    (last == 0 ? values_[parent].child : values_[last].next) = slot;
    if (object) {
      std::uint32_t begin = 0, end = 0;
      if (const Status status = string(begin, end); status != Status::complete) return status;
      if (const Status status = expect(':'); status != Status::complete) return status;
      values_[slot].key_begin = begin;
      values_[slot].key_end = end;
      if (last != 0 && key(values_[last]) >= key(values_[slot])) {
        problem_ = "keys out of order or twice";
        return Status::malformed;
      }
    }
    if (const Status status = value(depth + 1, slot); status != Status::complete) return status;
    last = slot;
    if (!ends() && line_[at_] == ',') {
      ++at_;
      continue;
    }
    return expect(close);
  }
}

JsonLine::Status JsonLine::string(std::uint32_t& begin, std::uint32_t& end) {
  if (const Status status = expect('"'); status != Status::complete) return status;
  begin = static_cast<std::uint32_t>(at_);
  while (!ends() && line_[at_] != '"') {
    if (static_cast<unsigned char>(line_[at_]) < 0x20) return stop("a bare control character in a string");
    if (line_[at_] == '\\') {
      if (const Status status = escape(); status != Status::complete) return status;
    } else {
      ++at_;
    }
  }
  end = static_cast<std::uint32_t>(at_);
  if (const Status status = expect('"'); status != Status::complete) return status;
  if (base::is_valid_utf8(line_.substr(begin, end - begin))) return Status::complete;
  problem_ = "a string that is not UTF-8";
  return Status::malformed;
}

JsonLine::Status JsonLine::escape() {
  ++at_;
  if (ends()) return stop("half an escape");
  const char c = line_[at_++];
  if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) return Status::complete;
  if (c != 'u') {
    problem_ = "no escape looks so";
    return Status::malformed;
  }
  const std::size_t first = at_;
  for (; at_ < first + 4; ++at_) {
    if (ends()) return stop("half an escape");
    if (hex_value(line_[at_]) < 0) return stop("no escape looks so");
  }
  // Surrogates stand for characters that canonical text has in the clear; zero never stands in the log's
  // text.
  const std::uint32_t unit = code_unit(line_.substr(first, 4));
  if (unit != 0 && (unit < 0xd800 || unit > 0xdfff)) return Status::complete;
  problem_ = "an escape that the log never uses";
  return Status::malformed;
}

JsonLine::Status JsonLine::integer_text() {
  if (line_[at_] == '-') ++at_;
  if (ends() || !is_digit(line_[at_])) return stop("a number without digits");
  while (!ends() && is_digit(line_[at_])) ++at_;
  return Status::complete;
}

JsonLine::Status JsonLine::literal(std::string_view word) {
  for (const char c : word) {
    if (const Status status = expect(c); status != Status::complete) return status;
  }
  return Status::complete;
}

std::string_view JsonLine::key(const Value& member) const {
  return line_.substr(member.key_begin, member.key_end - member.key_begin);
}

std::string_view JsonLine::raw(const Value& value) const {
  return line_.substr(value.begin, value.end - value.begin);
}

const JsonLine::Value* JsonLine::find(const Value& object, std::string_view name) const {
  for (const Value* member = first_child(object); member != nullptr; member = next(*member)) {
    if (key(*member) == name) return member;
  }
  return nullptr;
}

std::string JsonLine::text(const Value& string) const {
  return decode(raw(string));
}

std::optional<std::int64_t> JsonLine::integer(const Value& value) const {
  std::int64_t number = 0;
  const std::string_view digits = raw(value);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (number < -kMaxInteger || number > kMaxInteger) return std::nullopt;
  return number;
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

bool JsonLine::is_canonical() {
  emitted_.clear();
  emitted_.reserve(line_.size());
  emit(root(), emitted_);
  return emitted_ == line_;
}

}  // namespace portcullis::audit
