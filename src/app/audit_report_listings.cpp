// Reports that list statements: changes, schema-changes, access, activity, privileges, unresolved.
#include <array>

#include "app/audit_report_parts.hpp"
#include "portcullis/guard/demand.hpp"

namespace portcullis::app {
namespace {

using audit::Statement;
using audit::StatementEffect;

// One of these actions, of what is asked for.
template <class Test>
bool has_effect(const Statement& statement, const Test& test) {
  return std::any_of(statement.effects.begin(), statement.effects.end(), test);
}

// Who wrote to which tables.
class ChangesReport final : public AuditReport {
 public:
  explicit ChangesReport(const ReportScope& scope)
      : scope_(scope), listed_(list_name(), columns(), scope.rows) {}

  bool take(const Statement& statement) override {
    const auto test = [this](const StatementEffect& effect) {
      return is_write(effect.action) && is_in_scope(scope_.filter, effect);
    };
    // A Parse changes nothing; one that was refused was an attempt.
    if (!has_effect(statement, test) || statement.result() == "prepared") return false;
    count_effects(groups_, statement, test, [&](const StatementEffect& effect) {
      return Groups::Key{effect.object, effect.action, statement.agent, statement.owner()};
    });
    if (listed_.has_room())
      listed_.add(statement_row(statement, {effects_where(statement, test), statement.verdict,
                                            result_text(statement), short_text(statement)}));
    return true;
  }
  std::vector<ReportTable> tables() const override {
    return {tally_table("by table and agent", {"table", "action", "agent", "owner"}, groups_, scope_.rows),
            listed_.table()};
  }
  std::vector<std::string> remarks() const override {
    return {"a statement that writes to several tables counts in the row of each"};
  }

 private:
  static std::string list_name() { return "changes"; }
  static std::vector<std::string> columns() {
    return statement_columns({"writes", "verdict", "result", "statement"});
  }
  const ReportScope scope_;
  Groups groups_{4};
  Listing listed_;
};

// What a report of single statements by action has in common.
class ActionReport : public AuditReport {
 public:
  ActionReport(const ReportScope& scope, const char* name)
      : scope_(scope),
        listed_(name, statement_columns({"actions", "verdict", "result", "catalog", "dry run", "statement"}),
                scope.rows) {}

  bool take(const Statement& statement) final {
    const auto test = [this](const StatementEffect& effect) {
      return is_wanted(effect) && is_in_scope(scope_.filter, effect);
    };
    if (!has_effect(statement, test)) return false;
    count_effects(groups_, statement, test, [&](const StatementEffect& effect) {
      return Groups::Key{effect.action, statement.agent, statement.owner()};
    });
    if (listed_.has_room())
      listed_.add(
          statement_row(statement, {effects_where(statement, test), statement.verdict, result_text(statement),
                                    statement.catalog, statement.dry_run, short_text(statement)}));
    return true;
  }
  std::vector<ReportTable> tables() const final {
    return {tally_table("by action and agent", {"action", "agent", "owner"}, groups_, scope_.rows),
            listed_.table()};
  }

 private:
  [[nodiscard]] virtual bool is_wanted(const StatementEffect& effect) const = 0;
  const ReportScope scope_;
  Groups groups_{3};
  Listing listed_;
};

class SchemaReport final : public ActionReport {
 public:
  explicit SchemaReport(const ReportScope& scope) : ActionReport(scope, "schema changes") {}
  std::vector<std::string> remarks() const override {
    return {
        "catalog is the fingerprint of the database's structure that the statement was judged by, before it "
        "ran",
        "dry run is the SHA-256 of its report: portcullis audit show DIR --type dry_run"};
  }

 private:
  bool is_wanted(const StatementEffect& effect) const override { return guard::is_ddl(effect.action); }
};

class PrivilegesReport final : public ActionReport {
 public:
  explicit PrivilegesReport(const ReportScope& scope) : ActionReport(scope, "privileges") {}
  std::vector<std::string> remarks() const override {
    return {"whether a role is a superuser is not in the log: the gate refuses such a role at its login"};
  }

 private:
  bool is_wanted(const StatementEffect& effect) const override {
    static constexpr std::array<std::string_view, 28> kActions{"set role",
                                                               "set session authorization",
                                                               "grant",
                                                               "revoke",
                                                               "grant role",
                                                               "revoke role",
                                                               "create role",
                                                               "alter role",
                                                               "drop role",
                                                               "rename role",
                                                               "alter default privileges",
                                                               "owner to",
                                                               "alter table owner to",
                                                               "reassign owned",
                                                               "drop owned",
                                                               "alter system",
                                                               "security label",
                                                               "create policy",
                                                               "alter policy",
                                                               "drop policy",
                                                               "alter table enable row level security",
                                                               "alter table disable row level security",
                                                               "alter table force row level security",
                                                               "alter table no force row level security",
                                                               "create extension",
                                                               "load",
                                                               "create user mapping",
                                                               "alter user mapping"};
    return std::find(kActions.begin(), kActions.end(), effect.action) != kActions.end();
  }
};

// Who read a table or column.
class AccessReport final : public AuditReport {
 public:
  explicit AccessReport(const ReportScope& scope)
      : scope_(scope),
        listed_("reads",
                statement_columns({"client", "reads", "columns", "verdict", "result", "rows", "statement"}),
                scope.rows) {}

  bool take(const Statement& statement) override {
    const auto test = [this](const StatementEffect& effect) {
      return is_read(effect.action) && is_in_scope(scope_.filter, effect);
    };
    if (!has_effect(statement, test) || statement.result() == "prepared") return false;
    groups_.of({statement.agent, statement.owner(), statement.role}).add(statement);
    if (listed_.has_room())
      listed_.add(statement_row(
          statement,
          {statement.who ? statement.who->client : "", effects_where(statement, test), columns_of(statement),
           statement.verdict, result_text(statement), statement.rows(), short_text(statement)}));
    return true;
  }
  std::vector<ReportTable> tables() const override {
    return {tally_table("by agent", {"agent", "owner", "role"}, groups_, scope_.rows), listed_.table()};
  }
  std::vector<std::string> remarks() const override {
    return {"rows are those that the client was given of the whole statement, whatever of it came from here"};
  }

 private:
  std::string columns_of(const Statement& statement) const {
    std::string text;
    for (const auto& effect : statement.effects) {
      if (!is_read(effect.action) || !is_in_scope(scope_.filter, effect)) continue;
      if (effect.all_columns) return "all";
      for (const auto& column : effect.columns) text += (text.empty() ? "" : ", ") + column;
    }
    return text;
  }
  const ReportScope scope_;
  Groups groups_{3};
  Listing listed_;
};

// All that somebody did.
class ActivityReport final : public AuditReport {
 public:
  explicit ActivityReport(const ReportScope& scope)
      : scope_(scope),
        sessions_("sessions",
                  {"time", "record", "session", "event", "agent", "owner", "login", "client", "reason"},
                  scope.rows),
        listed_(
            "statements",
            statement_columns({"what", "verdict", "rule", "result", "rows", "trace", "said", "statement"}),
            scope.rows) {}

  bool take(const Statement& statement) override {
    agents_.of({statement.agent, statement.owner()}).add(statement);
    count_effects(
        effects_, statement, [](const StatementEffect&) { return true; },
        [&](const StatementEffect& effect) {
          return Groups::Key{statement.agent, effect.action, effect.object};
        });
    if (listed_.has_room())
      listed_.add(statement_row(
          statement, {effects_where(statement, [](const StatementEffect&) { return true; }),
                      statement.verdict, statement.rule, result_text(statement), statement.rows(),
                      statement.trace, audit::on_one_line(statement.said), short_text(statement)}));
    return true;
  }
  // Beginnings and ends of their sessions; these can be asked for by what a login says, and by nothing else.
  bool take(const audit::EntryReader& entry, const audit::SessionFacts*) override {
    if (entry.type() != audit::EntryType::session) return false;
    audit::EntryFilter asked;
    asked.agent = scope_.filter.agent;
    asked.owner = scope_.filter.owner;
    asked.login = scope_.filter.login;
    asked.session = scope_.filter.session;
    const auto own = read_session(entry);
    if (!scope_.filter.trace.empty() || !matches(asked, entry, &own)) return false;
    if (!sessions_.has_room()) return true;
    sessions_.add({audit::time_text(entry.micros()), entry.index(), own.session, entry.text("event"),
                   own.agent, own.owner, own.login, own.client, audit::on_one_line(entry.text("reason"))});
    return true;
  }
  std::vector<ReportTable> tables() const override {
    return {tally_table("by agent", {"agent", "owner"}, agents_, scope_.rows),
            tally_table("by action and object", {"agent", "action", "object"}, effects_, scope_.rows),
            sessions_.table(), listed_.table()};
  }
  std::vector<std::string> remarks() const override {
    return {"a statement with several effects counts in the row of each"};
  }

 private:
  const ReportScope scope_;
  Groups agents_{2}, effects_{3};
  Listing sessions_, listed_;
};

// What went to the database and of which nobody knows what became.
class UnresolvedReport final : public AuditReport {
 public:
  explicit UnresolvedReport(const ReportScope& scope)
      : scope_(scope),
        listed_("unresolved", statement_columns({"session", "what", "statement"}), scope.rows) {}
  bool take(const Statement& statement) override {
    if (!statement.is_unresolved()) return false;
    groups_.of({statement.agent, statement.owner()}).add(statement);
    if (listed_.has_room())
      listed_.add(statement_row(
          statement,
          {statement.session, effects_where(statement, [](const StatementEffect&) { return true; }),
           short_text(statement)}));
    return true;
  }
  std::vector<ReportTable> tables() const override {
    return {tally_table("by agent", {"agent", "owner"}, groups_, scope_.rows), listed_.table()};
  }
  std::vector<std::string> remarks() const override {
    return {
        "these were allowed and no outcome was recorded: a crash leaves such, and statements that run still; "
        "what became of them, the database knows"};
  }

 private:
  const ReportScope scope_;
  Groups groups_{2};
  Listing listed_;
};

}  // namespace

std::unique_ptr<AuditReport> make_changes_report(const ReportScope& scope) {
  return std::make_unique<ChangesReport>(scope);
}
std::unique_ptr<AuditReport> make_schema_report(const ReportScope& scope) {
  return std::make_unique<SchemaReport>(scope);
}
std::unique_ptr<AuditReport> make_access_report(const ReportScope& scope) {
  return std::make_unique<AccessReport>(scope);
}
std::unique_ptr<AuditReport> make_activity_report(const ReportScope& scope) {
  return std::make_unique<ActivityReport>(scope);
}
std::unique_ptr<AuditReport> make_privileges_report(const ReportScope& scope) {
  return std::make_unique<PrivilegesReport>(scope);
}
std::unique_ptr<AuditReport> make_unresolved_report(const ReportScope& scope) {
  return std::make_unique<UnresolvedReport>(scope);
}

}  // namespace portcullis::app
