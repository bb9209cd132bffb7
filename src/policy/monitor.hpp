// Mode "monitor": what rules would refuse that are not in force yet.
#pragma once

#include <optional>
#include <vector>

#include "policy/rules.hpp"
#include "portcullis/catalog/resolution.hpp"

namespace portcullis::policy {

// By effect of the resolution; nothing for what a name could have meant beside PostgreSQL's own.
using Judged = std::vector<std::optional<EffectDecision>>;

// `held` is the judgement by the rules that are in force, `meant` that by all rules. A rule that is not in
// force changes nothing but the record; a policy that is not in force as a whole lets through what only its
// rules are against, and never what may_pass() says no to.
[[nodiscard]] Judged with_monitored(const PolicyData& policy, const catalog::Resolution& resolution,
                                    Judged held, Judged meant);

}  // namespace portcullis::policy
