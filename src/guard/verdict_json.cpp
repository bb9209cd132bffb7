// A verdict for programs. Its fields are a contract: docs/policy.md.
#include <nlohmann/json.hpp>

#include "portcullis/guard/verdict.hpp"

namespace portcullis::guard {
namespace {

using Json = nlohmann::ordered_json;

Json to_value(const policy::EffectDecision& effect) {
  Json value{{"action", sql::name(effect.action)},
             {"object", sql::to_text(effect.object)},
             {"verdict", policy::name(effect.outcome)},
             {"ground", policy::name(effect.ground)},
             {"reason", effect.reason}};
  if (!effect.rule.empty()) value["rule"] = effect.rule;
  if (!effect.route.empty()) value["route"] = effect.route;
  if (effect.all_columns) value["all_columns"] = true;
  if (!effect.columns.empty()) value["columns"] = effect.columns;
  if (effect.location >= 0) value["offset"] = effect.location;
  return value;
}

// What the agent reads, and of the effect that it speaks of the parts.
Json to_value(const base::Error& refusal, const Verdict& verdict) {
  Json value{{"sqlstate", refusal.code.view()}, {"message", refusal.message}};
  if (!refusal.detail.empty()) value["detail"] = refusal.detail;
  if (!refusal.hint.empty()) value["hint"] = refusal.hint;
  if (refusal.position) value["position"] = *refusal.position;
  // A limit speaks of no effect.
  const auto* effect = verdict.decision.decisive();
  if (effect != nullptr && effect->outcome == verdict.outcome) {
    value["action"] = sql::name(effect->action);
    value["object"] = sql::to_text(effect->object);
    value["ground"] = policy::name(effect->ground);
    if (!effect->rule.empty()) value["rule"] = effect->rule;
    if (!effect->route.empty()) value["route"] = effect->route;
  }
  if (!verdict.nearest.empty()) value["nearest_allowed"] = verdict.nearest;
  return value;
}

Json to_value(const policy::DryRunDuty& duty) {
  Json value{{"rule", duty.rule}, {"incomplete", !duty.whole_copy}};
  if (duty.max_lock) value["max_lock"] = name(duty.max_lock->most);
  if (duty.max_duration) value["max_duration"] = name(duty.max_duration->most);
  if (duty.lock_timeout) value["lock_timeout"] = duty.lock_timeout->most.count();
  if (duty.max_rows) value["rows"] = duty.max_rows->most;
  if (duty.target_rows) value["target_rows"] = duty.target_rows->most;
  if (duty.no_rewrite) value["rewrite"] = false;
  if (duty.no_full_scan) value["full_scan"] = false;
  return value;
}

}  // namespace

std::string to_json(const Verdict& verdict, int indent) {
  Json json{{"verdict", policy::name(verdict.outcome)}, {"effects", Json::array()}};
  for (const auto& effect : verdict.decision.effects) json["effects"].push_back(to_value(effect));
  if (verdict.allowed() && verdict.row_limit)
    json["rows_affected"] = {{"limit", verdict.row_limit->rows}, {"rule", verdict.row_limit->rule}};
  for (const auto& duty : verdict.dry_runs) {
    if (verdict.allowed() && duty.required()) json["dry_run"].push_back(to_value(duty));
  }
  if (verdict.refusal) json["refusal"] = to_value(*verdict.refusal, verdict);
  if (verdict.would_refuse && !verdict.refusal)
    json["would_refuse"] = to_value(*verdict.would_refuse, verdict);
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace portcullis::guard
