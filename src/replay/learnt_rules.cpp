// From what each agent needs to rules for people to read.
#include <algorithm>
#include <map>
#include <tuple>

#include "policy/object_name.hpp"
#include "policy/object_pattern.hpp"
#include "replay/learnt_policy.hpp"

namespace portcullis::replay {
namespace {

using sql::Action;

bool where_counts(Action action) {
  return action == Action::update || action == Action::delete_;
}

// Rows of which no column was read are still rows: a system column stands for them.
std::string pattern_of(const sql::Name& object, const Need& need) {
  if (object.name.empty()) return {};
  policy::ObjectPattern pattern{.schema = object.schema, .name = object.name};
  if (!need.whole) pattern.columns.assign(need.columns.begin(), need.columns.end());
  if (!need.whole && need.columns.empty()) pattern.columns = {"ctid"};
  return policy::to_text(pattern);
}

// Only what was so each time.
std::string condition_of(Action action, const Need& need) {
  if (action != Action::alter_table_add_column || !need.conditions_hold || need.defaults.empty()) return {};
  std::string defaults;
  const auto add = [&](sql::DefaultExpression expression, const char* word) {
    if (need.defaults.contains(expression)) defaults += (defaults.empty() ? "" : ", ") + std::string(word);
  };
  add(sql::DefaultExpression::none, "\"none\"");
  add(sql::DefaultExpression::constant, "\"constant\"");
  std::string when;
  const auto part = [&](const std::string& text) { when += (when.empty() ? "" : ", ") + text; };
  if (!need.defaults.contains(sql::DefaultExpression::other)) part("\"default\": [" + defaults + "]");
  if (need.always_nullable) part("\"nullable\": true");
  if (need.never_nullable) part("\"nullable\": false");
  if (need.always_base_type) part("\"type\": \"base\"");
  return when.empty() ? when : "{ " + when + " }";
}

// What may stand in one rule: the actions on one pattern under the same conditions.
struct Actions {
  std::set<Action> free, with_where;
  std::map<std::string, std::set<Action>> conditional;  // by "when"
  std::set<Deed> deeds;
  sql::Name object;
};

struct RuleKey {
  std::vector<std::string> words;
  bool requires_where = false;
  std::string when;
  bool has_objects = false;
  friend auto operator<=>(const RuleKey&, const RuleKey&) = default;
};

std::vector<std::string> words_of(const std::set<Action>& actions) {
  std::vector<std::string> words;
  for (const Action action : actions) words.emplace_back(sql::name(action));
  return words;
}

std::map<std::string, Actions> by_pattern(const Grants& grants) {
  std::map<std::string, Actions> patterns;
  for (const auto& [deed, need] : grants.deeds) {
    Actions& actions = patterns[pattern_of(deed.object, need)];
    actions.object = deed.object;
    actions.deeds.insert(deed);
    const auto when = condition_of(deed.action, need);
    if (!when.empty()) {
      actions.conditional[when].insert(deed.action);
    } else if (where_counts(deed.action) && need.always_where) {
      actions.with_where.insert(deed.action);
    } else {
      actions.free.insert(deed.action);
    }
  }
  return patterns;
}

class RuleMaker {
 public:
  void add(const std::string& agent, const Grants& grants) {
    for (const auto& [pattern, actions] : by_pattern(grants)) add(pattern, actions);
    for (auto& [key, rule] : rules_) take(agent, key, std::move(rule));
    rules_.clear();
  }

  std::vector<LearntRule> take_rules() {
    std::map<std::string, int> names;
    for (auto& rule : done_) {
      std::string word = rule.words.front();
      std::replace(word.begin(), word.end(), ' ', '-');
      rule.id = word + "-" + std::to_string(++names[word]);
    }
    return std::move(done_);
  }

 private:
  void add(const std::string& pattern, const Actions& actions) {
    std::set<Action> free = actions.free, with_where = actions.with_where;
    // A WHERE is asked of UPDATE and DELETE alone, so others may stand beside them.
    if (!with_where.empty() && std::none_of(free.begin(), free.end(), where_counts)) with_where.merge(free);
    if (!with_where.empty())
      put({words_of(with_where), true, {}, !pattern.empty()}, pattern, actions, with_where);
    if (!free.empty()) put({words_of(free), false, {}, !pattern.empty()}, pattern, actions, free);
    for (const auto& [when, conditional] : actions.conditional)
      put({words_of(conditional), false, when, !pattern.empty()}, pattern, actions, conditional);
  }

  void put(RuleKey key, const std::string& pattern, const Actions& actions, const std::set<Action>& some) {
    LearntRule& rule = rules_[std::move(key)];
    if (!pattern.empty()) rule.on.emplace_back(pattern, actions.object);
    for (const auto& deed : actions.deeds) {
      if (some.contains(deed.action)) rule.deeds.insert(deed);
    }
  }

  void take(const std::string& agent, const RuleKey& key, LearntRule rule) {
    rule.words = key.words;
    rule.requires_where = key.requires_where;
    rule.when = key.when;
    const auto same = std::find_if(done_.begin(), done_.end(), [&](const LearntRule& other) {
      return std::tie(other.words, other.on, other.requires_where, other.when) ==
             std::tie(rule.words, rule.on, rule.requires_where, rule.when);
    });
    if (same != done_.end()) return same->agents.push_back(agent);
    rule.agents = {agent};
    done_.push_back(std::move(rule));
  }

  std::map<RuleKey, LearntRule> rules_;  // of one agent
  std::vector<LearntRule> done_;
};

}  // namespace

std::vector<LearntRule> rules_of(const Lesson& lesson) {
  RuleMaker maker;
  for (const auto& [name, agent] : lesson.agents) maker.add(name, agent.grants);
  return maker.take_rules();
}

}  // namespace portcullis::replay
