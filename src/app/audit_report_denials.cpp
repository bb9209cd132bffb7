// `portcullis audit report denials` and `breach`: what was refused, and how far somebody reached.
#include <set>

#include "app/audit_report_parts.hpp"

namespace portcullis::app {
namespace {

using audit::Statement;
using audit::StatementEffect;

std::string rule_of(const Statement& statement) {
  if (!statement.rule.empty()) return statement.rule;
  for (const auto& effect : statement.effects) {
    if (effect.outcome == statement.verdict && !effect.ground.empty()) return "(" + effect.ground + ")";
  }
  return "(none)";
}

class DenialsReport final : public AuditReport {
 public:
  explicit DenialsReport(const ReportScope& scope)
      : rows_(scope.rows),
        listed_("refusals",
                statement_columns({"verdict", "rule", "sqlstate", "count", "what", "reason", "statement"}),
                scope.rows) {}

  bool take(const Statement& statement) override {
    if (statement.verdict == "allow") return false;
    const std::string rule = rule_of(statement);
    groups_.of({rule, statement.agent, statement.owner(), statement.verdict, statement.sqlstate})
        .add(statement);
    if (statement.message == "counted") counted_ += statement.count;
    if (listed_.has_room())
      listed_.add(statement_row(
          statement,
          {statement.verdict, rule, statement.sqlstate, statement.count,
           effects_where(statement,
                         [&](const StatementEffect& effect) { return effect.outcome == statement.verdict; }),
           audit::on_one_line(statement.reason, 100), short_text(statement)}));
    return true;
  }

  // Logins that were turned away.
  bool take(const audit::EntryReader& entry, const audit::SessionFacts*) override {
    if (entry.type() != audit::EntryType::session || entry.text("event") != "refused") return false;
    Statement login;
    login.count = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(entry.number("count").value_or(1)));
    login.micros = entry.micros();
    login.verdict = "deny";
    std::string client = entry.text("client");
    client.resize(std::min(client.size(), client.rfind(':')));  // without the port
    logins_.of({entry.text("sqlstate"), entry.text("login"), client}).add(login);
    return true;
  }

  std::vector<ReportTable> tables() const override {
    ReportTable rules{"by rule and agent",
                      {"rule", "agent", "owner", "verdict", "sqlstate", "statements", "first", "last"},
                      {},
                      0};
    fill(rules, groups_);
    ReportTable logins{"refused logins", {"sqlstate", "login", "address", "logins", "first", "last"}, {}, 0};
    fill(logins, logins_);
    return {rules, logins, listed_.table()};
  }
  std::vector<std::string> remarks() const override {
    return {
        "of " + std::to_string(counted_) +
            " refusals only the number was kept: a limit refused them one behind the other (counted entries)",
        "would_deny went on to the database: only a policy in mode \"monitor\" is against it",
        "refused logins are those of the whole range: they have no agent yet"};
  }

 private:
  void fill(ReportTable& table, const Groups& groups) const {
    for (const auto& [key, tally] : groups.ranked()) {
      if (table.rows.size() == rows_) {
        table.more = groups.all().size() - rows_;
        return;
      }
      std::vector<Cell> cells(key.begin(), key.end());
      cells.emplace_back(tally.statements);
      cells.emplace_back(audit::time_text(tally.first));
      cells.emplace_back(audit::time_text(tally.last));
      table.rows.push_back(std::move(cells));
    }
  }

  std::size_t rows_;
  Groups groups_{5}, logins_{3};
  Listing listed_;
  std::uint64_t counted_ = 0;
};

// Which relations and columns somebody reached, and how much left through the gate.
class BreachReport final : public AuditReport {
 public:
  explicit BreachReport(const ReportScope& scope) : rows_(scope.rows) {}

  bool take(const Statement& statement) override {
    if (statement.result() == "prepared") return false;
    subjects_.of({statement.agent, statement.owner(), statement.who ? statement.who->client : ""})
        .add(statement);
    std::set<Key> seen;
    for (const auto& effect : statement.effects) {
      if (effect.object.empty()) continue;
      Reach& reach = of({statement.agent, effect.object});
      if (seen.insert({statement.agent, effect.object}).second) reach.tally.add(statement);
      if (!statement.runs()) continue;
      note(reach.actions, effect.action);
      reach.all_columns = reach.all_columns || effect.all_columns;
      for (const auto& column : effect.columns) note(reach.columns, column);
      if (effect.route.empty()) reach.is_direct = true;
    }
    return true;
  }

  std::vector<ReportTable> tables() const override {
    ReportTable relations{"relations",
                          {"agent", "relation", "actions", "columns", "how", "statements", "ran", "failed",
                           "refused", "unresolved", "rows", "bytes", "first", "last"},
                          {},
                          0};
    for (const auto& [key, reach] : reached_) {
      if (relations.rows.size() == rows_) {
        relations.more = reached_.size() - rows_;
        break;
      }
      const Tally& tally = reach.tally;
      const bool was_only_refused = tally.refused == tally.statements;
      relations.rows.push_back(
          {key.first, key.second, listed(reach.actions), reach.all_columns ? "all" : listed(reach.columns),
           was_only_refused  ? "refused"
           : reach.is_direct ? "directly"
                             : "through others",
           tally.statements, tally.ran, tally.failed, tally.refused, tally.unresolved, tally.rows,
           tally.bytes, audit::time_text(tally.first), audit::time_text(tally.last)});
    }
    return {tally_table("who", {"agent", "owner", "client"}, subjects_, rows_), relations};
  }
  std::vector<std::string> remarks() const override {
    return {
        "rows and bytes are those of whole statements: one that reads two relations counts in the row of "
        "each",
        "unresolved statements may have run: count them as done",
        "columns are what statements named or views opened; \"all\" where one took every column"};
  }

 private:
  using Key = std::pair<std::string, std::string>;  // agent, relation
  struct Reach {
    Tally tally;
    std::set<std::string> actions, columns;
    bool all_columns = false, is_direct = false;
  };
  static constexpr std::size_t kMostNames = 1'600;  // as many columns as a table of PostgreSQL has

  static void note(std::set<std::string>& names, const std::string& name) {
    if (names.size() < kMostNames) names.insert(name);
  }
  static std::string listed(const std::set<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  }
  Reach& of(const Key& key) {
    const auto found = reached_.find(key);
    if (found != reached_.end()) return found->second;
    return reached_[reached_.size() < kMostGroups ? key : Key{"(others)", "(others)"}];
  }

  std::size_t rows_;
  Groups subjects_{3};
  std::map<Key, Reach> reached_;
};

}  // namespace

std::unique_ptr<AuditReport> make_denials_report(const ReportScope& scope) {
  return std::make_unique<DenialsReport>(scope);
}
std::unique_ptr<AuditReport> make_breach_report(const ReportScope& scope) {
  return std::make_unique<BreachReport>(scope);
}

}  // namespace portcullis::app
