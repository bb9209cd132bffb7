// One object of the configuration file: typed members with ranges, every complaint at the line and column it
// is about.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/problem.hpp"
#include "policy/json_document.hpp"

namespace portcullis::app {

// Where complaints go, and what relative paths are relative to. One for a file; outlives its sections.
struct ConfigSource {
  std::string file;
  std::filesystem::path folder;
  std::vector<policy::Problem> problems;
};

class ConfigSection {
 public:
  // `what` names the object in messages: "upstream". Source and object must outlive the section.
  ConfigSection(const policy::JsonValue& object, std::string what, ConfigSource& source);

  // Each leaves `target` as it is when the key is absent, and when the value is wrong, which is then a
  // problem.
  void read(std::string_view key, std::string& target);
  void read(std::string_view key, bool& target);
  void read(std::string_view key, std::filesystem::path& target);
  void read(std::string_view key, std::vector<std::string>& target);
  void read_port(std::string_view key, std::uint16_t low, std::uint16_t& target);
  void read_count(std::string_view key, std::int64_t low, std::int64_t high, std::size_t& target);
  // `none`: a word that may stand there for no time at all.
  void read_duration(std::string_view key, std::chrono::milliseconds low, std::chrono::milliseconds high,
                     std::chrono::milliseconds& target, std::string_view none = {});
  void read_size(std::string_view key, std::size_t low, std::size_t high, std::size_t& target);
  // The one of `choices` that stands there, or nothing.
  [[nodiscard]] std::optional<std::string> read_choice(std::string_view key,
                                                       const std::vector<std::string_view>& choices);
  // Null when absent or no object.
  [[nodiscard]] const policy::JsonValue* read_object(std::string_view key);

  void require(std::string_view key, std::string_view what_to_write);
  [[nodiscard]] bool has(std::string_view key) const noexcept { return object_.find(key) != nullptr; }
  [[nodiscard]] const policy::JsonValue& object() const noexcept { return object_; }
  // At the key's value where there is one, else at the object.
  void complain(std::string_view key, std::string message);
  // Every key that nothing above asked for is a problem.
  void finish() { reader_.finish(); }

 private:
  const policy::JsonValue& object_;
  std::string what_;
  ConfigSource& source_;
  policy::ObjectReader reader_;
};

}  // namespace portcullis::app
