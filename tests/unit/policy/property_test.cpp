// What must hold for any policy and any statement: drawn at random from a fixed seed, so that a failure
// repeats.
#include <algorithm>
#include <array>
#include <iterator>
#include <random>

#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;

constexpr int kRounds = 400;

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_);
  }
  template <class Items>
  auto one_of(const Items& items) {
    return items[below(std::size(items))];
  }

 private:
  std::mt19937 engine_;
};

constexpr const char* kActions[] = {"select", "insert",        "update", "delete",  "truncate",
                                    "drop *", "alter table *", "all",    "comment", "copy to stdout"};
constexpr const char* kObjects[] = {"app.a", "app.b", "app.c", "app.*", "public.a", "public.secret", "*.*"};
constexpr const char* kTo[] = {"*", "bot", "etl", "other"};

std::string random_rule(Dice& dice, int number, const std::string& verb) {
  std::string rule = R"({"id": "r)" + std::to_string(number) + "\", \"" + verb + "\": [\"" +
                     dice.one_of(kActions) + R"("], "on": [")" + dice.one_of(kObjects) + R"("], "to": [")" +
                     dice.one_of(kTo) + "\"]";
  if (verb == "ask") rule += R"(, "of": {"reviewers": "dba"})";
  return rule + "}";
}

std::vector<std::string> random_rules(Dice& dice) {
  std::vector<std::string> rules;
  const auto count = static_cast<int>(dice.below(8));
  for (int i = 0; i < count; ++i)
    rules.push_back(random_rule(dice, i, std::array{"allow", "ask", "deny"}[dice.below(3)]));
  return rules;
}

std::string joined(const std::vector<std::string>& rules) {
  std::string text;
  for (const auto& rule : rules) text += (text.empty() ? "" : ",\n") + rule;
  return text;
}

sql::Facts random_facts(Dice& dice) {
  sql::Facts facts;
  const auto statements = 1 + dice.below(2);
  for (std::size_t s = 0; s < statements; ++s) {
    auto& statement = facts.statements.emplace_back();
    const auto effects = dice.below(4);
    for (std::size_t e = 0; e < effects; ++e) {
      const sql::Name object{{},
                             std::array{"", "app", "public"}[dice.below(3)],
                             std::array{"a", "b", "c", "secret"}[dice.below(4)]};
      statement.effects.push_back(effect_on(dice.one_of(sql::all_actions()), object));
    }
  }
  return facts;
}

Outcome outcome(const std::vector<std::string>& rules, const sql::Facts& facts,
                const std::string& protections = "") {
  return decide(loaded(policy_text(joined(rules), protections)), facts, {"app", "public"}).outcome;
}

TEST(PolicyProperties, AnAllowRuleNeverDenies) {
  Dice dice(1);
  for (int round = 0; round < kRounds; ++round) {
    auto rules = random_rules(dice);
    const auto facts = random_facts(dice);
    const auto before = outcome(rules, facts);
    rules.push_back(random_rule(dice, 100, "allow"));
    EXPECT_LE(outcome(rules, facts), before) << joined(rules);
  }
}

TEST(PolicyProperties, ADenyRuleNeverAllows) {
  Dice dice(2);
  for (int round = 0; round < kRounds; ++round) {
    auto rules = random_rules(dice);
    const auto facts = random_facts(dice);
    const auto before = outcome(rules, facts);
    rules.push_back(random_rule(dice, 100, "deny"));
    EXPECT_GE(outcome(rules, facts), before) << joined(rules);
  }
}

TEST(PolicyProperties, TheOrderOfRulesMeansNothing) {
  Dice dice(3);
  for (int round = 0; round < kRounds; ++round) {
    auto rules = random_rules(dice);
    const auto facts = random_facts(dice);
    const auto before = outcome(rules, facts);
    std::reverse(rules.begin(), rules.end());
    EXPECT_EQ(outcome(rules, facts), before) << joined(rules);
  }
}

TEST(PolicyProperties, AProtectionHoldsWhateverTheRulesSay) {
  Dice dice(4);
  int touched = 0;
  for (int round = 0; round < kRounds; ++round) {
    auto rules = random_rules(dice);
    // One that covers more than the protected object, for a rule that the protection swallows does not load.
    std::erase_if(rules,
                  [](const std::string& rule) { return rule.find("public.secret\"]") != std::string::npos; });
    rules.push_back(R"({"id": "open", "allow": ["all"], "on": ["app.a", "public.secret"], "to": ["*"]})");
    const auto facts = random_facts(dice);
    bool touches = false;
    for (const auto& statement : facts.statements) {
      for (const auto& effect : statement.effects) {
        touches = touches || (effect.object.name == "secret" && effect.object.schema != "app");
      }
    }
    if (!touches) continue;
    ++touched;
    const auto policy = loaded(policy_text(joined(rules), R"({"id": "p", "on": ["public.secret"]})"));
    const auto decision = decide(policy, facts, {"app", "public"});
    EXPECT_EQ(decision.outcome, Outcome::deny);
    ASSERT_NE(decision.decisive(), nullptr);
    EXPECT_EQ(decision.decisive()->rule, "p");
  }
  EXPECT_GT(touched, kRounds / 10);
}

TEST(PolicyProperties, AWholeTextIsAsStrictAsItsStrictestEffect) {
  Dice dice(5);
  for (int round = 0; round < kRounds; ++round) {
    const auto policy = loaded(policy_text(joined(random_rules(dice))));
    const auto facts = random_facts(dice);
    const auto decision = decide(policy, facts, {"app", "public"});
    Outcome strictest = Outcome::allow;
    for (const auto& effect : decision.effects) strictest = std::max(strictest, effect.outcome);
    EXPECT_EQ(decision.outcome, strictest);
    EXPECT_EQ(decision.effects.size(), catalog::resolve_by_name(facts, {{"app", "public"}}).effects.size());
  }
}

}  // namespace
}  // namespace portcullis::policy
