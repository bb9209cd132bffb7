// A verdict as a table for people.
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

std::string refusal_text(const base::Error& refusal, bool is_read) {
  std::string text =
      is_read ? "\nThe agent reads:" : "\nRecorded and forwarded; enforced, the agent would read:";
  text += "\n  ERROR " + std::string{refusal.code.view()} + ": " + printable(refusal.message) + "\n";
  if (!refusal.detail.empty()) text += "  DETAIL: " + indented(refusal.detail, 10) + "\n";
  if (!refusal.hint.empty()) text += "  HINT: " + indented(refusal.hint, 8) + "\n";
  if (refusal.position) text += "  at character " + std::to_string(*refusal.position) + "\n";
  return text;
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
  if (verdict.allowed() && verdict.row_limit) {
    text += "\nCounted while it runs: it may change " + std::to_string(verdict.row_limit->rows) +
            " rows at most, by \"" + printable(verdict.row_limit->rule) + "\"\n";
  }
  for (const auto& duty : verdict.dry_runs) {
    if (!verdict.allowed() || !duty.required()) continue;
    text += "\nTried out in a copy before it is sent, and refused by what that shows, by \"" +
            printable(duty.rule) + "\"\n";
    break;
  }
  if (verdict.refusal) text += refusal_text(*verdict.refusal, true);
  if (verdict.would_refuse) text += refusal_text(*verdict.would_refuse, false);
  return text;
}

}  // namespace portcullis::app
