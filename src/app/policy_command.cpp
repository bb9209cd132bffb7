#include "app/policy_command.hpp"

#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "guard/policy_tests.hpp"

namespace portcullis::app {
namespace {

bool test_policy(const std::filesystem::path& file, Console& console) {
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
  const auto failures = guard::run_policy_tests(*policy);
  console.err << policy::to_text(failures, file.string());
  console.out << file.string() << ": " << count - failures.size() << " of " << count << " tests passed\n";
  return failures.empty();
}

}  // namespace

int test_policies(const std::vector<std::filesystem::path>& files, Console& console) {
  bool passed = true;
  on_parser_thread([&] {
    for (const auto& file : files) passed = test_policy(file, console) && passed;
  });
  return passed ? kSuccess : kFailure;
}

}  // namespace portcullis::app
