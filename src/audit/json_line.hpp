// The reader's own JSON: what a line holds, and whether its bytes are the only ones that could say so.
//
// It takes objects, arrays, strings, whole numbers and booleans without white space, and keeps where each
// value lies in the line instead of copying it: forty bytes a value, and at most kMaxValues values. One pass
// over the line; verifying a log is mostly this.
#pragma once

#include <cstdint>
#include <cstring>
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
    bool has_escape = false;                   // of a string
    std::uint32_t begin = 0, end = 0;          // in the line; of a string, between the quotes
    std::uint32_t key_begin = 0, key_end = 0;  // of a member's key, between the quotes
    std::uint32_t next = 0;                    // the next member or element, 0 for none
    std::uint32_t child = 0;                   // the first member or element, 0 for none
    std::uint64_t key_order = 0;               // order_of() a member's key
  };
  // The first eight bytes, fewer with zeros behind: of two texts without zero bytes, the one with the smaller
  // number comes first, and two short ones with the same number are the same.
  [[nodiscard]] static constexpr std::uint64_t order_of(std::string_view text) noexcept {
    std::uint64_t order = 0;
    for (std::size_t i = 0; i < 8; ++i)
      order = order << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
    return order;
  }

  // Replaces what was held. `line` must outlive the use of this object.
  Status parse(std::string_view line);
  // Where parse() stopped, and why.
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] const char* problem() const noexcept { return problem_; }

  // False when the line is not the canonical form (RFC 8785) of what it says. Where parse() met nothing that
  // has another form, it is; else what was parsed is emitted again and compared.
  [[nodiscard]] bool is_canonical() { return !is_doubtful_ || is_emitted_again(); }
  // The same by emitting in any case: slow, and what the quick answer is tested against.
  [[nodiscard]] bool is_emitted_again();

  // All of the following only after parse() returned Status::complete. The first value is the whole object.
  [[nodiscard]] const Value& root() const { return values_.front(); }
  [[nodiscard]] const Value* find(const Value& object, std::string_view key) const {
    return find(object, key, order_of(key));
  }
  [[nodiscard]] const Value* first_child(const Value& parent) const { return at(parent.child); }
  [[nodiscard]] const Value* next(const Value& value) const { return at(value.next); }
  // As written, escapes and all.
  [[nodiscard]] std::string_view key(const Value& member) const {
    return {line_.data() + member.key_begin, member.key_end - member.key_begin};
  }
  [[nodiscard]] std::string_view raw(const Value& value) const {
    return {line_.data() + value.begin, value.end - value.begin};
  }
  // Whether the member's key is the text, of which order_of() says `order`.
  [[nodiscard]] bool has_key(const Value& member, std::string_view text, std::uint64_t order) const {
    return member.key_order == order && member.key_end - member.key_begin == text.size() &&
           (text.size() <= sizeof order || ends_alike(key(member), text));
  }
  [[nodiscard]] std::string text(const Value& string) const;  // decoded
  [[nodiscard]] std::optional<std::int64_t> integer(const Value& value) const;

 private:
  // Of two texts of one length above eight that begin with the same eight bytes: whether they are the same.
  [[nodiscard]] static bool ends_alike(std::string_view a, std::string_view b) noexcept {
    if (a.size() > 16) return a == b;
    std::uint64_t of_a = 0, of_b = 0;
    std::memcpy(&of_a, a.data() + a.size() - 8, 8);
    std::memcpy(&of_b, b.data() + b.size() - 8, 8);
    return of_a == of_b;
  }
  [[nodiscard]] const Value* find(const Value& object, std::string_view key, std::uint64_t order) const;
  [[nodiscard]] const Value* at(std::uint32_t index) const { return index == 0 ? nullptr : &values_[index]; }
  // Each takes where it begins and returns where it ended, or nothing after stop() or refuse().
  const char* value(const char* at, int depth, std::uint32_t slot);
  const char* children(const char* at, int depth, std::uint32_t parent);
  const char* member_key(const char* at, std::uint32_t slot, std::uint32_t before);
  const char* any_member_key(const char* at, std::uint32_t slot, std::uint32_t before);
  const char* string(const char* at);
  const char* any_string(const char* at);
  const char* escape(const char* at);
  const char* integer_text(const char* at);
  const char* literal(const char* at, std::string_view word);
  const char* expect(const char* at, char c);
  const char* stop(const char* at, const char* problem);    // truncated where the line ends here
  const char* refuse(const char* at, const char* problem);  // malformed
  [[nodiscard]] std::uint32_t offset(const char* at) const {
    return static_cast<std::uint32_t>(at - line_.data());
  }
  void emit(const Value& value, std::string& out) const;

  std::string_view line_;
  const char* end_ = nullptr;
  std::size_t at_ = 0;
  const char* problem_ = "";
  Status status_ = Status::complete;
  bool has_escape_ = false;   // in the string at hand
  bool is_doubtful_ = false;  // something could have been written in another way
  std::uint32_t new_slot();
  std::vector<Value> values_;  // those below count_
  std::uint32_t count_ = 0;
  // Of the whole object's members, side by side, since they are looked for most.
  std::vector<std::uint64_t> orders_;
  std::vector<std::uint32_t> members_;
  std::string emitted_;
};

}  // namespace portcullis::audit
