// One effect + policy -> decision. The order of judgement is in effect_judge.cpp, what is special about calls
// in effect_judge_calls.cpp.
#pragma once

#include <string>
#include <vector>

#include "policy/rule_match.hpp"
#include "policy/rules.hpp"
#include "policy/standing.hpp"
#include "portcullis/catalog/resolution.hpp"

namespace portcullis::policy {

// What all effects of one resolution are judged by.
struct Case {
  const PolicyData& policy;
  const std::vector<std::size_t>& rules;  // of the agent
  bool has_catalog = false;
  const Bound* bound = nullptr;
  std::string json_cast{};  // a cast to json that the policy does not allow
  bool has_reason = false;  // what the agent says about itself
  double confidence = 0;
};

// How an effect was allowed, or asked for: those that it brings about may follow it.
struct Coverage {
  Outcome outcome = Outcome::deny;
  const Rule* rule = nullptr;  // null: it needs none
  bool opens_view = false;     // what the view's definition reads is allowed with the view
  bool has_where = false;      // of the statement that does it
};

class EffectJudge {
 public:
  // All of it must outlive the judge. `cause` is that of the effect that brings this one about.
  EffectJudge(const Case& all, const catalog::ResolvedEffect& effect, const Coverage& cause,
              std::string route);

  [[nodiscard]] EffectDecision judge();
  // Once judged.
  [[nodiscard]] Coverage coverage() const;

 private:
  [[nodiscard]] bool is_cascade_of_judged() const;
  [[nodiscard]] EffectDecision judge_cascade();
  [[nodiscard]] bool refused_by_protection();
  [[nodiscard]] bool refused_by_denial();
  [[nodiscard]] bool refused_as_missing();
  [[nodiscard]] bool refused_by_standing();
  void weigh();
  void ask_or_allow(const Rule& rule);
  void allow_function();
  void deny_for_good();

  [[nodiscard]] const Protection* protection_of(std::string& reason) const;
  [[nodiscard]] bool touches(const ObjectPattern& pattern, std::string& reason) const;
  [[nodiscard]] std::string out_of_reach() const;
  [[nodiscard]] bool is_users_function() const;
  [[nodiscard]] bool is_allowed_function() const;
  [[nodiscard]] std::string broken_pin() const;
  [[nodiscard]] bool fills_up_shipped_list() const;
  [[nodiscard]] bool uses_schema(std::string_view schema) const;
  [[nodiscard]] EffectDecision judge_argument(const sql::Effect& named) const;
  [[nodiscard]] EffectDecision judge_as_written(const sql::Effect& named, catalog::Oid oid) const;
  [[nodiscard]] bool may_fill(const Bound::Sequence& sequence, sql::Action action) const;
  [[nodiscard]] bool follows_cause() const;
  [[nodiscard]] bool is_own_code() const;
  [[nodiscard]] std::string not_covered() const;
  void settle(Outcome outcome, Ground ground, std::string rule, std::string reason);

  const Case& all_;
  const catalog::ResolvedEffect& resolved_;
  const sql::Effect& effect_;
  const Coverage& cause_;
  const bool has_where_;
  RuleMatch match_;
  std::optional<Standing> standing_;
  EffectDecision decision_;
  std::string phrase_;
  const Rule* covering_ = nullptr;
};

}  // namespace portcullis::policy
