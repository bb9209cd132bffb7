// Claims out of sqlcommenter comments (google.github.io/sqlcommenter/spec): keys and values percent-encoded,
// values in single quotes, inside which a backslash makes the next quote or backslash a plain one.
#include "portcullis/sql/claims.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/utf8.hpp"

namespace portcullis::sql {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing where a percent sign has no two digits behind it.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// What stands in a comment, from left to right.
class Pairs {
 public:
  struct Pair {
    std::string key, value;
  };

  explicit Pairs(std::string_view text) : left_(text) { skip_blanks(); }

  [[nodiscard]] bool at_end() const { return left_.empty(); }
  // Nothing when it is no pair; then what is left means nothing either.
  [[nodiscard]] std::optional<Pair> next() {
    auto key = take_key();
    if (!key) return std::nullopt;
    auto value = take_value();
    if (!value) return std::nullopt;
    skip_blanks();
    if (!left_.empty()) {
      if (!take(',')) return std::nullopt;
      skip_blanks();
      if (left_.empty()) return std::nullopt;
    }
    return Pair{*std::move(key), *std::move(value)};
  }

 private:
  std::optional<std::string> take_key() {
    const auto length = std::min(left_.find_first_of("=',"), left_.size());
    auto key = percent_decoded(left_.substr(0, length));
    left_.remove_prefix(length);
    if (!key || key->empty() || !take('=')) return std::nullopt;
    return key;
  }

  std::optional<std::string> take_value() {
    if (!take('\'')) return std::nullopt;
    std::string raw;
    while (!left_.empty() && left_.front() != '\'') {
      if (take('\\') && (left_.empty() || (left_.front() != '\'' && left_.front() != '\\')))
        return std::nullopt;
      raw += left_.front();
      left_.remove_prefix(1);
    }
    return take('\'') ? percent_decoded(raw) : std::nullopt;
  }

  bool take(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  void skip_blanks() { left_.remove_prefix(std::min(left_.find_first_not_of(kBlanks), left_.size())); }

  std::string_view left_;
};

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return hex_digit(c) >= 0 && !(c >= 'A' && c <= 'F'); });
}

}  // namespace

std::string read_reason(std::string_view value) {
  const bool blank = value.find_first_not_of(kBlanks) == std::string_view::npos;
  if (blank || value.size() > kMostReasonBytes || !base::is_valid_utf8(value)) return {};
  return std::string(value);
}

std::optional<double> read_confidence(std::string_view value) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), number, std::chars_format::fixed);
  const bool whole = error == std::errc{} && end == value.data() + value.size();
  // "nan" and "-0" are numbers to from_chars; written so that no comparison lets them in.
  const bool plain = whole && value.front() != '-' && number >= 0 && number <= 1;
  return plain ? std::optional(number) : std::nullopt;
}

// W3C Trace Context, "traceparent Header Field Values", version 00.
std::string read_trace(std::string_view value) {
  const bool shaped = value.size() == 55 && value.starts_with("00-") && value[35] == '-' && value[52] == '-';
  if (!shaped || !is_lower_hex(value.substr(3, 32)) || !is_lower_hex(value.substr(36, 16)) ||
      !is_lower_hex(value.substr(53, 2))) {
    return {};
  }
  return std::string(value);
}

Claims claims_in_comment(std::string_view comment) {
  if (comment.size() < 4 || comment.size() > kMostCommentBytes || !comment.starts_with("/*") ||
      !comment.ends_with("*/")) {
    return {};
  }
  Claims claims;
  std::set<std::string> seen;
  Pairs pairs(comment.substr(2, comment.size() - 4));
  while (!pairs.at_end()) {
    const auto pair = pairs.next();
    if (!pair || !seen.insert(pair->key).second) return {};
    if (pair->key == "reason") claims.reason = read_reason(pair->value);
    if (pair->key == "confidence") claims.confidence = read_confidence(pair->value);
    if (pair->key == "traceparent") claims.trace = read_trace(pair->value);
  }
  return claims;
}

Claims merged(const Claims& nearer, const Claims& farther) {
  Claims both = nearer;
  if (both.reason.empty()) both.reason = farther.reason;
  if (both.trace.empty()) both.trace = farther.trace;
  if (!both.confidence || (farther.confidence && *farther.confidence < *both.confidence)) {
    both.confidence = farther.confidence;
  }
  return both;
}

}  // namespace portcullis::sql
