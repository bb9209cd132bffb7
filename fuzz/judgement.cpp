// Any bytes as a statement, judged as the gate does it: analysis, a catalog with something behind every
// table, a policy with protections. It ends, is bounded, is the same twice, and the strictest effect decides.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "portcullis/policy/policy_set.hpp"
#include "sql/analyze.hpp"
#include "tests/unit/judgement/judged_shop.hpp"

namespace catalog = portcullis::catalog;
namespace policy = portcullis::policy;
namespace sql = portcullis::sql;

namespace {

// Small enough for the stack of libFuzzer's own thread.
constexpr sql::AnalysisLimits kLimits{.bytes = 1u << 16, .tokens = 5'000, .tree_depth = 1'000};

void require(bool holds) {
  if (!holds) std::abort();
}

struct World {
  std::shared_ptr<const catalog::Snapshot> snapshot = portcullis::testing::judged_shop();
  policy::PolicySet policy = load();
  policy::Bound bound = policy.bind(*snapshot);
  catalog::NameSpace names{{"app", "public"}};

  static policy::PolicySet load() {
    auto loaded = policy::PolicySet::load(portcullis::testing::kJudgedPolicy);
    require(loaded.policy.has_value());
    return std::move(*loaded.policy);
  }
};

bool same(const catalog::ResolvedEffect& a, const catalog::ResolvedEffect& b) {
  return a.effect.action == b.effect.action && a.effect.kind == b.effect.kind &&
         a.effect.object == b.effect.object && a.effect.columns == b.effect.columns &&
         a.all_columns == b.all_columns && a.via == b.via && a.cause == b.cause && a.through == b.through &&
         a.oid == b.oid && a.missing == b.missing && a.arguments == b.arguments;
}

// Causes come first, what is written has none, columns are sorted.
void check_resolution(const catalog::Resolution& resolution, bool has_catalog) {
  require(resolution.has_catalog == has_catalog && resolution.effects.size() <= catalog::kMaxEffects + 1);
  for (std::size_t i = 0; i < resolution.effects.size(); ++i) {
    const auto& effect = resolution.effects[i];
    require(effect.cause < static_cast<std::int32_t>(i));
    require((effect.via == catalog::Via::written) == (effect.cause < 0));
    require(effect.through.empty() == (effect.cause < 0));
    require(!effect.missing || effect.oid == catalog::kNoOid);
  }
}

// What is protected here by every route: nothing that reads it may come to be allowed.
bool is_protected(const policy::EffectDecision& effect) {
  const auto& object = effect.object;
  if (effect.kind != sql::ObjectKind::relation) return false;
  return object.schema == "secret" || (object.schema == "app" && object.name == "users");
}

void check_decision(const policy::Decision& decision, std::size_t effects, std::size_t size) {
  require(decision.effects.size() <= effects);
  auto strictest = policy::Outcome::allow;
  for (const auto& effect : decision.effects) {
    strictest = std::max(strictest, effect.outcome);
    require(effect.location < static_cast<std::int64_t>(size));
    require(effect.outcome == policy::Outcome::allow || !effect.reason.empty());
    require(!is_protected(effect) || effect.outcome == policy::Outcome::deny);
  }
  require(decision.outcome == strictest);
  const auto* decisive = decision.decisive();
  require(decision.effects.empty() == (decisive == nullptr));
  require(decisive == nullptr || decisive->outcome == strictest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto facts = sql::analyze(text, kLimits);
  if (!facts) return 0;

  const auto resolution = catalog::resolve(*facts, *world.snapshot, world.names);
  const auto again = catalog::resolve(*facts, *world.snapshot, world.names);
  check_resolution(resolution, true);
  require(std::equal(resolution.effects.begin(), resolution.effects.end(), again.effects.begin(),
                     again.effects.end(), same));
  const auto decision = world.policy.evaluate(resolution, {"bot"}, &world.bound);
  check_decision(decision, resolution.effects.size(), size);
  require(decision.effects.size() == resolution.effects.size());

  const auto by_name = catalog::resolve_by_name(*facts, world.names);
  check_resolution(by_name, false);
  check_decision(world.policy.evaluate(by_name, {"bot"}), by_name.effects.size(), size);

  const auto stranger = world.policy.evaluate(resolution, {"nobody"}, &world.bound);
  require(stranger.outcome == policy::Outcome::deny);
  return 0;
}
