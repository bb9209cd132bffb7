// Strict JSON with comments for files that people write: every value knows its line and column, a duplicate
// key or any syntax error is a Problem. Used for the policy and for the gate's configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/policy/policy_set.hpp"

namespace portcullis::policy {

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, integer, number, string, array, object };
  struct Member;

  Kind kind = Kind::null;
  std::uint32_t line = 1, column = 1;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string string;
  std::vector<JsonValue> items;  // of an array
  std::vector<Member> members;   // of an object, in the file's order

  [[nodiscard]] const JsonValue* find(std::string_view key) const noexcept;
};
struct JsonValue::Member {
  std::string key;
  std::uint32_t line = 1, column = 1;  // of the key
  JsonValue value;
};

struct JsonDocument {
  std::optional<JsonValue> root;
  std::vector<Problem> problems;  // a file with any has no root
};
// Depth is bounded (64), size too (4 MiB): beyond is a Problem.
[[nodiscard]] JsonDocument read_json(std::string_view text);

// Reads the members of one object with the checks that every strict file needs. Whatever was not asked for
// when finish() is called is an unknown key. Problems go to the vector given, which must outlive the reader.
class ObjectReader {
 public:
  ObjectReader(const JsonValue& object, std::string_view what, std::vector<Problem>& problems);
  // Null when absent. The optional forms report a value of the wrong kind as a Problem and return nothing.
  const JsonValue* take(std::string_view key);
  std::optional<std::string> take_string(std::string_view key);
  std::optional<bool> take_boolean(std::string_view key);
  std::optional<std::int64_t> take_integer(std::string_view key, std::int64_t low, std::int64_t high);
  std::optional<std::vector<std::string>> take_strings(std::string_view key);
  void finish();

 private:
  const JsonValue& object_;
  std::string what_;
  std::vector<Problem>& problems_;
  std::vector<std::string> known_;
};

}  // namespace portcullis::policy
