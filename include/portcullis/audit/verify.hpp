// Checks a log offline: needs no secret, no server, and shares no code with the writer beyond hashing and
// Ed25519. docs/audit-format.md says what is checked and what a result means.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "portcullis/audit/verifier_key.hpp"

namespace portcullis::audit {

enum class VerifyResult : std::uint8_t { clean = 0, tampered = 1, incomplete = 2 };  // the exit codes

inline constexpr unsigned kMostVerifyThreads = 64;

struct VerifyOptions {
  std::vector<VerifierKey> keys;               // any of which may vouch for the key that signs
  std::vector<std::filesystem::path> anchors;  // files with notes of the log that were kept elsewhere
  unsigned threads = 0;                        // at most kMostVerifyThreads; 0: one a core, at most 16
  // The folder of the keys of its sealed texts: then the log is read once more. Empty: they are not asked.
  std::filesystem::path sealing_keys{};
};

struct Finding {
  // What was violated. Tampered: "bytes", "canonical", "fields", "origin", "index", "chain", "batch",
  // "segment", "seal", "tree", "order", "pairs", "counters", "policy", "config", "key", "hold", "retention",
  // "notes", "signature", "root", "prune", "anchor", "sealed", "erased". Incomplete: "empty", "read", "torn
  // tail", "time", "silence", "kept", "unsigned", "no key", "no anchor", and "anchor" where the anchor itself
  // is of no use.
  std::string check;
  std::uint64_t index = 0;  // first bad entry; of notes, the entry due when they were met
  std::string file;         // segment, file of notes, or anchor as it was given; empty: the log as a whole
  std::uint64_t line = 0;   // from 1; 0: the file as a whole
  std::string message;
};

struct VerifyReport {
  VerifyResult result = VerifyResult::incomplete;
  std::uint64_t entries = 0, segments = 0, decisions = 0, outcomes = 0;
  std::uint64_t whole = 0;  // entries in whole batches: fewer than `entries` where the last one is torn
  // The entries before it are gone; 0: none is. What the entries of the start that it stands in rest on of
  // those is not checked: docs/audit-format.md, "A log that was pruned".
  std::uint64_t first = 0;
  std::string pruned_by;        // the hash of the order that says so; empty where none does
  std::uint64_t pruned_at = 0;  // and its entry
  std::uint64_t recovered = 0;  // starts behind an end that was none
  std::uint64_t unresolved =
      0;                  // allowed decisions without any outcome, a Parse (which needs none) not counted
  bool closed = false;    // the last entry is `close`; otherwise the gate still runs, or ended without one
  std::string root;       // hex, of the Merkle tree of all entries; empty where the last batch is torn
  std::string last_leaf;  // hex; note it down somewhere else: a later check against it shows a log cut short

  // Of signatures. What is said here is proven only where the result is not `tampered`.
  std::uint64_t covered = 0;    // the first so many entries are those that the newest note was signed over
  std::uint64_t anchored = 0;   // the largest size of a note in an anchor that holds; 0: none does
  std::string key;              // in force at the end, as NAME+KEYID+BASE64; empty: nobody signs
  bool key_is_trusted = false;  // it is one of VerifyOptions::keys, or was put in force by one of them

  std::vector<Finding> findings;  // at most 20
};

// `progress` (may be empty) is called now and then with bytes read and bytes in all, on the caller's thread.
// `clean` only with a key and an anchor that hold; nothing to check is `incomplete`. A log may be written to
// meanwhile. The report does not depend on how many threads there are; where the system gives fewer, it takes
// those. Memory is constant: a few MiB a thread (150 where entries are as large as they may be), one note,
// the last 50,000 allowed decisions, and some hundred bytes for each note in the anchors. Without it the
// result is `incomplete`, or `tampered` where that was found before.
[[nodiscard]] VerifyReport verify(const std::filesystem::path& directory, const VerifyOptions& options = {},
                                  const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace portcullis::audit
