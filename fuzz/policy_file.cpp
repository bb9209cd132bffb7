// Policy files: whatever the bytes, loading ends with a policy or with problems that stand inside the file,
// and a policy that loaded judges anything.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "portcullis/policy/policy_set.hpp"

using portcullis::policy::PolicySet;
namespace sql = portcullis::sql;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

sql::Facts every_action_on(const sql::Name& name) {
  sql::Facts facts;
  auto& statement = facts.statements.emplace_back();
  for (const auto action : sql::all_actions()) {
    sql::Effect effect{};
    effect.action = action;
    effect.kind = sql::ObjectKind::relation;
    effect.object = name;
    statement.effects.push_back(effect);
  }
  return facts;
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
      const auto facts = every_action_on({{}, schema, "users"});
      const auto decision = policy.evaluate(facts, {agent.name, {"app", "public"}});
      check(decision.effects.size() == facts.statements.front().effects.size() &&
            decision.decisive() != nullptr);
    }
    check(policy.allowed_summary(agent.name, 80).size() <= 80);
  }
  return 0;
}
