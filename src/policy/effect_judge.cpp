// The order of judgement: protections, what is out of reach, denials, what is not there, what no rule can
// open; then the rules that cover the effect, what it follows from, and what needs no rule.
#include "policy/effect_judge.hpp"

#include <algorithm>

#include "policy/object_name.hpp"
#include "policy/phrases.hpp"
#include "policy/touched.hpp"

namespace portcullis::policy {
namespace {

using catalog::ResolvedEffect;
using catalog::Via;
using sql::Action;
using sql::ObjectKind;

// Only rows that the statement's own WHERE chose are reached by these.
bool keeps_where(Via via) noexcept {
  return via == Via::view || via == Via::inheritance || via == Via::foreign_key;
}

std::string listed(const std::vector<std::string>& columns) {
  std::string text;
  for (const auto& column : columns) text += (text.empty() ? "" : ", ") + quoted_identifier(column);
  return text;
}

std::string spoken(const ResolvedEffect& effect, bool has_catalog, const std::string& route) {
  std::string text = phrase(effect.effect.action, effect.effect.kind, effect.effect.object);
  const bool with_arguments =
      has_catalog && effect.oid != catalog::kNoOid && effect.effect.kind == ObjectKind::function;
  if (with_arguments) text += "(" + effect.arguments + ")";
  return route.empty() ? text : text + " (" + route + ")";
}

}  // namespace

EffectJudge::EffectJudge(const Case& all, const ResolvedEffect& effect, const Coverage& cause,
                         std::string route)
    : all_(all),
      resolved_(effect),
      effect_(effect.effect),
      cause_(cause),
      has_where_(effect_.has_where || (keeps_where(effect.via) && cause.has_where)),
      phrase_(spoken(effect, all.has_catalog, route)) {
  decision_.action = effect_.action;
  decision_.kind = effect_.kind;
  decision_.object = effect_.object;
  decision_.location = effect_.location;
  decision_.route = std::move(route);
  decision_.columns = effect_.columns;
  decision_.all_columns = effect.all_columns;
}

EffectDecision EffectJudge::judge() {
  if (resolved_.via == Via::reference) {
    // PostgreSQL makes it with the rights of the table's owner, and it tells only whether the key is there.
    settle(Outcome::allow, Ground::implied, {}, "references-check: " + phrase_ + " needs no rule");
    return decision_;
  }
  if (is_cascade_of_judged()) return judge_cascade();
  if (refused_by_protection()) return decision_;
  if (const auto why = out_of_reach(); !why.empty()) {
    settle(Outcome::deny, Ground::unsupported, {}, phrase_ + " is not possible through the gate: " + why);
    return decision_;
  }
  match_ = match_rules(all_.policy, all_.rules, resolved_, {has_where_, all_.has_reason, all_.confidence});
  match_.covered = match_.covered || fills_up_shipped_list();
  if (refused_by_denial() || refused_as_missing() || refused_by_standing()) return decision_;
  weigh();
  // Whatever else lets it through: who must be asked is asked.
  if (decision_.outcome == Outcome::allow && match_.asks != nullptr) ask_or_allow(*match_.asks);
  return decision_;
}

// The word itself does nothing: all that goes is among the effects, what cannot be judged too, as `cascade`
// by way of one.
bool EffectJudge::is_cascade_of_judged() const {
  return effect_.action == Action::cascade && resolved_.via == Via::written && all_.has_catalog;
}

EffectDecision EffectJudge::judge_cascade() {
  match_ = match_rules(all_.policy, all_.rules, resolved_, {has_where_, all_.has_reason, all_.confidence});
  if (refused_by_denial()) return decision_;
  settle(Outcome::allow, Ground::implied, {}, phrase_ + " needs no rule: what it takes along is judged");
  if (match_.asks != nullptr) ask_or_allow(*match_.asks);
  return decision_;
}

Coverage EffectJudge::coverage() const {
  Coverage coverage{decision_.outcome, covering_, false, has_where_};
  if (decision_.outcome == Outcome::deny) return coverage;
  const bool inside_view =
      (resolved_.via == Via::view || resolved_.via == Via::inheritance) && cause_.opens_view;
  coverage.opens_view = inside_view || (match_.covered && match_.covered_by_name) ||
                        (effect_.kind == ObjectKind::relation && is_catalog_schema(effect_.object.schema));
  return coverage;
}

void EffectJudge::settle(Outcome outcome, Ground ground, std::string rule, std::string reason) {
  decision_.outcome = outcome;
  decision_.ground = ground;
  decision_.rule = std::move(rule);
  decision_.reason = std::move(reason);
}

bool EffectJudge::refused_by_protection() {
  std::string reason;
  const auto* protection = protection_of(reason);
  if (protection != nullptr) settle(Outcome::deny, Ground::protection, protection->id, phrase_ + reason);
  return protection != nullptr;
}

// By name, and whatever the name was when the policy was loaded.
const Protection* EffectJudge::protection_of(std::string& reason) const {
  const auto& protections = all_.policy.protections;
  for (const auto& protection : protections) {
    if (protection.except.contains(effect_.action)) continue;
    for (const auto& pattern : protection.on) {
      // A statement about the whole schema of a protected object (RENAME, DROP) would reach that object too.
      const bool schema = effect_.kind == ObjectKind::schema && pattern.reaches_into(effect_.object.name);
      if (schema) reason = " is protected";
      if (schema || (pattern.matches(effect_.object) && touches(pattern, reason))) return &protection;
    }
  }
  if (all_.bound == nullptr || effect_.kind != ObjectKind::relation) return nullptr;
  const auto found = all_.bound->relations.find(resolved_.oid);
  if (resolved_.oid == catalog::kNoOid || found == all_.bound->relations.end()) return nullptr;
  for (const auto& [index, pattern, why] : found->second) {
    const auto& protection = protections[index];
    if (protection.except.contains(effect_.action) || !touches(protection.on[pattern], reason)) continue;
    reason += ": " + why;
    return &protection;
  }
  return nullptr;
}

bool EffectJudge::touches(const ObjectPattern& pattern, std::string& reason) const {
  reason = " is protected";
  if (pattern.whole()) return true;
  const auto touched = touched_of(pattern.columns, resolved_);
  if (!touched.empty()) reason = " touches " + listed(touched) + ", which is protected";
  return !touched.empty();
}

std::string EffectJudge::out_of_reach() const {
  const auto& object = effect_.object;
  if (!object.database.empty()) return "leave the database's name out";
  if (is_unnameable_schema(object.schema))
    return "the gate does not follow what schema " + object.schema + " holds";
  if (resolved_.missing && object.name.empty()) return "it touches more objects than the gate follows";
  if (effect_.kind == ObjectKind::relation && is_catalog_schema(object.schema) &&
      effect_.action != Action::select) {
    return "PostgreSQL's own catalogs can only be selected from";
  }
  return {};
}

bool EffectJudge::refused_by_denial() {
  const auto denied = [&](const FunctionEntry& entry) { return entry.may_name(resolved_, all_.has_catalog); };
  const auto& entries = all_.policy.denied_functions;
  if (match_.denies != nullptr) {
    settle(Outcome::deny, Ground::rule, match_.denies->id, phrase_ + " is denied");
  } else if (calls_function(effect_) && std::any_of(entries.begin(), entries.end(), denied)) {
    settle(Outcome::deny, Ground::rule, {}, phrase_ + " is denied under \"functions\"");
  } else {
    return false;
  }
  return true;
}

// What is not there can be dropped by whoever may drop what has that name, and IF EXISTS makes it a notice.
bool EffectJudge::refused_as_missing() {
  const bool harmless = effect_.missing_ok || sql::name(effect_.action).starts_with("drop ");
  if (!resolved_.missing || (match_.covered && harmless)) return false;
  settle(Outcome::deny, Ground::missing, {}, missing_phrase(effect_.action, effect_.kind, effect_.object));
  return true;
}

bool EffectJudge::refused_by_standing() {
  standing_ =
      standing(resolved_, {all_.policy.allowed_settings, all_.has_catalog, all_.json_cast, match_.opened,
                           [this](std::string_view schema) { return uses_schema(schema); },
                           [this](const sql::Effect& named) { return judge_argument(named); }});
  if (!standing_ || !standing_->final) return false;
  settle(Outcome::deny, standing_->ground, {}, phrase_ + " " + standing_->words);
  return true;
}

// Of a catalog that ships limited, column by column: rules open what the list holds back, the list the rest.
bool EffectJudge::fills_up_shipped_list() const {
  return !match_.opened.empty() && !closed_columns(resolved_, {}).empty() &&
         closed_columns(resolved_, match_.opened).empty();
}

bool EffectJudge::uses_schema(std::string_view schema) const {
  return std::any_of(all_.rules.begin(), all_.rules.end(), [&](std::size_t index) {
    const Rule& rule = all_.policy.rules[index];
    return rule.opens() && std::any_of(rule.on.begin(), rule.on.end(), [&](const ObjectPattern& pattern) {
             return pattern.schema.empty() || pattern.schema == schema;
           });
  });
}

void EffectJudge::weigh() {
  if (match_.lacks_where != nullptr) {
    return settle(Outcome::deny, Ground::requirement, match_.lacks_where->id,
                  phrase_ + " needs a WHERE of its own");
  }
  if (match_.lacks_reason != nullptr) {
    return settle(Outcome::deny, Ground::no_reason, match_.lacks_reason->id,
                  phrase_ + " needs a reason: state one with SET portcullis.reason = '...' or a comment " +
                      "/*reason='...'*/");
  }
  if (is_users_function()) return allow_function();
  if (match_.asks != nullptr && follows_cause()) return ask_or_allow(*match_.asks);
  if (match_.covered) return ask_or_allow(*match_.covering());
  if (calls_function(effect_) && is_allowed_function()) {
    return settle(Outcome::allow, Ground::rule, {}, phrase_ + " is allowed under \"functions\"");
  }
  if (follows_cause() && cause_.rule != nullptr) return ask_or_allow(*cause_.rule);
  if (follows_cause())
    return settle(Outcome::allow, Ground::implied, {}, phrase_ + " comes with what is allowed");
  if (is_own_code())
    return settle(Outcome::allow, Ground::shipped_list, {}, phrase_ + " is PostgreSQL's own");
  if (standing_ && standing_->allowed) {
    return settle(Outcome::allow, standing_->ground, {}, phrase_ + " " + standing_->words);
  }
  deny_for_good();
}

void EffectJudge::ask_or_allow(const Rule& rule) {
  covering_ = &rule;
  if (rule.outcome == Outcome::ask) {
    return settle(Outcome::ask, Ground::rule, rule.id,
                  phrase_ + " needs approval by \"" + rule.reviewers + "\"");
  }
  settle(Outcome::allow, Ground::rule, rule.id, phrase_ + " is allowed");
}

// Partitions and children follow their table. What a view reads follows the view where a rule names that
// view, as with GRANT (PostgreSQL manual, "Rules and Privileges"); the functions in it do not, as there, but
// for PostgreSQL's own.
bool EffectJudge::follows_cause() const {
  if (cause_.outcome == Outcome::deny || is_outside(resolved_)) return false;
  if (resolved_.via == Via::inheritance) return true;
  return resolved_.via == Via::view && cause_.opens_view;
}

void EffectJudge::deny_for_good() {
  if (match_.unmet != nullptr && !match_.covered) {
    return settle(Outcome::deny, Ground::condition, match_.unmet->id,
                  phrase_ + " is not what the rule's \"when\" allows: " + match_.unmet_reason);
  }
  if (is_users_function()) {
    return settle(Outcome::deny, Ground::not_covered, {},
                  phrase_ + " is not covered: name it under \"functions\".\"allow\"");
  }
  if (standing_) return settle(Outcome::deny, standing_->ground, {}, phrase_ + " " + standing_->words);
  settle(Outcome::deny, Ground::not_covered, {}, not_covered());
}

std::string EffectJudge::not_covered() const {
  const std::string text = "no rule allows " + phrase_;
  if (is_outside(resolved_) && !match_.beyond_all && match_.beyond.empty()) {
    return text + ": it is a foreign table, outside of what the gate follows, so a rule must name it exactly";
  }
  if (match_.beyond_all) return text + " as a whole: the rules name single columns of it, so name those";
  if (!match_.beyond.empty()) return text + " for " + listed(match_.beyond);
  return text;
}

}  // namespace portcullis::policy
