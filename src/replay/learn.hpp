// The least policy by which what a log holds would have been allowed.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "portcullis/base/result.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "replay/grants.hpp"
#include "replay/replay.hpp"

namespace portcullis::replay {

// Decisions that are alike: one of them, and the records of all.
struct Shape {
  PastDecision past;
  Sightings seen;
  std::vector<std::string> texts;  // some of them
  std::string beyond;              // why no policy allows it: nothing is learnt of it then; empty: one does
};

struct LearntAgent {
  std::string login, owner;
  Grants grants;
};

struct Lesson {
  std::map<std::string, LearntAgent> agents;
  std::vector<Shape> shapes;
  std::uint64_t decisions = 0;
  // What no policy allows, or what cannot be told: which records, and why.
  std::map<Untold, Evidence> beyond;
};

// What went through in the window, and with `denied` what was refused by its effects too. 58030 as
// for_each_entry().
[[nodiscard]] base::Result<Lesson> learn(const std::filesystem::path& log, const Window& window, bool denied);

// A statement for "tests".
struct LearntTest {
  std::string agent, sql;
  std::vector<std::string> search_path;  // empty: what tests have
  policy::Outcome expect = policy::Outcome::allow;
};
// Whether `policy` says of the statement what the test expects, as `portcullis policy test` would.
using Holds = std::function<bool(const policy::PolicySet& policy, const LearntTest& test)>;

// The file. Tests are chosen among the statements that were kept, and made up for what stays refused; only
// those that hold.
[[nodiscard]] std::string policy_text(const Lesson& lesson, const std::string& name, const Holds& holds);

// The records that the policy does not allow, of those it was learnt from.
[[nodiscard]] std::map<Untold, Evidence> not_allowed(const Lesson& lesson, const policy::PolicySet& policy);

}  // namespace portcullis::replay
