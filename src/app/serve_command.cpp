#include "app/serve_command.hpp"

#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "base/log.hpp"
#include "guard/policy_tests.hpp"

namespace portcullis::app {
namespace {

// As lines of text; empty where the policy does what its author expects.
std::string failed_tests(const policy::PolicySet& policy, const std::filesystem::path& file) {
  if (policy.tests().empty()) return {};
  std::vector<policy::Problem> failures;
  on_parser_thread([&] { failures = guard::run_policy_tests(policy); });
  return policy::to_text(failures, file.string());
}

}  // namespace

std::shared_ptr<const policy::PolicySet> load_and_test_policy(const std::filesystem::path& file,
                                                              std::string& problems) {
  std::vector<Problem> found;
  auto policy = load_policy(file, found);
  problems = to_text(found);
  if (!policy) return nullptr;
  problems = failed_tests(*policy, file);
  return problems.empty() ? policy : nullptr;
}

int load_and_serve(const std::filesystem::path& file, Console& console, const Serve& serve) {
  const auto loaded = load_config(file);
  if (!loaded.config) {
    console.err << to_text(loaded.problems);
    return kConfiguration;
  }
  // A policy that does not do what its author expects is not the policy that its author meant.
  const auto failures = failed_tests(*loaded.config->policy, loaded.config->policy_file);
  if (!failures.empty()) {
    console.err << failures;
    return kConfiguration;
  }
  for (const auto& warning : loaded.warnings) base::log::warning(warning);
  return serve(*loaded.config);
}

}  // namespace portcullis::app
