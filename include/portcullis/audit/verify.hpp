// Checks a log offline: needs no secret, no server, and shares no code with the writer beyond hashing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace portcullis::audit {

enum class VerifyResult : std::uint8_t { clean = 0, tampered = 1, incomplete = 2 };  // the exit codes

struct Finding {
  // What was violated. Tampered: "bytes", "canonical", "fields", "origin", "index", "chain", "batch",
  // "segment", "seal", "order", "pairs". Incomplete: "empty", "read", "torn tail", "time".
  std::string check;
  std::uint64_t index = 0;  // first bad entry
  std::string file;         // segment
  std::uint64_t line = 0;   // from 1
  std::string message;
};

struct VerifyReport {
  VerifyResult result = VerifyResult::incomplete;
  std::uint64_t entries = 0, segments = 0, decisions = 0, outcomes = 0;
  std::uint64_t unresolved =
      0;                  // allowed decisions without any outcome, a Parse (which needs none) not counted
  bool closed = false;    // the last entry is `close`; otherwise the gate still runs, or ended without one
  std::string root;       // hex, of the Merkle tree of all entries; empty where the last batch is torn
  std::string last_leaf;  // hex; note it down somewhere else: a later check against it shows a log cut short
  std::vector<Finding> findings;  // at most 20
};

// `progress` (may be empty) is called now and then with bytes read and bytes in all, on the caller's thread.
// Memory is constant: one entry, and the last 50,000 allowed decisions. Nothing to check is `incomplete`,
// never clean.
[[nodiscard]] VerifyReport verify(const std::filesystem::path& directory,
                                  const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace portcullis::audit
