// The command line of `portcullis audit`.
#pragma once

#include "app/audit_command.hpp"
#include "app/cli_orders.hpp"
#include "app/console.hpp"

namespace CLI {
class App;
}

namespace portcullis::app {

// What the options are read into.
struct AuditLine {
  VerifyAuditOptions verify;
  ShowOptions show;
  QueryOptions query;
  DryRunReportOptions dry_run_report;
  ReportOptions report;
  IntegrityOptions integrity;
  ExportOptions export_log;
  CheckExportOptions check_export;
  KeygenOptions keygen;
  ProveOptions prove;
  CheckProofOptions check_proof;
  DiscloseOptions disclose;
  VerifyAuditOptions drill;
  OrderCommandLine orders;
};

// Adds the command and all below it; `line` must outlive the parsing.
void add_audit(CLI::App& app, AuditLine& line);

// --key and --anchor, for what verifies.
void add_evidence_options(CLI::App& command, VerifyAuditOptions& options);

// Of these, the commands that read a log: show, query, report, export, check-export.
void add_audit_reading(CLI::App& audit, AuditLine& line);
[[nodiscard]] int run_audit_reading(const CLI::App& audit, const AuditLine& line, Console& console);

// `command` is `audit`, with the one below it that was given.
[[nodiscard]] int run_audit(const CLI::App& command, AuditLine& line, Console& console);

}  // namespace portcullis::app
