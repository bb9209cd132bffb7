// A log as a gate writes it, for benchmarks.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "portcullis/audit/record.hpp"

namespace portcullis::bench {

// Under the temporary directory (TMPDIR), or under `parent`; removed with all it holds at the end.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A statement with two effects, kept with its text: about 600 bytes. Every fourth has line ends in it, every
// sixteenth letters beyond ASCII, every third is a Bind with parameters.
[[nodiscard]] audit::DecisionRecord typical_decision(std::uint64_t number, const std::string& policy_hash);
[[nodiscard]] audit::OutcomeRecord typical_outcome(std::uint64_t number, std::uint64_t decision);

// Logins, decisions with their outcomes (one in twenty is denied and has none), ends of sessions: at least so
// many entries, in segments of the usual size. Throws when the log cannot be written.
void write_log(const std::filesystem::path& directory, std::uint64_t entries);

// The same by so many agents in turn, "agent-0" and so on, each with an owner and one session in a hundred
// on a table of its own, "app.private_0"; every look at the clock finds it `step` later.
struct LogShape {
  std::uint64_t entries = 0, agents = 100;
  std::chrono::microseconds step{4'000};
};
void write_log(const std::filesystem::path& directory, const LogShape& shape);

}  // namespace portcullis::bench
