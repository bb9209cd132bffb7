// The strict reading of one object: kinds, ranges, and keys that nobody asked for.
#include <algorithm>

#include "policy/json_document.hpp"
#include "policy/suggest.hpp"

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;

std::string_view kind_name(Kind kind) noexcept {
  switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return "true or false";
    case Kind::integer: return "a whole number";
    case Kind::number: return "a number with a fraction";
    case Kind::string: return "a string";
    case Kind::array: return "a list";
    case Kind::object: return "an object";
  }
  return "a value";
}

void report_kind(const JsonValue& value, std::string_view key, Kind expected,
                 std::vector<Problem>& problems) {
  problems.push_back({value.line, value.column,
                      "\"" + std::string(key) + "\" must be " + std::string(kind_name(expected)) + ", not " +
                          std::string(kind_name(value.kind))});
}

}  // namespace

ObjectReader::ObjectReader(const JsonValue& object, std::string_view what, std::vector<Problem>& problems)
    : object_(object), what_(what), problems_(problems) {}

const JsonValue* ObjectReader::take(std::string_view key) {
  known_.emplace_back(key);
  return object_.find(key);
}

std::optional<std::string> ObjectReader::take_string(std::string_view key) {
  const JsonValue* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Kind::string) return value->string;
  report_kind(*value, key, Kind::string, problems_);
  return std::nullopt;
}

std::optional<bool> ObjectReader::take_boolean(std::string_view key) {
  const JsonValue* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Kind::boolean) return value->boolean;
  report_kind(*value, key, Kind::boolean, problems_);
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::take_integer(std::string_view key, std::int64_t low,
                                                       std::int64_t high) {
  const JsonValue* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != Kind::integer) {
    report_kind(*value, key, Kind::integer, problems_);
  } else if (value->integer < low || value->integer > high) {
    problems_.push_back({value->line, value->column,
                         "\"" + std::string(key) + "\" is " + std::to_string(value->integer) +
                             ": write a number from " + std::to_string(low) + " to " + std::to_string(high)});
  } else {
    return value->integer;
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> ObjectReader::take_strings(std::string_view key) {
  const JsonValue* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != Kind::array) {
    report_kind(*value, key, Kind::array, problems_);
    return std::nullopt;
  }
  std::vector<std::string> strings;
  for (const JsonValue& item : value->items) {
    if (item.kind != Kind::string) {
      problems_.push_back({item.line, item.column,
                           "\"" + std::string(key) + "\" is a list of strings, this is " +
                               std::string(kind_name(item.kind))});
      return std::nullopt;
    }
    strings.push_back(item.string);
  }
  return strings;
}

void ObjectReader::finish() {
  for (const auto& member : object_.members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    problems_.push_back(
        {member.line, member.column,
         "unknown key \"" + member.key + "\" in " + what_ + did_you_mean(member.key, known_)});
  }
}

}  // namespace portcullis::policy
