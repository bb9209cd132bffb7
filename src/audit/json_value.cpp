#include "audit/json_value.hpp"

#include <charconv>
#include <utility>

#include "audit/format.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

using Kind = JsonValue::Kind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<JsonValue> all() {
    JsonValue value;
    if (!read(value, 0)) return std::nullopt;
    skip_space();
    if (!rest_.empty()) return std::nullopt;
    return value;
  }

 private:
  void skip_space() {
    const auto behind = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(behind == std::string_view::npos ? rest_.size() : behind);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // With white space before it.
  bool take_mark(char c) {
    skip_space();
    return take(c);
  }

  bool read(JsonValue& value, std::size_t level) {
    skip_space();
    if (rest_.empty()) return false;
    switch (rest_.front()) {
      case '{': value.kind = Kind::object; return level < kMostJsonLevels && members(value, level);
      case '[': value.kind = Kind::array; return level < kMostJsonLevels && elements(value, level);
      case '"': value.kind = Kind::string; return string(value.text);
      default: return word(value) || number(value);
    }
  }

  bool members(JsonValue& object, std::size_t level) {
    (void)take('{');
    if (take_mark('}')) return true;
    do {
      std::string key;
      JsonValue value;
      skip_space();
      if (!string(key) || !take_mark(':') || !read(value, level + 1)) return false;
      object.members.insert_or_assign(std::move(key), std::move(value));
    } while (take_mark(','));
    return take_mark('}');
  }

  bool elements(JsonValue& array, std::size_t level) {
    (void)take('[');
    if (take_mark(']')) return true;
    do {
      if (!read(array.elements.emplace_back(), level + 1)) return false;
    } while (take_mark(','));
    return take_mark(']');
  }

  bool word(JsonValue& value) {
    for (const std::string_view known : {"true", "false", "null"}) {
      if (!rest_.starts_with(known)) continue;
      value.text = known;
      rest_.remove_prefix(known.size());
      return true;
    }
    return false;
  }

  bool number(JsonValue& value) {
    value.kind = Kind::number;
    const std::string_view from = rest_;
    (void)take('-');
    const bool is_zero = take('0');
    bool holds = is_zero || digits();
    if (take('.')) holds = digits() && holds;
    if (take('e') || take('E')) {
      (void)(take('+') || take('-'));
      holds = digits() && holds;
    }
    value.text = from.substr(0, from.size() - rest_.size());
    return holds;
  }
  bool digits() {
    const auto before = rest_.size();
    while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
    return rest_.size() < before;
  }

  bool string(std::string& into) {
    if (!take('"')) return false;
    for (;;) {
      if (rest_.empty() || static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      if (take('"')) return true;
      if (take('\\')) {
        if (!escape(into)) return false;
        continue;
      }
      into += rest_.front();
      rest_.remove_prefix(1);
    }
  }

  bool escape(std::string& into) {
    constexpr std::string_view kMarks = "\"\\/bfnrt", kCharacters = "\"\\/\b\f\n\r\t";
    if (take('u')) return code_point(into);
    const auto at = rest_.empty() ? std::string_view::npos : kMarks.find(rest_.front());
    if (at == std::string_view::npos) return false;
    into += kCharacters[at];
    rest_.remove_prefix(1);
    return true;
  }

  // What is looked for is ASCII: of all else it is enough that it is something else.
  bool code_point(std::string& into) {
    std::uint32_t unit = 0;
    if (rest_.size() < 4) return false;
    const auto [stop, error] = std::from_chars(rest_.data(), rest_.data() + 4, unit, 16);
    if (error != std::errc{} || stop != rest_.data() + 4) return false;
    rest_.remove_prefix(4);
    if (unit < 0x80) {
      into += static_cast<char>(unit);
    } else {
      into += "\xef\xbf\xbd";
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto found = members.find(key);
  return found == members.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> JsonValue::count() const {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = kind == Kind::number && error == std::errc{} && stop == text.data() + text.size();
  if (!is_whole || number < 0 || number > kMaxInteger) return std::nullopt;
  return number;
}

std::optional<JsonValue> read_json(std::string_view text) {
  if (!base::is_valid_utf8(text)) return std::nullopt;
  return Reader(text).all();
}

}  // namespace portcullis::audit
