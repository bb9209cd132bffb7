// The command line of `portcullis audit`.
#pragma once

#include "app/audit_command.hpp"
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
  KeygenOptions keygen;
  ProveOptions prove;
  CheckProofOptions check_proof;
  VerifyAuditOptions drill;
};

// Adds the command and all below it; `line` must outlive the parsing.
void add_audit(CLI::App& app, AuditLine& line);

// `command` is `audit`, with the one below it that was given.
[[nodiscard]] int run_audit(const CLI::App& command, const AuditLine& line, Console& console);

}  // namespace portcullis::app
