#include "app/opened_entry.hpp"

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::app {
namespace {

// No entry has a member of this name, and in a string a quote has a backslash before it.
constexpr std::string_view kOpened = ",\"opened\":";

std::string_view why_not(audit::Unsealed::State state) {
  switch (state) {
    case audit::Unsealed::State::erased: return "erased";
    case audit::Unsealed::State::wrong: return "wrong key";
    default: return "unreadable";
  }
}

}  // namespace

std::string opened_line(const audit::EntryReader& entry, audit::Unsealer& keys) {
  std::string line(entry.line());
  const auto sealed = entry.sealed();
  if (!sealed) return line;
  auto opened = nlohmann::json::object(), unopened = nlohmann::json::object();
  for (const auto& field : sealed->fields) {
    const std::string name(field.name);
    const auto result = keys.open(entry, field.name);
    if (result.state != audit::Unsealed::State::open) {
      unopened[name] = why_not(result.state);
    } else if (base::is_valid_utf8(result.value)) {
      opened[name] = result.value;
    } else {
      opened[name + "_base64"] = base::to_base64(result.value);
    }
  }
  line.pop_back();
  line.append(kOpened).append(opened.dump());
  if (!unopened.empty()) line += ",\"unopened\":" + unopened.dump();
  return line + "}";
}

std::string line_in_log(std::string_view opened) {
  const auto at = opened.find(kOpened);
  if (at == std::string_view::npos) return std::string(opened);
  return std::string(opened.substr(0, at)) + "}";
}

}  // namespace portcullis::app
