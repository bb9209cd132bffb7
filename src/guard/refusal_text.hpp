// The sentences that an agent reads when it is refused. Everything stands in the message, for many servers
// between the agent and the gate pass on nothing else.
#pragma once

#include <string_view>

#include "portcullis/base/error.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::guard {

// SQLSTATE 42501, or PostgreSQL's own for what is not there; the message without a record's number, all
// refused effects as detail where there are several, what to do as hint, and where in `text` the trouble is.
// `decision` is one that does not allow.
[[nodiscard]] base::Error refusal_of(const policy::PolicySet& policy, const policy::Decision& decision,
                                     std::string_view agent, std::string_view text);

}  // namespace portcullis::guard
