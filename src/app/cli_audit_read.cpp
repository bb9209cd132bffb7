// The command line of what reads a log.
#include <string>

#include <CLI/CLI.hpp>

#include "app/audit_reports.hpp"
#include "app/cli_audit.hpp"
#include "app/cli_parts.hpp"
#include "app/moment.hpp"

namespace portcullis::app {
namespace {

void add_directory(CLI::App& command, std::filesystem::path& directory) {
  command.add_option("directory", directory, "The log's folder")->required()->type_name("DIR");
}

// Of which entries and times.
void add_range_options(CLI::App& command, FilterOptions& filter) {
  const auto text = [&](const char* name, std::string& into, const char* purpose, const char* type) {
    command.add_option(name, into, purpose)->type_name(type);
  };
  text("--since", filter.since, (std::string("From this time on: ") + kMomentForms).c_str(), "TIME");
  text("--until", filter.until, "Before this time", "TIME");
  text("--record", filter.record, "Only this entry, or these: 4711 or 4711-4800", "N[-M]");
  command
      .add_option("--as-of", filter.as_of,
                  "As if the log ended with this entry: asks again what was asked then")
      ->check(is_index)
      ->type_name("INDEX");
  command.add_flag(
      "--every", filter.every,
      "Look at every entry for --since and --until: for a log of which verify says that its time\n"
      "goes back within a start");
}

// What all that reads a log can be asked.
void add_filter_options(CLI::App& command, FilterOptions& filter) {
  const auto text = [&](const char* name, std::string& into, const char* purpose, const char* type) {
    command.add_option(name, into, purpose)->type_name(type);
  };
  text("--agent", filter.agent, "Only this agent's", "NAME");
  text("--owner", filter.owner, "Only of agents with this owner, as the session's login says", "NAME");
  text("--login", filter.login, "Only of sessions with this login", "LOGIN");
  text(
      "--table", filter.table,
      "Only what touches this table, as in app.orders, or app.* for a schema; also through views, functions\n"
      "and cascades",
      "TABLE");
  text("--column", filter.column, "Only what touches this column, as in app.customers.email", "COLUMN");
  command.add_flag("--direct", filter.direct,
                   "Of --table, --column and --action only what stands in the statement itself");
  text("--action", filter.action, "Only what does this, as policies name it: select, \"create index\"",
       "ACTION");
  text("--verdict", filter.verdict, "Only these: allow, would_deny, ask or deny", "VERDICT");
  text("--rule", filter.rule, "Only what this rule or protection spoke for", "ID");
  text("--kind", filter.kind, "Only with this command tag: UPDATE, \"CREATE TABLE\"", "TAG");
  text("--sqlstate", filter.sqlstate, "Only what was refused or failed with this SQLSTATE", "CODE");
  text("--trace", filter.trace, "Only with this traceparent, or trace id", "TRACE");
  command
      .add_option("--session", filter.session,
                  "Only of sessions with this number, which each start begins anew")
      ->check(is_index)
      ->type_name("N");
  add_range_options(command, filter);
}

void add_audit_show(CLI::App& audit, AuditLine& line) {
  CLI::App& show = add_command(audit, "show",
                               "Print entries of a log as they stand, one a line. What is not asked for is "
                               "passed over unread: reading\n"
                               "is not verifying.",
                               "portcullis audit show audit/ --agent repair-bot --verdict deny --since 24h");
  add_directory(show, line.show.directory);
  show.add_option("--from", line.show.from, "The first entry's index")->check(is_index)->type_name("INDEX");
  show.add_option("--to", line.show.to, "The last entry's index")->check(is_index)->type_name("INDEX");
  add_filter_options(show, line.show.filter);
  show.add_option("--type", line.show.filter.type,
                  "Only this type: decision, outcome, session, policy, config, ...")
      ->type_name("TYPE");
  show.add_flag("--json", line.show.json, "The entries as they stand in the log, as JSON");
  add_open_options(show, line.show.open);
}

void add_audit_query(CLI::App& audit, AuditLine& line) {
  CLI::App& query =
      add_command(audit, "query",
                  "Print statements, one a row: the decision, what became of it, and whose session it was; "
                  "then on which\n"
                  "entries of the log the answer rests, so that somebody else can ask the same and compare.\n"
                  "Exit code: 0 answered, 1 the log cannot be read, 64 what cannot be asked.",
                  "portcullis audit query audit/ --table app.orders --action update --since 7d");
  add_directory(query, line.query.directory);
  add_filter_options(query, line.query.filter);
  query.add_flag("--json", line.query.json, "One JSON object for each statement, and one with the evidence");
  add_open_options(query, line.query.open);
}

void add_report(CLI::App& parent, const ReportKind& kind, AuditLine& line) {
  const std::string name(kind.name);
  CLI::App& report = add_command(parent, name, std::string(kind.purpose),
                                 "portcullis audit report " + name + " audit/ " + std::string(kind.example));
  add_directory(report, line.report.directory);
  if (kind.reads == ReportKind::Reads::statements) {
    add_filter_options(report, line.report.filter);
  } else {
    add_range_options(report, line.report.filter);
  }
  report.add_option("--rows", line.report.rows, "How many rows of each table are listed; all are counted")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
      ->type_name("COUNT");
  report.add_flag("--json", line.report.json, "One JSON object");
}

void add_audit_report(CLI::App& audit, AuditLine& line) {
  CLI::App& report = add_command(
      audit, "report",
      "Reckon over a log: tables, what has to be known to read them, and on which entries they rest.\n"
      "There is no report yet on approvals, on erasures and on what reached the database past the gate: the\n"
      "log has nothing on them.\n"
      "Exit code: 0 reported, 1 the log cannot be read, 64 what cannot be asked; of integrity that of "
      "verify.",
      "portcullis audit report access audit/ --column app.customers.email --since 30d");
  report.require_subcommand(1);
  for (const ReportKind& kind : report_kinds()) add_report(report, kind, line);
  CLI::App& integrity = add_command(
      report, "integrity",
      "What `portcullis audit verify` says of the log, when, and against which keys and anchors.\n"
      "Exit code: 0 clean, 1 tampered with, 2 the evidence is incomplete, or a key cannot be read.",
      "portcullis audit report integrity audit/ --key log.key.pub --anchor anchored.notes");
  add_directory(integrity, line.integrity.verify.directory);
  add_evidence_options(integrity, line.integrity.verify);
  integrity.add_flag("--json", line.integrity.json, "One JSON object");
  CLI::App& dry_runs =
      add_command(report, "dry-runs",
                  "How often what dry runs predicted came true: whether it ran, and how long it took.",
                  "portcullis audit report dry-runs /var/lib/portcullis/audit");
  dry_runs.add_option("directory", line.dry_run_report.directory, "The log's folder")
      ->required()
      ->type_name("DIR");
  dry_runs.add_flag("--json", line.dry_run_report.json, "One JSON object");
  add_open_options(dry_runs, line.dry_run_report.open);
}

void add_audit_export(CLI::App& audit, AuditLine& line) {
  CLI::App& command = add_command(
      audit, "export",
      "Write a part of a log into a file of its own, and FILE.manifest.json beside it, by which it can be\n"
      "checked. jsonl: the entries as they stand, and the outcomes of the decisions among them; csv: one\n"
      "record a statement, in which no cell looks like a formula to a spreadsheet.\n"
      "Exit code: 0 written, 1 a file is there already or cannot be written, or the log not be read, 64 "
      "what\n"
      "cannot be asked.",
      "portcullis audit export audit/ --format csv --out november.csv --since 2026-11-01 --until 2026-12-01");
  add_directory(command, line.export_log.directory);
  command.add_option("--format", line.export_log.format, "jsonl or csv")
      ->required()
      ->check(CLI::IsMember({"jsonl", "csv"}))
      ->type_name("FORMAT");
  command.add_option("--out", line.export_log.out, "The file to make; none is overwritten")
      ->required()
      ->type_name("FILE");
  add_filter_options(command, line.export_log.filter);
  add_open_options(command, line.export_log.open);
}

void add_audit_check_export(CLI::App& audit, AuditLine& line) {
  CLI::App& command = add_command(audit, "check-export",
                                  "Check a file that `portcullis audit export` wrote against its manifest, "
                                  "and with --log whether it is all\n"
                                  "that the log answers to the same question.\n"
                                  "Exit code: 0 it holds, 1 it does not, 2 it cannot be checked.",
                                  "portcullis audit check-export november.csv --log audit/");
  command.add_option("file", line.check_export.file, "The file; its manifest stands beside it")
      ->required()
      ->type_name("FILE");
  auto* const log = command.add_option("--log", line.check_export.log, "The log's folder")->type_name("DIR");
  add_sealing_keys(command, line.check_export.sealing_keys,
                   "of an export with opened texts, these are compared as well; none is shown")
      .needs(log);
}

int run_report(const CLI::App& command, const AuditLine& line, Console& console) {
  if (command.got_subcommand("dry-runs")) return report_dry_runs(line.dry_run_report, console);
  if (command.got_subcommand("integrity")) return report_integrity(line.integrity, console);
  ReportOptions options = line.report;
  options.name = command.get_subcommands().front()->get_name();
  return report_audit(options, console);
}

}  // namespace

void add_audit_reading(CLI::App& audit, AuditLine& line) {
  add_audit_show(audit, line);
  add_audit_query(audit, line);
  add_audit_report(audit, line);
  add_audit_export(audit, line);
  add_audit_check_export(audit, line);
}

int run_audit_reading(const CLI::App& audit, const AuditLine& line, Console& console) {
  if (audit.got_subcommand("report")) return run_report(*audit.get_subcommand("report"), line, console);
  if (audit.got_subcommand("export")) return export_audit(line.export_log, console);
  if (audit.got_subcommand("check-export")) return check_audit_export(line.check_export, console);
  if (audit.got_subcommand("query")) return query_audit(line.query, console);
  return show_audit(line.show, console);
}

}  // namespace portcullis::app
