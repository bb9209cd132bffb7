// The reports of `portcullis audit report`: each makes tables of the statements, or of the entries, of a
// range.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/read.hpp"

namespace portcullis::app {

struct Cell {
  Cell(std::string words) : text(std::move(words)) {}  // NOLINT: a table is written as a list of its cells
  Cell(const char* words) : text(words) {}             // NOLINT
  Cell(std::uint64_t number) : text(std::to_string(number)), is_number(true) {}  // NOLINT
  std::string text;
  bool is_number = false;
};

struct ReportTable {
  std::string name;                  // "by rule"; in JSON with "_" between the words
  std::vector<std::string> columns;  // likewise
  std::vector<std::vector<Cell>> rows{};
  std::uint64_t more = 0;  // rows that are counted in other tables and not listed here
};

// What a report is given beside the entries.
struct ReportScope {
  audit::EntryFilter filter{};
  std::int64_t since = 0;  // EntryFilter::since, or the beginning of the log
  std::size_t rows = 0;    // listed at most, of each table
};

class AuditReport {
 public:
  virtual ~AuditReport() = default;
  // Whether the statement is one that the report is about: it then counts as matched.
  virtual bool take(const audit::Statement& statement);
  // The same of an entry.
  virtual bool take(const audit::EntryReader& entry, const audit::SessionFacts* who);
  [[nodiscard]] virtual std::vector<ReportTable> tables() const = 0;
  // What has to be known to read the tables right.
  [[nodiscard]] virtual std::vector<std::string> remarks() const { return {}; }
};

struct ReportKind {
  std::string_view name;     // "changes"
  std::string_view purpose;  // for --help, with what its rules are
  std::string_view example;  // what follows the folder
  enum class Reads : std::uint8_t { statements, entries } reads;
  bool needs_table = false;    // --table or --column
  bool needs_subject = false;  // --agent, --owner, --login, --session or --trace
  bool looks_back = false;     // what is before --since and --record is read, too, to know what came of it
  bool last_day = false;       // without --since it is 24 hours before the log's last entry
  std::unique_ptr<AuditReport> (*make)(const ReportScope& scope);
};
[[nodiscard]] const std::vector<ReportKind>& report_kinds();
[[nodiscard]] const ReportKind* report_kind(std::string_view name);

// Makers of reports, by the files that have them.
[[nodiscard]] std::unique_ptr<AuditReport> make_changes_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_schema_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_access_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_activity_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_denials_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_privileges_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_unresolved_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_gaps_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_policies_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_readings_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_breach_report(const ReportScope& scope);
[[nodiscard]] std::unique_ptr<AuditReport> make_outliers_report(const ReportScope& scope);

}  // namespace portcullis::app
