// `portcullis audit`: verify, show, report, keygen, prove, disclose, check-proof and drill.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/console.hpp"

namespace portcullis::app {

struct VerifyAuditOptions {
  std::filesystem::path directory{};
  std::vector<std::filesystem::path> keys{};     // public ones, each in a file as `audit keygen` writes them
  std::vector<std::filesystem::path> anchors{};  // files with notes that were kept elsewhere
  std::filesystem::path sealing_keys{};          // the folder of the keys of sealed texts; empty: not asked
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
  // The folder of the keys: what is sealed is opened. With `json`, an entry then has a member "opened" more,
  // an object of the fields that could be, and where it is not empty "unopened", one of why the others could
  // not.
  std::optional<std::filesystem::path> sealing_keys{};
};

// One line for each entry. kSuccess; kUsage for a type or verdict that there is not; kFailure when the log
// cannot be read.
[[nodiscard]] int show_audit(const ShowOptions& options, Console& console);

struct DryRunReportOptions {
  std::filesystem::path directory{};
  std::optional<std::filesystem::path> sealing_keys{};  // reports that are sealed are opened
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
  std::string field{};                   // its name in the entry's "sealed"
  std::filesystem::path sealing_keys{};  // the folder of the keys
  std::filesystem::path out{};           // a new file; empty: standard output
};

// Writes one sealed field of an entry, opened, with a proof that was checked against the log's newest note.
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
