#include "app/config_section.hpp"

#include <algorithm>

#include "app/quantities.hpp"

namespace portcullis::app {

using policy::JsonValue;

ConfigSection::ConfigSection(const JsonValue& object, std::string what, ConfigSource& source)
    : object_(object), what_(std::move(what)), source_(source), reader_(object_, what_, source_.problems) {}

void ConfigSection::complain(std::string_view key, std::string message) {
  const JsonValue* value = object_.find(key);
  const JsonValue& at = value != nullptr ? *value : object_;
  source_.problems.push_back({at.line, at.column, std::move(message)});
}

void ConfigSection::require(std::string_view key, std::string_view what_to_write) {
  if (has(key)) return;
  complain(key, what_ + " lacks \"" + std::string{key} + "\": " + std::string{what_to_write});
}

void ConfigSection::read(std::string_view key, std::string& target) {
  auto value = reader_.take_string(key);
  if (!value) return;
  if (value->empty())
    return complain(key, "\"" + std::string{key} + "\" is empty: leave it out or give it a value");
  // The operating system's calls would read a path or a host only up to there.
  if (value->find('\0') != std::string::npos) {
    return complain(key, "\"" + std::string{key} + "\" holds a zero byte: take it out");
  }
  target = std::move(*value);
}

void ConfigSection::read(std::string_view key, bool& target) {
  target = reader_.take_boolean(key).value_or(target);
}

void ConfigSection::read(std::string_view key, std::filesystem::path& target) {
  std::string text;
  read(key, text);
  if (!text.empty()) target = (source_.folder / text).lexically_normal();
}

void ConfigSection::read(std::string_view key, std::vector<std::string>& target) {
  if (auto value = reader_.take_strings(key)) target = std::move(*value);
}

void ConfigSection::read_port(std::string_view key, std::uint16_t low, std::uint16_t& target) {
  if (const auto value = reader_.take_integer(key, low, 65535)) target = static_cast<std::uint16_t>(*value);
}

void ConfigSection::read_count(std::string_view key, std::int64_t low, std::int64_t high,
                               std::size_t& target) {
  if (const auto value = reader_.take_integer(key, low, high)) target = static_cast<std::size_t>(*value);
}

void ConfigSection::read_duration(std::string_view key, std::chrono::milliseconds low,
                                  std::chrono::milliseconds high, std::chrono::milliseconds& target,
                                  std::string_view none) {
  const auto text = reader_.take_string(key);
  if (!text) return;
  if (!none.empty() && *text == none) {
    target = {};
    return;
  }
  const auto value = parse_duration(*text);
  if (!value) {
    return complain(
        key,
        "\"" + *text + "\" is no duration: write a whole number and ms, s, min, h or d, such as \"30s\"");
  }
  if (*value < low || *value > high) {
    return complain(key, "\"" + *text + "\" is out of range: from " + std::to_string(low.count()) + "ms to " +
                             std::to_string(high.count()) + "ms");
  }
  target = *value;
}

void ConfigSection::read_size(std::string_view key, std::size_t low, std::size_t high, std::size_t& target) {
  const JsonValue* number = object_.find(key);
  if (number != nullptr && number->kind == JsonValue::Kind::integer) {
    return read_count(key, static_cast<std::int64_t>(low), static_cast<std::int64_t>(high), target);
  }
  const auto text = reader_.take_string(key);
  if (!text) return;
  const auto value = parse_size(*text);
  if (!value) {
    return complain(
        key, "\"" + *text + "\" is no size: write a whole number and KiB, MiB or GiB, such as \"16MiB\"");
  }
  if (*value < low || *value > high) {
    return complain(key, "\"" + *text + "\" is out of range: from " + std::to_string(low) + " to " +
                             std::to_string(high) + " bytes");
  }
  target = static_cast<std::size_t>(*value);
}

std::optional<std::string> ConfigSection::read_choice(std::string_view key,
                                                      const std::vector<std::string_view>& choices) {
  auto value = reader_.take_string(key);
  if (!value || std::find(choices.begin(), choices.end(), *value) != choices.end()) return value;
  std::string list;
  for (const auto choice : choices) list += (list.empty() ? "\"" : ", \"") + std::string{choice} + "\"";
  complain(key, "\"" + *value + "\" is no value of \"" + std::string{key} + "\": write one of " + list);
  return std::nullopt;
}

const JsonValue* ConfigSection::read_object(std::string_view key) {
  const JsonValue* value = reader_.take(key);
  if (value == nullptr || value->kind == JsonValue::Kind::object) return value;
  complain(key, "\"" + std::string{key} + "\" is no object: write { ... }");
  return nullptr;
}

}  // namespace portcullis::app
