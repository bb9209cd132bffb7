// What a dry run has shown, for people.
#include "app/dry_run_command.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

using shadow::RelationFacts;

// ECMA-48, "Select Graphic Rendition".
struct Paint {
  bool on = false;
  [[nodiscard]] std::string operator()(const char* rendition, const std::string& text) const {
    return on ? std::string("\033[") + rendition + "m" + text + "\033[0m" : text;
  }
};
constexpr const char *kBold = "1", *kRed = "31", *kGreen = "32", *kYellow = "33";

std::string what_becomes(const RelationFacts& relation) {
  std::vector<std::string> words;
  if (relation.is_new) words.emplace_back("new");
  if (relation.is_gone) words.emplace_back("dropped");
  if (relation.is_rewritten) words.emplace_back("written anew");
  if (relation.is_scanned) words.emplace_back("read whole");
  const auto rows = [&](std::uint64_t count, const char* done) {
    if (count > 0) words.push_back(std::to_string(count) + " " + done);
  };
  rows(relation.inserted, "inserted");
  rows(relation.updated, "updated");
  rows(relation.deleted, "deleted");
  return joined(words);
}

std::string table_of(const std::vector<RelationFacts>& relations) {
  std::vector<std::vector<std::string>> rows = {{"relation", "kind", "strongest lock", "what becomes of it"}};
  for (const auto& relation : relations) {
    rows.push_back({printable(relation.schema + "." + relation.name),
                    std::string(shadow::kind_name(relation.kind)),
                    relation.locks.empty() ? "" : std::string(name(relation.locks.strongest())),
                    what_becomes(relation)});
  }
  return to_table(rows);
}

std::string list_of(const std::string& heading, const std::vector<std::string>& items) {
  constexpr std::size_t kMost = 20;
  if (items.empty()) return {};
  std::string text = "\n" + heading + "\n";
  for (std::size_t i = 0; i < items.size() && i < kMost; ++i) text += "  " + printable(items[i]) + "\n";
  if (items.size() > kMost) text += "  and " + std::to_string(items.size() - kMost) + " more\n";
  return text;
}

std::string text_of(const shadow::Outlook& outlook, const Paint& paint) {
  using Outcome = shadow::Outlook::Outcome;
  if (!outlook.error) return {};
  const auto& error = *outlook.error;
  std::string text =
      outlook.outcome == Outcome::fails ? paint(kRed, "would fail") : paint(kYellow, "may fail");
  text += ": " + std::string(error.code.view()) + " " + printable(error.message) + "\n";
  if (!error.detail.empty()) text += "  detail: " + printable(error.detail) + "\n";
  if (!error.hint.empty()) text += "  hint: " + printable(error.hint) + "\n";
  if (outlook.outcome == Outcome::unknown) text += "  That hangs on the rows, and nobody knows.\n";
  return text;
}

std::string text_of(shadow::Probe::Answer answer, const Paint& paint) {
  const std::string text(name(answer));
  switch (answer) {
    case shadow::Probe::Answer::passes: return paint(kGreen, text);
    case shadow::Probe::Answer::violates: return paint(kRed, text);
    case shadow::Probe::Answer::unknown: return paint(kYellow, text);
  }
  return text;
}

std::string text_of(const std::vector<shadow::Probe>& probes, const Paint& paint) {
  if (probes.empty()) return {};
  std::string text = "\nasked of the database's own rows:\n";
  for (const auto& probe : probes) {
    text += "  " + text_of(probe.answer, paint) + ": " + printable(probe.question);
    text += (probe.why.empty() ? "" : " (" + printable(probe.why) + ")") + "\n";
  }
  return text;
}

std::string text_of(const shadow::RowCount& rows) {
  if (rows.basis == shadow::RowCount::Basis::unknown)
    return "\nrows changed: unknown: " + printable(rows.why) + "\n";
  return "\nrows changed: " + std::string(rows.is_more ? "more than " : "") + std::to_string(rows.rows) +
         "\n";
}

std::string text_of(const shadow::TargetsTold& targets) {
  if (!targets.is_loaded) return "\nnot tried out on rows of the database: " + printable(targets.why) + "\n";
  std::string text;
  for (const auto& [table, rows] : targets.tables)
    text += (text.empty() ? "" : ", ") + std::to_string(rows) + " of " +
            printable(table.first + "." + table.second);
  return "\ntried out on rows of the database: " + text + "\n";
}

std::string text_of(const base::Result<shadow::Forecast>& forecast) {
  if (!forecast) return "\nforecast: unknown: " + printable(forecast.error().message) + "\n";
  std::string text = "\nforecast:\n";
  for (const auto& sentence : in_words(*forecast)) text += "  " + printable(sentence) + "\n";
  return text;
}

std::string text_of(const shadow::SaferForm& form) {
  std::string text = "\nsafer, for " + printable(form.why) + ":\n";
  for (const auto& step : form.steps) {
    if (!step.sql.empty()) text += "  " + printable(step.sql) + ";\n";
    text += "    " + printable(step.why) + "\n";
    if (step.facts && step.facts->failure)
      text += "    in the copy it fails: " + printable(step.facts->failure->message) + "\n";
  }
  return text;
}

std::string text_of(const shadow::StatementReport& statement, const Paint& paint) {
  std::string text = "\n" + paint(kBold, printable(statement.statement)) + "\n";
  if (statement.not_tried)
    return text + paint(kYellow, "not tried out") + ": " + printable(statement.not_tried->message) + "\n";
  const auto& facts = statement.facts;
  const auto outlook = outlook_of(facts, statement.probes);
  text += outlook.error ? text_of(outlook, paint)
                        : paint(kGreen, "would run") + ": " + printable(facts.tag) + "\n";
  if (statement.targets) text += text_of(*statement.targets);
  if (facts.failure) return text;
  text += facts.relations.empty() ? "It locks nothing.\n" : "\n" + table_of(facts.relations);
  if (facts.is_by_rule) text += "Locks and what is read whole: by PostgreSQL's rules, not measured.\n";
  if (facts.waits_for_older)
    text += "It waits until every older transaction has ended that could see the change.\n";
  text += text_of(statement.probes, paint);
  if (statement.rows) text += text_of(*statement.rows);
  text += text_of(statement.forecast);
  return statement.safer ? text + text_of(*statement.safer) : text;
}

}  // namespace

std::string to_text(const TriedOut& tried_out, bool colours) {
  const auto& report = tried_out.report;
  std::string text = "tried out as " + printable(report.role) +
                     " on a copy of the schema without its rows, PostgreSQL " +
                     std::to_string(report.server_version / 10'000) + ", made in " +
                     std::to_string(tried_out.build_time.count()) + " ms\n";
  for (const auto& statement : report.statements) text += text_of(statement, Paint{colours});
  text += list_of("The copy lacks, so that production may answer otherwise:", report.left_out);
  text += list_of("Tables that no row could be made up for:", report.without_row);
  return text +
         "\nWhere nothing else is said, locks and what is written anew are measured; each table held one\n"
         "made-up row, or none. What the database's own rows answer, and who holds locks, was true when it "
         "was\n"
         "asked; times are estimates.\n";
}

}  // namespace portcullis::app
