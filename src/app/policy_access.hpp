// What an agent may do to each relation of a database: every action on every relation, put to the policy as a
// statement's effects are.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::app {

struct Access {
  policy::Outcome outcome = policy::Outcome::deny;
  std::vector<std::string> columns;  // not the whole relation but these; empty: the whole
  bool needs_where = false;
  std::string by;          // the rule or protection, else the ground: "not covered"
  std::string reason;      // of the decision
  bool uncovered = false;  // no rule names the relation: not that something behind it is shut
  [[nodiscard]] bool allowed() const noexcept { return outcome != policy::Outcome::deny; }
};
// "allow", "allow (id, name)", "allow with WHERE", "deny".
[[nodiscard]] std::string to_text(const Access& access);

struct RelationAccess {
  std::string relation, kind;  // "app.orders", "table"
  std::map<sql::Action, Access> actions;
};

// Those relations that rules can name, by name; of `actions` those that such a relation knows. A column that
// is added is a nullable one without default.
[[nodiscard]] std::vector<RelationAccess> access_in(const policy::PolicySet& policy, std::string_view agent,
                                                    const catalog::Snapshot& snapshot,
                                                    const std::vector<sql::Action>& actions);

}  // namespace portcullis::app
