#include "app/check_command.hpp"

#include <iterator>

#include "app/catalog_file.hpp"
#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "guard/guard.hpp"

namespace portcullis::app {
namespace {

int exit_code(policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::allow: return kSuccess;
    case policy::Outcome::would_deny: return kWouldDeny;
    case policy::Outcome::deny: return kDenied;
    case policy::Outcome::ask: return kAsk;
  }
  return kDenied;
}

// As the gate does it, but for the record.
guard::Verdict judge(const std::shared_ptr<const policy::PolicySet>& policy, const CheckOptions& options,
                     const catalog::Snapshot* snapshot, const std::string& text) {
  guard::Verdict verdict;
  on_parser_thread([&] {
    const auto bound =
        snapshot == nullptr ? nullptr : std::make_shared<const policy::Bound>(policy->bind(*snapshot));
    const guard::Guard guard(policy, bound);
    const catalog::NameSpace names{options.search_path};
    const guard::Request request{.agent = options.agent,
                                 .names = &names,
                                 .snapshot = snapshot,
                                 .text = text,
                                 .claims = &options.claims};
    const auto facts = sql::analyze(text);
    verdict = facts ? guard.decide(*facts, request) : guard.not_understood(facts.error(), options.agent);
  });
  return verdict;
}

}  // namespace

std::string no_agent(const policy::PolicySet& policy, std::string_view name) {
  std::string names;
  for (const auto& agent : policy.agents()) names += (names.empty() ? "" : ", ") + agent.name;
  return "the policy has no agent \"" + std::string(name) + "\": give one of " + names;
}

int check(const CheckOptions& options, Console& console) {
  const auto snapshot = read_catalog(options.catalog);
  if (!snapshot) {
    console.err << "portcullis: " << snapshot.error().message << "\n";
    return kUsage;
  }
  std::vector<Problem> problems;
  const auto policy = load_policy(options.policy, problems);
  if (!policy) {
    console.err << to_text(problems);
    return kUsage;
  }
  if (policy->agent_by_name(options.agent) == nullptr) {
    console.err << "portcullis: " << no_agent(*policy, options.agent) << "\n";
    return kUsage;
  }
  const std::string text =
      options.sql ? *options.sql : std::string(std::istreambuf_iterator<char>(console.in), {});
  const auto verdict = judge(policy, options, snapshot->get(), text);
  console.out << (options.format == Format::json ? guard::to_json(verdict) + "\n" : to_text(verdict));
  return exit_code(verdict.outcome);
}

}  // namespace portcullis::app
