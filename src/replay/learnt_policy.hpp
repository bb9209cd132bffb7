// Grants as the rules of a policy file.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "replay/learn.hpp"

namespace portcullis::replay {

struct LearntRule {
  std::string id;
  std::vector<std::string> words;  // the actions
  std::vector<std::pair<std::string, sql::Name>>
      on;  // patterns, and the objects they name; none: what has no schema
  bool requires_where = false;
  std::string when;  // JSON; empty: none
  std::vector<std::string> agents;
  std::set<Deed> deeds;
};

// One rule for all objects with the same actions under the same conditions, and for all agents with the same
// rule.
[[nodiscard]] std::vector<LearntRule> rules_of(const Lesson& lesson);

// The file without evidence and tests.
[[nodiscard]] std::string bare_policy_text(const Lesson& lesson);

}  // namespace portcullis::replay
