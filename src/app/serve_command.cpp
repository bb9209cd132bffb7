#include "app/serve_command.hpp"

#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "base/log.hpp"
#include "guard/policy_tests.hpp"

namespace portcullis::app {
namespace {

std::vector<policy::Problem> failed_tests(const policy::PolicySet& policy) {
  std::vector<policy::Problem> failures;
  if (policy.tests().empty()) return failures;
  on_parser_thread([&] { failures = guard::run_policy_tests(policy); });
  return failures;
}

}  // namespace

std::shared_ptr<const policy::PolicySet> load_and_test_policy(const std::filesystem::path& file,
                                                              std::string& problems) {
  std::vector<Problem> found;
  auto policy = load_policy(file, found);
  problems = to_text(found);
  if (!policy) return nullptr;
  const auto failures = failed_tests(*policy);
  problems = policy::to_text(failures, file.string());
  return failures.empty() ? policy : nullptr;
}

int load_and_serve(const std::filesystem::path& file, Console& console, const Serve& serve) {
  const auto loaded = load_config(file);
  if (!loaded.config) {
    console.err << to_text(loaded.problems);
    return kConfiguration;
  }
  // A policy that does not do what its author expects is not the policy that its author meant.
  const auto failures = failed_tests(*loaded.config->policy);
  if (!failures.empty()) {
    console.err << policy::to_text(failures, loaded.config->policy_file.string());
    return kConfiguration;
  }
  for (const auto& warning : loaded.warnings) base::log::warning(warning);
  return serve(*loaded.config);
}

}  // namespace portcullis::app
