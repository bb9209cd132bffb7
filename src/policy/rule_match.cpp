#include "policy/rule_match.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "policy/touched.hpp"

namespace portcullis::policy {
namespace {

using catalog::ResolvedEffect;
using sql::Action;

// Why the new column is not what "when" asks for; empty when it is.
std::string broken_condition(const ColumnCondition& when, const sql::AddedColumn& column) {
  if (!when.defaults.empty() && !when.defaults.contains(column.default_expression)) {
    switch (column.default_expression) {
      case sql::DefaultExpression::none: return "the column has no default";
      case sql::DefaultExpression::constant: return "its default is a constant";
      case sql::DefaultExpression::other: return "its default is not a constant";
    }
  }
  if (when.nullable && *when.nullable != column.nullable) {
    return column.nullable ? "the column is nullable" : "the column is not nullable";
  }
  if (when.base_type && !column.base_type) return "its type is not one of PostgreSQL's own";
  return {};
}

// As above, for a rule. A rule that opens something must be sure of all that the column brings along; one
// that denies must not be talked out of it.
std::string unmet(const Rule& rule, const sql::Effect& effect) {
  if (!rule.when) return {};
  if (!effect.added_column) return rule.opens() ? "the gate cannot tell what the column is" : "";
  if (rule.opens() && effect.added_column->inline_constraint)
    return "the column's definition has a constraint in it";
  return broken_condition(*rule.when, *effect.added_column);
}

// What several rules name of one object.
class Named {
 public:
  void add(const ObjectPattern& pattern) {
    any_ = true;
    whole_ = whole_ || pattern.whole();
    columns_.insert(pattern.columns.begin(), pattern.columns.end());
  }
  void add_everything() { any_ = whole_ = true; }

  [[nodiscard]] bool any() const noexcept { return any_; }
  [[nodiscard]] bool whole() const noexcept { return whole_; }
  [[nodiscard]] std::vector<std::string> columns() const { return {columns_.begin(), columns_.end()}; }
  [[nodiscard]] bool names(const std::string& column) const { return whole_ || columns_.contains(column); }

 private:
  bool any_ = false, whole_ = false;
  std::set<std::string_view> columns_;
};

class Matcher {
 public:
  Matcher(const ResolvedEffect& effect, const Surrounding& statement)
      : effect_(effect), statement_(statement) {}

  void look_at(const Rule& rule) {
    if (!rule.actions.contains(effect_.effect.action)) return;
    const Named named = named_by(rule, false);
    if (!concerns(rule, named)) return;
    if (rule.confidence_below && statement_.confidence >= *rule.confidence_below) return;
    if (auto why = unmet(rule, effect_.effect); !why.empty()) {
      if (rule.opens() && !rule.confidence_below && match_.unmet == nullptr) {
        match_.unmet = &rule;
        match_.unmet_reason = std::move(why);
      }
      return;
    }
    switch (rule.outcome) {
      case Outcome::would_deny:  // no rule's word, so the stricter one
      case Outcome::deny: return first(match_.denies, rule);
      case Outcome::ask: first(match_.asks, rule); break;
      case Outcome::allow: first(match_.allows, rule); break;
    }
    const bool where_counts =
        effect_.effect.action == Action::update || effect_.effect.action == Action::delete_;
    const bool binds = named.whole() || !touched_of(named.columns(), effect_).empty();
    if (rule.requires_where && where_counts && binds && !statement_.has_where)
      first(match_.lacks_where, rule);
    if (rule.requires_reason && binds && !statement_.has_reason) first(match_.lacks_reason, rule);
    // Who is unsure gets nothing by that.
    if (rule.confidence_below) return;
    add(rule, all_, false);
    add(rule, by_name_, true);
  }

  RuleMatch take() {
    match_.covered = covers(all_);
    match_.covered_by_name = covers(by_name_);
    if (!match_.covered && all_.any()) {
      match_.beyond_all = touches_all(effect_);
      for (const auto& column : effect_.effect.columns) {
        (all_.names(column) ? match_.opened : match_.beyond).push_back(column);
      }
    }
    return std::move(match_);
  }

 private:
  static void first(const Rule*& slot, const Rule& rule) {
    if (slot == nullptr) slot = &rule;
  }

  // One rule may name several columns of an object in several entries.
  void add(const Rule& rule, Named& named, bool by_name) const {
    if (rule.on.empty() && !by_name) named.add_everything();
    for (const auto& pattern : rule.on) {
      if (!pattern.matches(effect_.effect.object) || (by_name && !pattern.exact())) continue;
      if (rule.opens() && !can_open(pattern)) continue;
      named.add(pattern);
    }
  }
  [[nodiscard]] Named named_by(const Rule& rule, bool by_name) const {
    Named named;
    add(rule, named, by_name);
    return named;
  }

  [[nodiscard]] bool can_open(const ObjectPattern& pattern) const {
    if (!pattern.whole() && !takes_columns(effect_.effect.action)) return false;
    return pattern.exact() || !(calls_function(effect_.effect) || is_outside(effect_));
  }

  // An allow rule has a say as soon as it names the object; the others only where a column that they name is
  // touched.
  [[nodiscard]] bool concerns(const Rule& rule, const Named& named) const {
    if (!named.any() || named.whole() || rule.outcome == Outcome::allow) return named.any();
    return !touched_of(named.columns(), effect_).empty();
  }

  [[nodiscard]] bool covers(const Named& named) const {
    if (!named.any() || named.whole()) return named.any();
    if (touches_all(effect_)) return false;
    const auto& columns = effect_.effect.columns;
    return std::all_of(columns.begin(), columns.end(),
                       [&](const auto& column) { return named.names(column); });
  }

  const ResolvedEffect& effect_;
  const Surrounding& statement_;
  RuleMatch match_;
  Named all_, by_name_;
};

}  // namespace

bool calls_function(const sql::Effect& effect) noexcept {
  return effect.action == Action::execute_function || effect.action == Action::call;
}

bool is_outside(const ResolvedEffect& effect) noexcept {
  return effect.effect.kind == sql::ObjectKind::relation && effect.oid != catalog::kNoOid &&
         effect.relation_kind == catalog::RelationKind::foreign_table;
}

RuleMatch match_rules(const PolicyData& policy, const std::vector<std::size_t>& rules,
                      const catalog::ResolvedEffect& effect, const Surrounding& statement) {
  Matcher matcher(effect, statement);
  for (const std::size_t index : rules) matcher.look_at(policy.rules[index]);
  return matcher.take();
}

bool comes_under(const PolicyData& policy, std::size_t rule, const ResolvedEffect& effect) {
  if (effect.via == catalog::Via::reference) return false;  // needs no rule
  const RuleMatch match = match_rules(policy, {rule}, effect, {});
  if (match.covering() == nullptr) return false;
  // A rule that names other columns of the object has nothing to do with it.
  return match.covered || touches_all(effect) || match.beyond.size() < effect.effect.columns.size();
}

}  // namespace portcullis::policy
