#include "app/policy_command.hpp"

#include "app/catalog_file.hpp"
#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "guard/policy_tests.hpp"

namespace portcullis::app {
namespace {

// As the gate does when it loads a policy: what was meant to be closed must be there.
bool fits_database(const policy::PolicySet& policy, const std::string& file,
                   const catalog::Snapshot& snapshot, Console& console) {
  const auto bound = policy.bind(snapshot);
  console.err << policy::to_text(bound.errors, file) << policy::to_text(bound.warnings, file);
  return bound.errors.empty();
}

bool test_policy(const std::filesystem::path& file, const catalog::Snapshot* snapshot, Console& console) {
  std::vector<Problem> problems;
  const auto policy = load_policy(file, problems);
  if (!policy) {
    console.err << to_text(problems);
    return false;
  }
  const std::size_t count = policy->tests().size();
  if (count == 0) {
    console.err << file.string() << ": has no tests: write some under \"tests\"\n";
    return false;
  }
  const bool fits = snapshot == nullptr || fits_database(*policy, file.string(), *snapshot, console);
  const auto failures = guard::run_policy_tests(*policy, snapshot);
  console.err << policy::to_text(failures, file.string());
  console.out << file.string() << ": " << count - failures.size() << " of " << count << " tests passed\n";
  return fits && failures.empty();
}

}  // namespace

int test_policies(const std::vector<std::filesystem::path>& files,
                  const std::optional<std::filesystem::path>& catalog, Console& console) {
  const auto snapshot = read_catalog(catalog);
  if (!snapshot) {
    console.err << "portcullis: " << snapshot.error().message << "\n";
    return kUsage;
  }
  bool passed = true;
  on_parser_thread([&] {
    for (const auto& file : files) passed = test_policy(file, snapshot->get(), console) && passed;
  });
  return passed ? kSuccess : kFailure;
}

}  // namespace portcullis::app
