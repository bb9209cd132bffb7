#include "app/check_command.hpp"

#include <iterator>

#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "guard/guard.hpp"

namespace portcullis::app {
namespace {

int exit_code(policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::allow: return kSuccess;
    case policy::Outcome::deny: return kDenied;
    case policy::Outcome::ask: return kAsk;
  }
  return kDenied;
}

std::string agent_names(const policy::PolicySet& policy) {
  std::string names;
  for (const auto& agent : policy.agents()) names += (names.empty() ? "" : ", ") + agent.name;
  return names;
}

// As the gate does it, but for the record.
guard::Verdict judge(const std::shared_ptr<const policy::PolicySet>& policy, const CheckOptions& options,
                     const std::string& text) {
  guard::Verdict verdict;
  on_parser_thread([&] {
    const guard::Guard guard(policy);
    const guard::Request request{.agent = options.agent, .search_path = &options.search_path, .text = text};
    const auto facts = sql::analyze(text);
    verdict = facts ? guard.decide(*facts, request) : guard.refuse(facts.error(), request);
  });
  return verdict;
}

}  // namespace

int check(const CheckOptions& options, Console& console) {
  std::vector<Problem> problems;
  const auto policy = load_policy(options.policy, problems);
  if (!policy) {
    console.err << to_text(problems);
    return kUsage;
  }
  if (policy->agent_by_name(options.agent) == nullptr) {
    console.err << "portcullis: the policy has no agent \"" << options.agent << "\": give one of "
                << agent_names(*policy) << "\n";
    return kUsage;
  }
  const std::string text =
      options.sql ? *options.sql : std::string(std::istreambuf_iterator<char>(console.in), {});
  const auto verdict = judge(policy, options, text);
  console.out << (options.format == Format::json ? to_json(verdict) : to_text(verdict));
  return exit_code(verdict.outcome);
}

}  // namespace portcullis::app
