// Facts + policy -> decision, effect by effect: deny beats ask beats allow, and what nothing covers is
// denied.
#include <algorithm>

#include "policy/builtin_lists.hpp"
#include "policy/object_name.hpp"
#include "policy/phrases.hpp"
#include "policy/rules.hpp"
#include "policy/standing.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::Effect;
using sql::Name;
using sql::ObjectKind;

// What a name without a schema could mean: PostgreSQL looks through the search path, with pg_catalog in front
// unless the path names it (manual, "The Schema Search Path"). The gate does not know which of the schemas
// has the name, so the effect is judged for each.
std::vector<Name> meanings(const Effect& effect, const std::vector<std::string>& search_path) {
  const Name& written = effect.object;
  const bool in_schema = effect.kind == ObjectKind::relation || effect.kind == ObjectKind::function ||
                         effect.kind == ObjectKind::type ||
                         (effect.kind == ObjectKind::other && target_of(effect.action) == Target::named);
  if (!in_schema || written.name.empty() || !written.schema.empty()) return {written};

  std::vector<Name> found;
  const bool catalog_first =
      std::find(search_path.begin(), search_path.end(), "pg_catalog") == search_path.end();
  const Name in_catalog{{}, "pg_catalog", written.name};
  if (effect.kind == ObjectKind::relation && catalog_first) {
    if (is_catalog_relation(written.name)) return {in_catalog};
    if (written.name.starts_with("pg_")) found.push_back(in_catalog);
  } else if (catalog_first &&
             ((effect.kind == ObjectKind::function && sql::is_builtin_function(written.name)) ||
              (effect.kind == ObjectKind::type && sql::is_builtin_type(written.name)))) {
    found.push_back(in_catalog);
  }
  for (const auto& schema : search_path) found.push_back({{}, schema, written.name});
  if (found.empty()) found.push_back(written);
  return found;
}

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
std::string unmet(const Rule& rule, const Effect& effect) {
  if (!rule.when) return {};
  const bool denies = rule.outcome == Outcome::deny;
  if (!effect.added_column) return denies ? "" : "the gate cannot tell what the column is";
  if (!denies && effect.added_column->inline_constraint)
    return "the column's definition has a constraint in it";
  return broken_condition(*rule.when, *effect.added_column);
}

// One effect under one of its meanings.
class EffectJudge {
 public:
  EffectJudge(const PolicyData& policy, const std::vector<std::size_t>& rules, const Effect& effect,
              const std::optional<Standing>& standing)
      : policy_(policy), rules_(rules), effect_(effect), standing_(standing) {}

  EffectDecision judge(const Name& object) {
    decision_ = {};
    decision_.action = effect_.action;
    decision_.kind = effect_.kind;
    decision_.object = object;
    decision_.location = effect_.location;
    phrase_ = phrase(effect_.action, effect_.kind, object);
    if (const auto* protection = protection_of(object)) {
      return settle(Outcome::deny, Ground::protection, protection->id, phrase_ + " is protected");
    }
    if (const auto why = out_of_reach(object); !why.empty()) {
      return settle(Outcome::deny, Ground::unsupported, {},
                    phrase_ + " is not possible through the gate: " + why);
    }
    match_rules(object);
    return by_rules();
  }

 private:
  EffectDecision settle(Outcome outcome, Ground ground, std::string rule, std::string reason) {
    decision_.outcome = outcome;
    decision_.ground = ground;
    decision_.rule = std::move(rule);
    decision_.reason = std::move(reason);
    return std::move(decision_);
  }

  // A statement about the whole schema of a protected object (RENAME, DROP) would reach that object too.
  const Protection* protection_of(const Name& object) const {
    for (const auto& protection : policy_.protections) {
      if (protection.except.contains(effect_.action)) continue;
      if (protection.on.contains(object)) return &protection;
      const auto in_schema = [&](const Name& name) { return name.schema == object.name; };
      if (effect_.kind == ObjectKind::schema &&
          std::any_of(protection.on.begin(), protection.on.end(), in_schema)) {
        return &protection;
      }
    }
    return nullptr;
  }

  std::string out_of_reach(const Name& object) const {
    if (!object.database.empty()) return "leave the database's name out";
    if (is_unnameable_schema(object.schema))
      return "the gate does not follow what schema " + object.schema + " holds";
    if (effect_.kind == ObjectKind::relation && is_catalog_schema(object.schema) &&
        effect_.action != Action::select) {
      return "PostgreSQL's own catalogs can only be selected from";
    }
    return {};
  }

  void match_rules(const Name& object) {
    denies_ = asks_ = allows_ = lacks_ = unmet_ = nullptr;
    for (const std::size_t index : rules_) {
      const Rule& rule = policy_.rules[index];
      if (!rule.actions.contains(effect_.action) || !(rule.on.empty() || rule.on.contains(object))) continue;
      if (auto why = unmet(rule, effect_); !why.empty()) {
        if (rule.outcome != Outcome::deny) first(unmet_, rule);
        if (unmet_ == &rule) unmet_reason_ = std::move(why);
        continue;
      }
      switch (rule.outcome) {
        case Outcome::deny: first(denies_, rule); break;
        case Outcome::ask: first(asks_, rule); break;
        case Outcome::allow: first(allows_, rule); break;
      }
      const bool where_counts = effect_.action == Action::update || effect_.action == Action::delete_;
      if (rule.requires_where && where_counts && !effect_.has_where) first(lacks_, rule);
    }
  }
  static void first(const Rule*& slot, const Rule& rule) {
    if (slot == nullptr) slot = &rule;
  }

  EffectDecision by_rules() {
    if (denies_ != nullptr) return settle(Outcome::deny, Ground::rule, denies_->id, phrase_ + " is denied");
    if (standing_ && standing_->final) return settle(Outcome::deny, standing_->ground, {}, standing_->reason);
    if (lacks_ != nullptr) {
      return settle(Outcome::deny, Ground::requirement, lacks_->id, phrase_ + " needs a WHERE of its own");
    }
    if (asks_ != nullptr) {
      return settle(Outcome::ask, Ground::rule, asks_->id,
                    phrase_ + " needs approval by \"" + asks_->reviewers + "\"");
    }
    if (allows_ != nullptr) return settle(Outcome::allow, Ground::rule, allows_->id, phrase_ + " is allowed");
    if (standing_ && standing_->allowed)
      return settle(Outcome::allow, standing_->ground, {}, standing_->reason);
    if (unmet_ != nullptr) {
      return settle(Outcome::deny, Ground::condition, unmet_->id,
                    phrase_ + " is not what the rule's \"when\" allows: " + unmet_reason_);
    }
    if (standing_) return settle(Outcome::deny, standing_->ground, {}, standing_->reason);
    return settle(Outcome::deny, Ground::not_covered, {}, "no rule allows " + phrase_);
  }

  const PolicyData& policy_;
  const std::vector<std::size_t>& rules_;
  const Effect& effect_;
  const std::optional<Standing>& standing_;
  EffectDecision decision_;
  std::string phrase_;
  const Rule *denies_ = nullptr, *asks_ = nullptr, *allows_ = nullptr;
  const Rule* lacks_ = nullptr;  // the first that covers the effect and requires what it lacks
  const Rule* unmet_ = nullptr;  // the first whose condition alone keeps it from covering
  std::string unmet_reason_;
};

// PostgreSQL takes its own function of a name unless one in the search path fits the arguments better, which
// only whoever may create functions there can bring about. So beside its own, the other meanings need not be
// allowed: it is enough that no protection and no rule stands against them.
bool beside_own_function(const EffectDecision& other) {
  return other.action == Action::execute_function && other.outcome == Outcome::deny &&
         (other.ground == Ground::shipped_list || other.ground == Ground::not_covered);
}

bool stricter(const EffectDecision& a, const EffectDecision& b) {
  if (a.outcome != b.outcome) return a.outcome > b.outcome;
  return a.ground == Ground::protection && b.ground != Ground::protection;
}

EffectDecision judge(const PolicyData& policy, const std::vector<std::size_t>& rules, const Effect& effect,
                     const std::vector<std::string>& search_path) {
  const auto without_rules = standing(effect);
  EffectJudge judge(policy, rules, effect, without_rules);
  std::optional<EffectDecision> strictest;
  for (const Name& object : meanings(effect, search_path)) {
    auto decision = judge.judge(object);
    const bool own_first = strictest && strictest->object.schema == "pg_catalog";
    if (own_first && beside_own_function(decision)) continue;
    if (!strictest || stricter(decision, *strictest)) strictest = std::move(decision);
  }
  return *strictest;
}

EffectDecision stranger(const Effect& effect, std::string_view agent) {
  EffectDecision decision;
  decision.action = effect.action;
  decision.kind = effect.kind;
  decision.object = effect.object;
  decision.location = effect.location;
  decision.reason = "no rule allows " + phrase(effect.action, effect.kind, effect.object) + ": agent \"" +
                    std::string(agent) + "\" is not in the policy";
  return decision;
}

}  // namespace

Decision evaluate(const PolicyData& policy, const sql::Facts& facts, const Context& context) {
  const auto rules = policy.rules_of.find(context.agent);
  const bool known = rules != policy.rules_of.end();
  Decision decision;
  decision.outcome = known || facts.statements.empty() ? Outcome::allow : Outcome::deny;
  for (const auto& statement : facts.statements) {
    for (const auto& effect : statement.effects) {
      decision.effects.push_back(known ? judge(policy, rules->second, effect, context.search_path)
                                       : stranger(effect, context.agent));
      decision.outcome = std::max(decision.outcome, decision.effects.back().outcome);
    }
  }
  return decision;
}

}  // namespace portcullis::policy
