// `portcullis audit verify`, `portcullis audit show`, `portcullis audit report` and `portcullis audit
// keygen`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/console.hpp"

namespace portcullis::app {

struct VerifyAuditOptions {
  std::filesystem::path directory{};
  std::vector<std::filesystem::path> keys{};     // public ones, each in a file as `audit keygen` writes them
  std::vector<std::filesystem::path> anchors{};  // files with notes that were kept elsewhere
};

// 0 clean, 1 tampered, 2 incomplete: the last line says which, with what was found and what was proven above
// it. 2 as well where a key cannot be taken; then nothing is checked.
[[nodiscard]] int verify_audit(const VerifyAuditOptions& options, Console& console);

struct ShowOptions {
  std::filesystem::path directory{};
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;           // included
  std::string agent{}, verdict{}, type{};  // empty: any
  bool json = false;                       // the entries as they stand in the log
};

// One line for each entry. kSuccess; kUsage for a type or verdict that there is not; kFailure when the log
// cannot be read.
[[nodiscard]] int show_audit(const ShowOptions& options, Console& console);

struct DryRunReportOptions {
  std::filesystem::path directory{};
  bool json = false;
};

// How often what a dry run predicted came true. kSuccess; kFailure when the log cannot be read.
[[nodiscard]] int report_dry_runs(const DryRunReportOptions& options, Console& console);

struct KeygenOptions {
  std::string name;            // of the log: its origin
  std::filesystem::path file;  // for the private key; the public one goes beside it, FILE.pub
};

// A new key for a log's signatures. Prints the public one on the first line, then what to do with the two.
// kSuccess; kUsage for a name that no log can have; kFailure where a file is there already or cannot be
// written.
[[nodiscard]] int make_audit_key(const KeygenOptions& options, Console& console);

}  // namespace portcullis::app
