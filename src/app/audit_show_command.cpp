#include <nlohmann/json.hpp>

#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/open_sealing_keys.hpp"
#include "app/text_table.hpp"
#include "audit/read.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"
#include "portcullis/policy/decision.hpp"

namespace portcullis::app {
namespace {

bool is_verdict(std::string_view text) {
  using policy::Outcome;
  for (const Outcome outcome : {Outcome::allow, Outcome::would_deny, Outcome::ask, Outcome::deny}) {
    if (text == policy::name(outcome)) return true;
  }
  return false;
}

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
  audit::EntryFilter filter;
  filter.from = options.from;
  filter.to = options.to;
  filter.agent = options.agent;
  filter.verdict = options.verdict;
  if (!options.type.empty()) {
    filter.type = audit::entry_type(options.type);
    if (!filter.type) {
      console.err
          << "portcullis: there are no entries of type \"" << options.type
          << "\": give session, decision, outcome, dry_run, policy, config, erase, hold, read, export, "
             "open, close, recovered, heartbeat or segment\n";
      return kUsage;
    }
  }
  if (!options.verdict.empty() && !is_verdict(options.verdict)) {
    console.err << "portcullis: there is no verdict \"" << options.verdict
                << "\": give allow, would_deny, ask or deny\n";
    return kUsage;
  }
  auto opened = open_sealing_keys(options.sealing_keys);
  if (!opened) {
    console.err << "portcullis: " << printable(opened.error().message) << "\n";
    return kFailure;
  }
  auto* const keys = *opened ? &**opened : nullptr;
  const auto line_of = [&](const audit::EntryReader& entry) {
    if (!options.json) return audit::describe(entry, keys);
    return keys == nullptr ? std::string{entry.line()} : opened_line(entry, *keys);
  };
  const auto shown = audit::for_each_entry(options.directory, filter, [&](const audit::EntryReader& entry) {
    console.out << line_of(entry) << '\n';
    return console.out.good();  // whoever reads may have had enough
  });
  if (shown) return kSuccess;
  console.err << "portcullis: " << printable(shown.error().message) << "\n";
  return kFailure;
}

}  // namespace portcullis::app
