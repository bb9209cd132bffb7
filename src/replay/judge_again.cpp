#include "replay/judge_again.hpp"

#include <algorithm>

#include "portcullis/policy/result_limits.hpp"
#include "replay/demands.hpp"

namespace portcullis::replay {
namespace {

using policy::Decision;
using policy::Outcome;
using policy::PolicySet;

// What the agent may have said about itself. Where reasons are not kept, it may have given one.
std::vector<sql::Claims> claims_of(const PastDecision& past) {
  std::vector<sql::Claims> claims{{past.said_reason, past.said_confidence, {}}};
  if (past.said_reason.empty() && past.has_text_left_out)
    claims.push_back({"not kept", past.said_confidence, {}});
  return claims;
}

// A limit on rows that cannot be counted is told of one of the effects: that is no word of a rule on it.
bool is_told_of_limit(const PastEffect& effect) {
  return effect.ground == policy::name(policy::Ground::unsupported) && !effect.rule.empty();
}

bool says_the_same(const Decision& again, const PastDecision& past) {
  if (again.effects.size() != past.effects.size()) return false;
  for (std::size_t i = 0; i < again.effects.size(); ++i) {
    const auto& [now, then] = std::tie(again.effects[i], past.effects[i]);
    if (is_told_of_limit(then)) continue;
    if (name(now.outcome) != then.outcome || name(now.ground) != then.ground || now.rule != then.rule)
      return false;
  }
  return true;
}

// Of the claims those by which the policy of then says what it said then.
std::vector<sql::Claims> likely(const PolicySet& then, const PastDecision& past, const policy::Bound& bound,
                                Outcome& outcome) {
  std::vector<sql::Claims> found;
  for (auto& claims : claims_of(past)) {
    const auto again = then.evaluate(past.resolution, {past.agent, &claims}, &bound);
    if (!says_the_same(again, past)) continue;
    outcome = again.outcome;
    found.push_back(std::move(claims));
  }
  return found;
}

bool was_understood(const PastDecision& past) {
  // Nothing in it, or nothing that a rule is about.
  if (!past.effects.empty() || past.verdict == Outcome::allow) return true;
  return !past.kinds.empty() && past.sqlstate == "53400";
}

Answer untold(std::string why) {
  Answer answer;
  answer.untold = std::move(why);
  return answer;
}

}  // namespace

// A text, name or message that nobody judged.
Answer Judge::judge_unread(const PastDecision& past) const {
  Answer answer;
  const bool lets_through = policy_.forwards_not_understood(past.agent);
  if (policy::forwards(past.verdict)) {
    answer.outcome = lets_through ? Outcome::would_deny : Outcome::deny;
    return answer;
  }
  if (lets_through) return untold("it was not understood, of which mode \"monitor\" lets through most");
  answer.is_unread = true;
  return answer;
}

Answer Judge::judge(const PastDecision& past, const PolicySet* then, const Pace& pace) const {
  if (!past.unclear.empty()) return untold(past.unclear);
  if (!was_understood(past)) return judge_unread(past);
  Answer answer;
  if (past.effects.empty() && past.kinds.empty()) {
    answer.outcome = past.verdict;  // nothing to judge
    return answer;
  }
  if (then == nullptr)
    return untold("the policy that it was judged by is not in the log, or no policy of this version");
  Outcome outcome_then{};
  const auto known_then = then->bind(past.known);
  const auto claims = likely(*then, past, known_then, outcome_then);
  if (claims.empty()) return untold("judged again by its own policy it comes out otherwise");

  auto known = policy_.bind(past.known);
  if (bound_ != nullptr && !known.relations.empty()) known = united(*bound_, known);
  const policy::Bound* bound = bound_ != nullptr && known.relations.empty() ? bound_ : &known;
  answer.decision = policy_.evaluate(past.resolution, {past.agent, &claims.front()}, bound);
  answer.outcome = answer.decision.outcome;
  for (const auto& other : claims) {
    if (policy_.evaluate(past.resolution, {past.agent, &other}, bound).outcome != answer.outcome)
      return untold("whether the agent gave a reason was not kept");
  }
  if (!policy::forwards(answer.outcome)) return answer;

  // Beside the rules, something else may have refused it, or may now.
  const bool was_asked = policy::forwards(outcome_then);
  const bool is_beyond = was_asked && past.verdict != outcome_then;
  if (is_beyond && policy_.hash() != then->hash())
    return untold("it was refused by " + past.sqlstate + ", which is no matter of rules alone");
  if (is_beyond) {
    answer.outcome = past.verdict;
    return answer;
  }
  if (auto open = open_limit(past, *then, was_asked, pace, answer); !open.empty())
    return untold(std::move(open));
  return answer;
}

std::string Judge::open_limit(const PastDecision& past, const PolicySet& then, bool was_asked,
                              const Pace& pace, Answer& answer) const {
  if (was_asked && policy_.hash() == then.hash()) return {};
  const Demands now = demands_of(policy_, past);
  const Demands earlier = was_asked ? demands_of(then, past) : Demands{};
  if (now.rows && !past.rows_counted && !earlier.rows)
    return "whether rule " + now.rows->rule + " can count the rows that it changes";
  if (now.results.cost && !was_limited(past, "cost"))
    return "what it was planned to cost, which rule " + now.results.cost->rule + " limits";
  if (now.dry_run.required() && !(past.tried_out && now.dry_run == earlier.dry_run))
    return "what a dry run would have shown, which rule " + now.dry_run.rule + " requires";
  for (const auto& [rule, rate] : now.rates) {
    const bool was_passed = std::any_of(earlier.rates.begin(), earlier.rates.end(),
                                        [&](const auto& one) { return one.second == rate; });
    if (!was_passed && pace.may_be_over(past.agent, rule)) return "the rate of rule " + rule;
  }
  const auto* limits_then = was_asked ? limits_of(then, past.agent) : nullptr;
  if (const auto limit = pace.may_be_over(past.agent, limits_then); !limit.empty())
    return "how often, which the limit " + limit + " bounds";
  answer.may_stop = stricter(now, earlier);
  return {};
}

}  // namespace portcullis::replay
