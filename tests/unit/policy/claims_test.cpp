// What an agent says about itself can make a judgement stricter and never opens anything.
#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::Claims;

EffectDecision judged(const PolicySet& policy, sql::Effect effect, const Claims& claims) {
  const auto decision =
      policy.evaluate(catalog::resolve_by_name(facts_of({std::move(effect)}), {{"app"}}), {"bot", &claims});
  EXPECT_NE(decision.decisive(), nullptr);
  return decision.decisive() == nullptr ? EffectDecision{} : *decision.decisive();
}

const Claims kSure{"because", 0.9, ""}, kUnsure{"because", 0.7, ""}, kSilent{};

TEST(RequiredReason, MustBeStated) {
  const auto policy = loaded(policy_text(
      rule("write", "allow", "\"insert\", \"update\"", "\"app.t\"", R"(, "require": ["reason"])")));
  const auto insert = effect_on(Action::insert, app("t"));
  expect(judged(policy, insert, kSure), Outcome::allow, Ground::rule, "write", "insert on app.t is allowed");
  expect(judged(policy, insert, kSilent), Outcome::deny, Ground::no_reason, "write",
         "insert on app.t needs a reason: state one with SET portcullis.reason = '...' or a comment "
         "/*reason='...'*/");
  EXPECT_EQ(judge(policy, insert).outcome, Outcome::deny);  // no claims at all
}

TEST(RequiredReason, BindsWhatAnotherRuleAllowsWithout) {
  const auto policy =
      loaded(policy_text(rule("all", "allow", "\"insert\"", "\"app.*\"") + "," +
                         rule("write", "allow", "\"insert\"", "\"app.t\"", R"(, "require": ["reason"])")));
  EXPECT_EQ(judged(policy, effect_on(Action::insert, app("t")), kSilent).outcome, Outcome::deny);
  EXPECT_EQ(judged(policy, effect_on(Action::insert, app("o")), kSilent).outcome, Outcome::allow);
}

TEST(ConfidenceBelow, HoldsWhoIsNotSure) {
  const std::string below = R"(, "when": {"confidence_below": 0.8})";
  const auto policy = loaded(policy_text(rule("write", "allow", "\"update\", \"delete\"", "\"app.t\"") + "," +
                                         rule("unsure", "ask", "\"update\"", "\"app.*\"", below) + "," +
                                         rule("never", "deny", "\"delete\"", "\"app.*\"", below)));
  const auto update = effect_on(Action::update, app("t")), remove = effect_on(Action::delete_, app("t"));
  EXPECT_EQ(judged(policy, update, kSure).outcome, Outcome::allow);
  EXPECT_EQ(judged(policy, update, {"", 0.8, ""}).outcome, Outcome::allow);
  EXPECT_EQ(judged(policy, update, kUnsure).outcome, Outcome::ask);
  EXPECT_EQ(judged(policy, update, kUnsure).rule, "unsure");
  EXPECT_EQ(judged(policy, update, kSilent).outcome, Outcome::ask);
  EXPECT_EQ(judged(policy, remove, kSure).outcome, Outcome::allow);
  EXPECT_EQ(judged(policy, remove, kUnsure).outcome, Outcome::deny);
}

// An agent that calls itself unsure must not get an approval where a sure one gets a refusal.
TEST(ConfidenceBelow, OpensNothing) {
  const auto policy = loaded(policy_text(
      rule("unsure", "ask", "\"update\"", "\"app.*\"", R"(, "when": {"confidence_below": 0.8})")));
  for (const auto& claims : {kSure, kUnsure, kSilent}) {
    EXPECT_EQ(judged(policy, effect_on(Action::update, app("t")), claims).outcome, Outcome::deny);
  }
}

TEST(ConfidenceBelow, HoldsWhatNeedsNoRuleToo) {
  const auto policy = loaded(policy_text(
      rule("unsure", "ask", "\"execute function\"", "\"app.f\"", R"(, "when": {"confidence_below": 0.8})"),
      "", R"(, "functions": {"allow": ["app.f"]})"));
  EXPECT_EQ(judged(policy, call_of(app("f")), kSure).outcome, Outcome::allow);
  EXPECT_EQ(judged(policy, call_of(app("f")), kUnsure).outcome, Outcome::ask);
}

TEST(ConfidenceBelow, IsForRulesThatTighten) {
  const auto message = [](const std::string& text) {
    const auto result = PolicySet::load(policy_text(text));
    return result.problems.empty() ? "" : result.problems.front().message;
  };
  EXPECT_NE(message(rule("r", "allow", "\"select\"", "\"app.t\"", R"(, "when": {"confidence_below": 0.8})"))
                .find("only ask and deny rules have it"),
            std::string::npos);
  EXPECT_NE(message(rule("r", "deny", "\"select\"", "\"app.t\"", R"(, "when": {"confidence_below": 0})"))
                .find("can never match"),
            std::string::npos);
  for (const std::string wrong : {"-0.1", "1.1", "true", "\"0.5\"", "2"}) {
    EXPECT_EQ(message(rule("r", "deny", "\"select\"", "\"app.t\"",
                           R"(, "when": {"confidence_below": )" + wrong + "}")),
              "\"confidence_below\" must be a number from 0 to 1")
        << wrong;
  }
}

TEST(Claims, AreSettingsThatEveryoneMaySet) {
  const auto policy = loaded(policy_text(""));
  for (const std::string name : {"portcullis.reason", "portcullis.confidence", "portcullis.trace"}) {
    EXPECT_EQ(judge(policy, setting_to(name, {"x"})).outcome, Outcome::allow) << name;
  }
  EXPECT_EQ(judge(policy, setting_to("portcullis.other", {"x"})).outcome, Outcome::deny);
  auto unknown = setting_to("portcullis.confidence", {});
  unknown.value_is_constant = false;
  EXPECT_EQ(judge(policy, unknown).outcome, Outcome::deny);
}

TEST(NearestAllowed, IsTheSameDoneToSomethingElseOrElseToTheSame) {
  const auto policy = loaded(policy_text(
      rule("read", "allow", "\"select\", \"copy to stdout\"", "\"app.orders\", \"app.users\"") + "," +
          rule("write", "allow", "\"update\"", "\"app.items\"", R"(, "require": ["where", "reason"])"),
      R"({"id": "pii", "on": ["app.users"]})"));
  const auto nearest = [&](Action action, const std::string& table) {
    return policy.nearest_allowed("bot", judge(policy, effect_on(action, app(table))));
  };
  EXPECT_EQ(nearest(Action::select, "users"), "SELECT on app.orders");
  EXPECT_EQ(nearest(Action::update, "orders"), "UPDATE on app.items with WHERE with a reason");
  EXPECT_EQ(nearest(Action::delete_, "orders"), "SELECT, COPY TO STDOUT on app.orders");
  EXPECT_EQ(nearest(Action::delete_, "other"), "");
}

}  // namespace
}  // namespace portcullis::policy
