#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/text_table.hpp"
#include "audit/read.hpp"
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

}  // namespace

int show_audit(const ShowOptions& options, Console& console) {
  audit::EntryFilter filter;
  filter.from = options.from;
  filter.to = options.to;
  filter.agent = options.agent;
  filter.verdict = options.verdict;
  if (!options.type.empty()) {
    filter.type = audit::entry_type(options.type);
    if (!filter.type) {
      console.err << "portcullis: there are no entries of type \"" << options.type
                  << "\": give session, decision, outcome, dry_run, policy, config, open, close, recovered, "
                     "heartbeat "
                     "or segment\n";
      return kUsage;
    }
  }
  if (!options.verdict.empty() && !is_verdict(options.verdict)) {
    console.err << "portcullis: there is no verdict \"" << options.verdict
                << "\": give allow, would_deny, ask or deny\n";
    return kUsage;
  }
  const auto shown = audit::for_each_entry(options.directory, filter, [&](const audit::EntryReader& entry) {
    console.out << (options.json ? std::string{entry.line()} : audit::describe(entry)) << '\n';
    return console.out.good();  // whoever reads may have had enough
  });
  if (shown) return kSuccess;
  console.err << "portcullis: " << printable(shown.error().message) << "\n";
  return kFailure;
}

}  // namespace portcullis::app
