// `portcullis audit`: verify, show, query, report, export, check-export, keygen, prove, disclose, check-proof
// and drill.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/audit_filter.hpp"
#include "app/console.hpp"
#include "app/recorded_reading.hpp"

namespace portcullis::app {

struct VerifyAuditOptions {
  std::filesystem::path directory{};
  std::vector<std::filesystem::path> keys{};     // public ones, each in a file as `audit keygen` writes them
  std::vector<std::filesystem::path> anchors{};  // files with notes that were kept elsewhere
  unsigned threads = 0;                          // of `verify`; 0: as many as there are cores, at most 16
  std::filesystem::path sealing_keys{};          // the folder of the keys of sealed texts; empty: not asked
};

// 0 clean, 1 tampered, 2 incomplete: the last line says which, with what was found and what was proven above
// it. 2 as well where a key cannot be taken, or there is no memory; then nothing is checked.
[[nodiscard]] int verify_audit(const VerifyAuditOptions& options, Console& console);

// Prints the message, safe for a terminal; `code`.
int fail(Console& console, int code, const base::Error& error);

struct ShowOptions {
  std::filesystem::path directory{};
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;  // included
  FilterOptions filter{};
  bool json = false;        // the entries as they stand in the log
  OpenTextsOptions open{};  // with `json`, entries whose texts are opened are as opened_line() has them
};

// One line for each entry. kSuccess; kUsage for what cannot be looked for; kFailure when the log cannot be
// read.
[[nodiscard]] int show_audit(const ShowOptions& options, Console& console);

struct QueryOptions {
  std::filesystem::path directory{};
  FilterOptions filter{};
  bool json = false;  // one object for each statement, and one with the evidence behind them
  OpenTextsOptions open{};
};

// One row for each statement, with its session and its outcomes, and on what they rest. As show_audit().
[[nodiscard]] int query_audit(const QueryOptions& options, Console& console);

struct DryRunReportOptions {
  std::filesystem::path directory{};
  OpenTextsOptions open{};  // reports that are sealed are opened
  bool json = false;
};

// How often what a dry run predicted came true. kSuccess; kFailure when the log cannot be read.
[[nodiscard]] int report_dry_runs(const DryRunReportOptions& options, Console& console);

struct ReportOptions {
  std::filesystem::path directory{};
  std::string name{};  // of report_kinds()
  FilterOptions filter{};
  std::size_t rows = 200;  // listed of each table
  bool json = false;       // one object
};

// Tables, what has to be known to read them, and on which entries of the log they rest. kSuccess; kUsage for
// what cannot be asked; kFailure when the log cannot be read.
[[nodiscard]] int report_audit(const ReportOptions& options, Console& console);

// What verify_audit() says, as a statement of what was checked and against what, with the same exit codes.
struct IntegrityOptions {
  VerifyAuditOptions verify{};
  bool json = false;
};
[[nodiscard]] int report_integrity(const IntegrityOptions& options, Console& console);

struct ExportOptions {
  std::filesystem::path directory{};
  std::string format = "jsonl";  // or "csv"
  std::filesystem::path out{};   // a new file; FILE.manifest.json beside it is new, too
  FilterOptions filter{};
  OpenTextsOptions open{};  // texts that are sealed stand in the file, opened; the entry has its hash
};

// Writes both files, synced, mode 0600, and says on what they rest. kSuccess; kUsage for what cannot be
// asked; kFailure, and neither file is left, where one is there already or cannot be written, or the log not
// be read.
[[nodiscard]] int export_audit(const ExportOptions& options, Console& console);

struct CheckExportOptions {
  std::filesystem::path file{};                // its manifest stands beside it
  std::optional<std::filesystem::path> log{};  // a log's folder: whether the export is all that it has
  std::filesystem::path sealing_keys{};        // of that log: whether texts that were opened are its own, too
};

// 0 it holds, 1 it does not, 2 it cannot be checked.
[[nodiscard]] int check_audit_export(const CheckExportOptions& options, Console& console);

struct KeygenOptions {
  std::string name;            // of the log: its origin
  std::filesystem::path file;  // for the private key; the public one goes beside it, FILE.pub
};

// A new key for a log's signatures. Prints the public one on the first line, then what to do with the two.
// kSuccess; kUsage for a name that no log can have; kFailure where a file is there already or cannot be
// written.
[[nodiscard]] int make_audit_key(const KeygenOptions& options, Console& console);

// One of `index` and `old_note`.
struct ProveOptions {
  std::filesystem::path directory{};
  std::optional<std::uint64_t> index{};             // an inclusion proof of this entry
  std::optional<std::filesystem::path> old_note{};  // a consistency proof from this note on
  std::filesystem::path out{};                      // a new file; empty: standard output
};

// Writes a proof that was checked against the log's newest note. kSuccess; kUsage for both or none of the
// two; kFailure, and nothing written, where there is none or it cannot be written.
[[nodiscard]] int prove_audit(const ProveOptions& options, Console& console);

struct DiscloseOptions {
  std::filesystem::path directory{};
  std::uint64_t index = 0;
  std::string field{};  // its name in the entry's "sealed"
  OpenTextsOptions open{};
  std::filesystem::path out{};  // a new file; empty: standard output
};

// Writes one sealed field of an entry, opened, with a proof that was checked against the log's newest note.
// The log has an entry with the hash of what is written before it is.
// kSuccess; kFailure, and nothing written, where it cannot be opened, there is no proof, or it cannot be
// written.
[[nodiscard]] int disclose_audit(const DiscloseOptions& options, Console& console);

struct CheckProofOptions {
  std::filesystem::path file{}, key{};              // `key`: the log's public one
  std::optional<std::filesystem::path> old_note{};  // for a consistency proof
  bool show = false;                                // of an inclusion proof: the entry, too
};

// What the proof or the disclosure proves, without the log. 0 proven, 1 it does not hold, 2 it cannot be
// checked.
[[nodiscard]] int check_audit_proof(const CheckProofOptions& options, Console& console);

// Attacks copies of the log in every way that the verifier is there to find, and prints what found each. 0
// every one was found that can be, 1 one was not, 2 there was nothing to drill on: the log cannot be read, or
// is not in order itself, or a key cannot be taken.
[[nodiscard]] int drill_audit(const VerifyAuditOptions& given, Console& console);

}  // namespace portcullis::app
