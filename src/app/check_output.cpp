// A verdict as a table for people and as JSON for programs.
#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "app/check_command.hpp"

namespace portcullis::app {
namespace {

using Row = std::array<std::string, 5>;

bool is_control(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  if (byte(at) < 0x20 || byte(at) == 0x7f) return true;
  // U+0080 to U+009F, two bytes each in UTF-8.
  return byte(at) == 0xc2 && byte(at + 1) >= 0x80 && byte(at + 1) <= 0x9f;
}

// Names and messages hold what the statement's author wrote: nothing of it may drive the terminal of who
// reads.
std::string printable(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_control(text, i)) continue;
    if (static_cast<unsigned char>(text[i]) == 0xc2) text[i++] = '?';
    text[i] = '?';
  }
  return text;
}

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

std::string to_table(const std::vector<Row>& rows) {
  std::array<std::size_t, 5> widths{};
  for (const Row& cells : rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  std::string table;
  for (const Row& cells : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line += ' ' + cells[i] + std::string(widths[i] - cells[i].size() + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    table += line + "\n";
  }
  return table;
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
