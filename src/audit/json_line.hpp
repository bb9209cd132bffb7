// The reader's own JSON: what a line holds, and whether its bytes are the only ones that could say so.
//
// It takes objects, arrays, strings, whole numbers and booleans without white space, and keeps where each
// value lies in the line instead of copying it: about forty bytes a value, and at most kMaxValues values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::audit {

class JsonLine {
 public:
  enum class Status : std::uint8_t {
    complete,   // one object, and nothing after it
    truncated,  // the beginning of one: the text ends too early
    malformed,  // no JSON of this kind begins so
  };
  enum class Kind : std::uint8_t { object, array, string, integer, boolean };

  struct Value {
    Kind kind = Kind::object;
    std::uint32_t begin = 0, end = 0;          // in the line; of a string, between the quotes
    std::uint32_t key_begin = 0, key_end = 0;  // of a member's key, between the quotes
    std::uint32_t next = 0;                    // the next member or element, 0 for none
    std::uint32_t child = 0;                   // the first member or element, 0 for none
  };

  // Replaces what was held. `line` must outlive the use of this object.
  Status parse(std::string_view line);
  // Where parse() stopped, and why.
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] const char* problem() const noexcept { return problem_; }

  // Emits what was parsed in canonical form (RFC 8785) and compares: false when the line says it in any other
  // way.
  [[nodiscard]] bool is_canonical();

  // All of the following only after parse() returned Status::complete. The first value is the whole object.
  [[nodiscard]] const std::vector<Value>& values() const noexcept { return values_; }
  [[nodiscard]] const Value& root() const { return values_.front(); }
  [[nodiscard]] const Value* find(const Value& object, std::string_view key) const;
  [[nodiscard]] const Value* first_child(const Value& parent) const { return at(parent.child); }
  [[nodiscard]] const Value* next(const Value& value) const { return at(value.next); }
  [[nodiscard]] std::string_view key(const Value& member) const;  // as written, escapes and all
  [[nodiscard]] std::string_view raw(const Value& value) const;   // as written
  [[nodiscard]] std::string text(const Value& string) const;      // decoded
  [[nodiscard]] std::optional<std::int64_t> integer(const Value& value) const;

 private:
  [[nodiscard]] const Value* at(std::uint32_t index) const { return index == 0 ? nullptr : &values_[index]; }
  Status stop(const char* problem);
  Status value(int depth, std::uint32_t slot);
  Status children(int depth, std::uint32_t parent);
  Status string(std::uint32_t& begin, std::uint32_t& end);
  Status escape();
  Status integer_text();
  Status literal(std::string_view word);
  Status expect(char c);
  [[nodiscard]] bool ends() const noexcept { return at_ == line_.size(); }
  void emit(const Value& value, std::string& out) const;

  std::string_view line_;
  std::size_t at_ = 0;
  const char* problem_ = "";
  std::vector<Value> values_;
  std::string emitted_;
};

}  // namespace portcullis::audit
