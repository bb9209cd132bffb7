// Policy files: whatever the bytes, loading ends with a policy or with problems that stand inside the file,
// and a policy that loaded judges anything.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "portcullis/policy/policy_set.hpp"

using portcullis::policy::PolicySet;
namespace catalog = portcullis::catalog;
namespace sql = portcullis::sql;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// As written, and again as what the one before brings about, with and without columns.
catalog::Resolution every_action_on(const sql::Name& name) {
  catalog::Resolution resolution;
  resolution.has_catalog = true;
  for (const auto action : sql::all_actions()) {
    catalog::ResolvedEffect found;
    found.effect.action = action;
    found.effect.kind = sql::ObjectKind::relation;
    found.effect.object = name;
    found.all_columns = resolution.effects.size() % 2 == 0;
    resolution.effects.push_back(found);
    found.cause = static_cast<std::int32_t>(resolution.effects.size()) - 1;
    found.via = found.all_columns ? catalog::Via::view : catalog::Via::inheritance;
    found.effect.columns = {"id"};
    resolution.effects.push_back(found);
  }
  return resolution;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = PolicySet::load(text);
  check(loaded.policy.has_value() == loaded.problems.empty());
  for (const auto& problem : loaded.problems) {
    check(problem.line >= 1 && problem.column >= 1 && problem.column <= size + 1 && !problem.message.empty());
  }
  if (!loaded.policy) return 0;
  const PolicySet& policy = *loaded.policy;
  check(policy.bytes() == text && policy.hash().size() == 64 && !policy.agents().empty());
  for (const auto& agent : policy.agents()) {
    for (const auto* schema : {"", "app", "pg_catalog"}) {
      const auto resolution = every_action_on({{}, schema, "users"});
      const auto decision = policy.evaluate(resolution, {agent.name});
      check(decision.effects.size() == resolution.effects.size() && decision.decisive() != nullptr);
    }
    check(policy.allowed_summary(agent.name, 80).size() <= 80);
  }
  return 0;
}
