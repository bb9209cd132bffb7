#include <nlohmann/json.hpp>

#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/open_sealing_keys.hpp"
#include "app/text_table.hpp"
#include "audit/read.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::app {
namespace {

std::string_view why_not(audit::Unsealed::State state) {
  switch (state) {
    case audit::Unsealed::State::erased: return "erased";
    case audit::Unsealed::State::wrong: return "wrong key";
    default: return "unreadable";
  }
}

// The entry as it stands, with what could be opened behind its last member.
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
  line += ",\"opened\":" + opened.dump();
  if (!unopened.empty()) line += ",\"unopened\":" + unopened.dump();
  return line + "}";
}

}  // namespace

base::Result<std::optional<audit::Unsealer>> open_sealing_keys(
    const std::optional<std::filesystem::path>& folder) {
  std::optional<audit::Unsealer> keys;
  if (!folder) return keys;
  auto opened = audit::Unsealer::open(*folder);
  if (!opened) return opened.error();
  keys = std::move(*opened);
  return keys;
}

int show_audit(const ShowOptions& options, Console& console) {
  auto read = to_read_options(options.filter);
  if (!read) return fail(console, kUsage, read.error());
  if (options.filter.record.empty()) {
    read->filter.from = options.from;
    read->filter.to = options.to;
  }
  auto opened = open_sealing_keys(options.sealing_keys);
  if (!opened) return fail(console, kFailure, opened.error());
  auto* const keys = *opened ? &**opened : nullptr;
  const auto line_of = [&](const audit::EntryReader& entry) {
    if (!options.json) return audit::describe(entry, keys);
    return keys == nullptr ? std::string{entry.line()} : opened_line(entry, *keys);
  };
  const auto shown = audit::read_entries(options.directory, *read,
                                         [&](const audit::EntryReader& entry, const audit::SessionFacts*) {
                                           console.out << line_of(entry) << '\n';
                                           return console.out.good();  // whoever reads may have had enough
                                         });
  return shown ? kSuccess : fail(console, kFailure, shown.error());
}

int fail(Console& console, int code, const base::Error& error) {
  console.err << "portcullis: " << printable(error.message) << "\n";
  return code;
}

}  // namespace portcullis::app
