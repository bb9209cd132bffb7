// nlohmann's parser says what the values are; a cursor that follows it over the same bytes says where they
// stand.
#include "policy/json_document.hpp"

#include <algorithm>
#include <unordered_set>

#include <nlohmann/json.hpp>

namespace portcullis::policy {
namespace {

using Json = nlohmann::json;
using Kind = JsonValue::Kind;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Walks over text that the parser has accepted already, so every token ends where it should.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  // To the first byte of the next token that is a value, a key or a closing bracket.
  void to_token() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '/') {
        skip_comment();
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':') {
        step();
      } else {
        return;
      }
    }
  }

  void skip_token() {
    if (at_ >= text_.size()) return;
    const char first = text_[at_];
    if (first == '"') return skip_string();
    step();
    if (first == '{' || first == '[' || first == '}' || first == ']') return;
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n,:/]}").find(text_[at_]) == std::string_view::npos) {
      step();
    }
  }

  void to_offset(std::size_t offset) {
    while (at_ < std::min(offset, text_.size())) step();
  }

  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
  [[nodiscard]] std::uint32_t column() const noexcept { return column_; }

 private:
  // Columns count characters: a byte that continues one (RFC 3629, section 3) does not count.
  void step() {
    const auto byte = static_cast<unsigned char>(text_[at_++]);
    if (byte == '\n') {
      ++line_;
      column_ = 1;
    } else if (at_ == text_.size() || (static_cast<unsigned char>(text_[at_]) & 0xC0U) != 0x80U) {
      ++column_;
    }
  }

  void skip_string() {
    step();
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') step();
      if (at_ < text_.size()) step();
    }
    if (at_ < text_.size()) step();
  }

  void skip_comment() {
    const bool block = text_.substr(at_, 2) == "/*";
    const auto end = text_.find(block ? "*/" : "\n", at_ + 2);
    to_offset(end == std::string_view::npos ? text_.size() : end + (block ? 2 : 1));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1, column_ = 1;
};

class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(std::string_view text) : cursor_(text) {}

  JsonDocument take() {
    if (!document_.problems.empty()) document_.root.reset();
    return std::move(document_);
  }

  bool null() override { return add({}) != nullptr; }
  bool boolean(bool value) override {
    JsonValue made;
    made.kind = Kind::boolean;
    made.boolean = value;
    return add(std::move(made)) != nullptr;
  }
  bool number_integer(number_integer_t value) override {
    JsonValue made;
    made.kind = Kind::integer;
    made.integer = value;
    made.number = static_cast<double>(value);
    return add(std::move(made)) != nullptr;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(INT64_MAX))
      return number_integer(static_cast<std::int64_t>(value));
    return number_float(static_cast<double>(value), {});
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    JsonValue made;
    made.kind = Kind::number;
    made.number = value;
    return add(std::move(made)) != nullptr;
  }
  bool string(string_t& value) override {
    JsonValue made;
    made.kind = Kind::string;
    made.string = std::move(value);
    return add(std::move(made)) != nullptr;
  }
  bool binary(binary_t& /*value*/) override { return false; }  // JSON text has none

  bool start_object(std::size_t /*count*/) override { return open(Kind::object); }
  bool start_array(std::size_t /*count*/) override { return open(Kind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    cursor_.to_token();
    Frame& frame = open_.back();
    if (!frame.keys.insert(name).second) {
      problem("\"" + name + "\" stands twice in the same object: take one of the two out");
    }
    frame.value->members.push_back({std::move(name), cursor_.line(), cursor_.column(), {}});
    cursor_.skip_token();
    return true;
  }

  // NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const Json::exception& error) override {
    std::string_view what = error.what();
    for (const std::string_view start : {"syntax error", "number overflow"}) {
      const auto found = what.find(start);
      if (found != std::string_view::npos) what = what.substr(found);
    }
    // The offending token starts behind what was accepted; the parser's own position is its last byte. Only
    // where punctuation is at fault does the next token lie beyond that.
    const std::size_t last = position == 0 ? 0 : position - 1;
    Cursor at = cursor_;
    at.to_token();
    if (at.offset() > last) {
      at = cursor_;
      at.to_offset(last);
    }
    document_.problems.push_back({at.line(), at.column(), "this is not JSON: " + std::string(what)});
    return false;
  }

 private:
  struct Frame {
    JsonValue* value;
    std::unordered_set<std::string> keys;
  };

  void problem(std::string message) {
    document_.problems.push_back({cursor_.line(), cursor_.column(), std::move(message)});
  }

  // Places a value where the open brackets say. Pointers to it hold until its parent gets the next one.
  JsonValue* place(JsonValue value) {
    if (open_.empty()) return &document_.root.emplace(std::move(value));
    JsonValue& parent = *open_.back().value;
    if (parent.kind == Kind::array) return &parent.items.emplace_back(std::move(value));
    parent.members.back().value = std::move(value);
    return &parent.members.back().value;
  }

  JsonValue* add(JsonValue value) {
    cursor_.to_token();
    value.line = cursor_.line();
    value.column = cursor_.column();
    cursor_.skip_token();
    return place(std::move(value));
  }

  bool open(Kind kind) {
    if (open_.size() == kMaxDepth) {
      cursor_.to_token();
      problem("brackets are nested deeper than " + std::to_string(kMaxDepth) +
              ": nothing in this file needs that");
      return false;
    }
    JsonValue made;
    made.kind = kind;
    open_.push_back({add(std::move(made)), {}});
    return true;
  }

  bool close() {
    cursor_.to_token();
    cursor_.skip_token();
    open_.pop_back();
    return true;
  }

  Cursor cursor_;
  JsonDocument document_;
  std::vector<Frame> open_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const noexcept {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

JsonDocument read_json(std::string_view text) {
  if (text.size() > kMaxBytes) {
    JsonDocument refused;
    refused.problems.push_back({1, 1,
                                "the file has " + std::to_string(text.size()) + " bytes, at most " +
                                    std::to_string(kMaxBytes) + " are read: split it"});
    return refused;
  }
  Builder builder(text);
  Json::sax_parse(text.begin(), text.end(), &builder, Json::input_format_t::json, /*strict=*/true,
                  /*ignore_comments=*/true);
  return builder.take();
}

}  // namespace portcullis::policy
