// That a message changes no more rows than the policy lets it is to be counted while it runs.
#pragma once

#include <string>

#include "portcullis/policy/policy_set.hpp"

namespace portcullis::session {

struct RowDuty {
  policy::RowLimit limit;
  // It ends a transaction: counted is what was put off until then.
  bool at_commit = false;
  bool is_one_statement = true;
  bool runs_at_bind = false;  // planning it may run code already
  std::string subject;        // for people: "UPDATE"
};

}  // namespace portcullis::session
