// Writes canonical JSON (RFC 8785) within what the log uses: objects, arrays, strings, whole numbers,
// booleans. Keys are given in ascending order by the caller; the verifier, which shares no code with this
// file, checks that they were.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace portcullis::audit {

// `text` must be valid UTF-8.
void append_string(std::string& out, std::string_view text);
void append_number(std::string& out, std::int64_t number);

// Where, in an object's text, the fields go that only the writer thread knows: ,"b":.. ,"e":.. ,"i":..
// ,"prev":..
struct Slots {
  std::array<std::size_t, 4> at{};
};

// One object. Bytes that are not valid UTF-8 are kept as base64 under the key with "_base64" behind it.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out, Slots* slots = nullptr);

  void text(std::string_view key, std::string_view bytes);
  void text_unless_empty(std::string_view key, std::string_view bytes);
  void number(std::string_view key, std::int64_t number);
  void number(std::string_view key, std::uint64_t number);
  void boolean(std::string_view key, bool value);
  // Writes the key only; the caller appends the value. No key has a letter that needs an escape.
  void key(std::string_view key);
  void end();

  // False once a number was outside what RFC 8785 can hold exactly.
  [[nodiscard]] bool in_range() const noexcept { return in_range_; }

 private:
  void place_slots(std::string_view next_key);

  std::string& out_;
  Slots* slots_;
  std::size_t placed_ = 0;
  bool first_ = true;
  bool in_range_ = true;
};

// An array; each element is appended to the text by the caller after next().
class ArrayWriter {
 public:
  explicit ArrayWriter(std::string& out) : out_(out) { out_ += '['; }
  void next() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  // A string, or {"base64":...} when it is not valid UTF-8.
  void text(std::string_view bytes);
  void end() { out_ += ']'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace portcullis::audit
