// A verdict as a table for people and as JSON for programs.
#include <nlohmann/json.hpp>

#include "app/check_command.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

using Row = std::vector<std::string>;

// Lines stay lines, set in under the word before them.
std::string indented(std::string text, std::size_t columns) {
  std::string out;
  std::size_t start = 0;
  for (auto end = text.find('\n'); end != std::string::npos; start = end + 1, end = text.find('\n', start)) {
    out += printable(text.substr(start, end - start)) + '\n' + std::string(columns, ' ');
  }
  return out + printable(text.substr(start));
}

Row row(const policy::EffectDecision& effect) {
  const std::string by =
      effect.rule.empty() ? std::string{policy::name(effect.ground)} : '"' + effect.rule + '"';
  return {std::string{policy::name(effect.outcome)}, std::string{sql::name(effect.action)},
          printable(sql::to_text(effect.object)), by, printable(effect.reason)};
}

std::string refusal_text(const base::Error& refusal) {
  std::string text = "\nThe agent reads:\n  ERROR " + std::string{refusal.code.view()} + ": " +
                     printable(refusal.message) + "\n";
  if (!refusal.detail.empty()) text += "  DETAIL: " + indented(refusal.detail, 10) + "\n";
  if (!refusal.hint.empty()) text += "  HINT: " + indented(refusal.hint, 8) + "\n";
  if (refusal.position) text += "  at character " + std::to_string(*refusal.position) + "\n";
  return text;
}

nlohmann::ordered_json to_value(const policy::EffectDecision& effect) {
  nlohmann::ordered_json value{{"action", sql::name(effect.action)},
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

nlohmann::ordered_json to_value(const base::Error& refusal) {
  nlohmann::ordered_json value{{"sqlstate", refusal.code.view()}, {"message", refusal.message}};
  if (!refusal.detail.empty()) value["detail"] = refusal.detail;
  if (!refusal.hint.empty()) value["hint"] = refusal.hint;
  if (refusal.position) value["position"] = *refusal.position;
  return value;
}

}  // namespace

std::string to_text(const guard::Verdict& verdict) {
  std::string text = "verdict: " + std::string{policy::name(verdict.outcome)} + "\n";
  std::vector<Row> rows;
  for (const auto& effect : verdict.decision.effects) rows.push_back(row(effect));
  if (!rows.empty()) {
    rows.insert(rows.begin(), Row{"VERDICT", "ACTION", "OBJECT", "BY", "WHY"});
    text += "\n" + to_table(rows);
  } else if (verdict.allowed()) {
    text += "\n  nothing in this text has an effect that needs a rule\n";
  }
  if (verdict.refusal) text += refusal_text(*verdict.refusal);
  return text;
}

std::string to_json(const guard::Verdict& verdict) {
  nlohmann::ordered_json json{{"verdict", policy::name(verdict.outcome)},
                              {"effects", nlohmann::ordered_json::array()}};
  for (const auto& effect : verdict.decision.effects) json["effects"].push_back(to_value(effect));
  if (verdict.refusal) json["refusal"] = to_value(*verdict.refusal);
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace portcullis::app
