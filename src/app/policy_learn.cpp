#include "app/policy_learn.hpp"

#include <fcntl.h>

#include "app/catalog_file.hpp"
#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "app/text_table.hpp"
#include "base/descriptor.hpp"
#include "guard/policy_tests.hpp"
#include "replay/learn.hpp"

namespace portcullis::app {
namespace {

using replay::Lesson;

// Judged as `policy test` does, by names alone and by the database where there is one.
bool test_holds(const policy::PolicySet& policy, const replay::LearntTest& test,
                const catalog::Snapshot* snapshot) {
  policy::PolicyTest one;
  one.as = test.agent;
  one.sql = test.sql;
  one.expect = test.expect;
  if (!test.search_path.empty()) one.search_path = test.search_path;
  return guard::holds(policy, one) && (snapshot == nullptr || guard::holds(policy, one, snapshot));
}

std::string why_beyond(const std::map<replay::Untold, replay::Evidence>& beyond) {
  std::string text;
  for (const auto& [untold, evidence] : beyond) {
    text += "  " + printable(untold.agent) + ": " + printable(untold.why) + ": " +
            std::to_string(evidence.count) + (evidence.count == 1 ? " record, " : " records, ") +
            std::to_string(evidence.first);
    if (evidence.count > 1) text += " to " + std::to_string(evidence.last);
    text += "\n";
  }
  return text;
}

// What is wrong with the file, held against all that it was learnt from; empty: nothing.
std::string objection(const std::string& text, const Lesson& lesson) {
  const auto loaded = policy::PolicySet::load(text);
  if (!loaded.policy) return "what was learnt is no policy:\n" + policy::to_text(loaded.problems, "learnt");
  const auto failures = guard::run_policy_tests(*loaded.policy);
  if (!failures.empty()) return "tests that were learnt do not hold:\n" + policy::to_text(failures, "learnt");
  const auto refused = replay::not_allowed(lesson, *loaded.policy);
  if (refused != lesson.beyond)
    return "the policy does not allow what it was learnt from:\n" + why_beyond(refused);
  return {};
}

bool write_new(const std::filesystem::path& file, const std::string& text) {
  const base::Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  return out.is_open() && base::write_and_sync(out, text) == 0;
}

int deliver(const LearnOptions& options, const Lesson& lesson, const std::string& text, Console& console) {
  if (!options.out) {
    console.out << text;
    return kSuccess;
  }
  if (!write_new(*options.out, text)) {
    console.err << "portcullis: cannot make the file \"" << printable(options.out->string())
                << "\": name one that is not there yet, in a folder that you may write to\n";
    return kFailure;
  }
  console.out << printable(options.out->string()) << ": learnt from " << lesson.decisions << " decisions of "
              << lesson.agents.size() << (lesson.agents.size() == 1 ? " agent\n" : " agents\n");
  return kSuccess;
}

int learn_from(const LearnOptions& options, const Lesson& lesson, const catalog::Snapshot* snapshot,
               Console& console) {
  std::string text, wrong;
  on_parser_thread([&] {
    text = replay::policy_text(lesson, options.name, [&](const auto& policy, const auto& test) {
      return test_holds(policy, test, snapshot);
    });
    wrong = objection(text, lesson);
  });
  if (!wrong.empty()) {
    console.err << "portcullis: " << wrong;
    return kFailure;
  }
  return deliver(options, lesson, text, console);
}

}  // namespace

int learn_policy(const LearnOptions& options, Console& console) {
  const auto snapshot = read_catalog(options.catalog);
  if (!snapshot) {
    console.err << "portcullis: " << snapshot.error().message << "\n";
    return kUsage;
  }
  const auto lesson = replay::learn(options.directory, options.window, options.include_denied);
  if (!lesson) {
    console.err << "portcullis: " << printable(lesson.error().message) << "\n";
    return kUsage;
  }
  if (lesson->agents.empty()) {
    console.err
        << "portcullis: there is nothing to learn from: no decision in this window let anything through\n";
    return kUsage;
  }
  if (!lesson->beyond.empty()) {
    console.err << "portcullis: no policy "
                << (options.partial ? "allows" : "can allow all of it; refused would stay") << ":\n"
                << why_beyond(lesson->beyond);
    if (!options.partial) {
      console.err
          << "Choose another window with --since, --until and --agent, or write what can be allowed with "
             "--partial.\n";
      return kFailure;
    }
  }
  return learn_from(options, *lesson, snapshot->get(), console);
}

}  // namespace portcullis::app
