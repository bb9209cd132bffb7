#include "app/audit_reports.hpp"

#include <algorithm>

namespace portcullis::app {

const std::vector<ReportKind>& report_kinds() {
  using enum ReportKind::Reads;
  static const std::vector<ReportKind> kinds{
      {.name = "changes",
       .purpose =
           "Who wrote to which tables, and what came of it; also by cascades and functions, as far as the\n"
           "policy's judgement saw them.",
       .example = "--table app.* --since 7d",
       .reads = statements,
       .make = make_changes_report},
      {.name = "schema-changes",
       .purpose =
           "DDL: who changed the structure, the catalog's fingerprint before, the dry run, the outcome.",
       .example = "--since 30d",
       .reads = statements,
       .make = make_schema_report},
      {.name = "access",
       .purpose = "Who read a table or a column, when, and how many rows they were given.",
       .example = "--column app.customers.email --since 2026-11-01 --until 2026-12-01",
       .reads = statements,
       .needs_table = true,
       .make = make_access_report},
      {.name = "activity",
       .purpose = "All that an agent, an owner, a login, a session or a trace did.",
       .example = "--agent repair-bot --since 24h",
       .reads = statements,
       .needs_subject = true,
       .make = make_activity_report},
      {.name = "denials",
       .purpose = "What was refused, by rule and agent, with what only was counted; refused logins.",
       .example = "--since 7d",
       .reads = statements,
       .make = make_denials_report},
      {.name = "privileges",
       .purpose =
           "SET ROLE, GRANT, roles, owners, row security: what changes who may do what, refused or not.",
       .example = "--since 30d",
       .reads = statements,
       .make = make_privileges_report},
      {.name = "unresolved",
       .purpose = "Statements that were allowed and of which no outcome was recorded.",
       .example = "--since 7d",
       .reads = statements,
       .make = make_unresolved_report},
      {.name = "breach",
       .purpose = "How far somebody reached: relations, columns, rows and bytes in a time.",
       .example = "--agent repair-bot --since 2026-11-21T20:00:00Z --until 2026-11-22T06:00:00Z",
       .reads = statements,
       .needs_subject = true,
       .make = make_breach_report},
      {.name = "outliers",
       .purpose =
           "What agents do since a time that they never did before: new relations, much in an hour, unusual\n"
           "hours. --since is where the new begins, 24 hours before the end of the log when left out; all\n"
           "before is what it is compared with.",
       .example = "--since 24h",
       .reads = statements,
       .looks_back = true,
       .last_day = true,
       .make = make_outliers_report},
      {.name = "gaps",
       .purpose = "When the gate did not record: starts, ends, crashes, silences, a clock that was set; "
                  "anchors that\n"
                  "could not be reached.",
       .example = "--since 30d",
       .reads = entries,
       .looks_back = true,
       .make = make_gaps_report},
      {.name = "policies",
       .purpose = "Which policies were in force, from when on, and who was judged by them.",
       .example = "--since 90d",
       .reads = entries,
       .make = make_policies_report},
      {.name = "readings",
       .purpose = "Who opened sealed texts of the log, of which entries, why, and into which files.",
       .example = "--since 90d",
       .reads = entries,
       .make = make_readings_report},
  };
  return kinds;
}

const ReportKind* report_kind(std::string_view name) {
  const auto& kinds = report_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const ReportKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace portcullis::app
