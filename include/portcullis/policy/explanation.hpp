// What a policy says about one agent, as a person would read it off the file: rule by rule, sorted by what
// the rules name. What that comes to in a database, evaluate() says.
#pragma once

#include <string>
#include <vector>

#include "portcullis/policy/decision.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

struct Explanation {
  // What one rule says about one of the objects that it names.
  struct Permission {
    Outcome outcome = Outcome::deny;
    std::string object;                // "app.*", "app.customers(id, name)"; empty: what is in no schema
    std::vector<std::string> actions;  // as written: "select", "drop *"
    std::string rule;
    std::vector<std::string> conditions;  // "with WHERE", "default none or constant", "monitored only"
  };
  struct Closed {
    std::string protection;
    std::vector<std::string> objects;
    std::vector<std::string> except;  // actions that it leaves to the rules
  };
  bool monitored = false;  // the policy as a whole: what it is against is recorded and goes through
  std::vector<Permission> permissions;  // objects in the file's order, of each object its rules in that order
  std::vector<Closed> protections;
  std::vector<std::string> functions_allowed, functions_denied;  // of every agent
  std::vector<std::string> settings;                             // likewise, beside those that are free

  // What the allow and ask rules name: whatever else an agent does needs no rule or is denied.
  std::vector<sql::Action> opened;
};

}  // namespace portcullis::policy
