// Keeps floods of statements that are refused over a limit out of the audit log. Of one rule and SQLSTATE the
// first has an entry of its own. What follows within a second of that, or of a count, is counted: one entry
// for all when the second is over, and none of them is answered before that entry is durable.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "portcullis/base/result.hpp"

namespace portcullis::session {

class Recorder;

// The refusals of one second that share an entry.
struct Tally {
  std::uint64_t count = 0;
  std::chrono::steady_clock::time_point due;  // when the entry is written
  // Its index once it is written, or the log's error: then that is what all of them are answered.
  std::optional<base::Result<std::uint64_t>> entry{};
};
using TallyPtr = std::shared_ptr<const Tally>;

// Of one session. Time is handed in.
class FloodCount {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kInterval{1};

  // One more was refused. What it was counted in; null: it is to have an entry of its own, of which
  // recorded() is then told.
  [[nodiscard]] TallyPtr count(const std::string& rule, const std::string& sqlstate, Time now);
  void recorded(const std::string& rule, const std::string& sqlstate, Time now);

  // When the next entry is to be written.
  [[nodiscard]] std::optional<Time> due() const;
  // Writes what is due. What the log did not take is forgotten: the next refusal is told the log's error at
  // once.
  void write(Recorder& recorder, Time now);
  // Writes all, whether it is due or not: the session ends.
  void write_all(Recorder& recorder) { write(recorder, Time::max()); }

 private:
  struct Flood {
    Time latest;  // entry of any kind
    std::shared_ptr<Tally> tally{};
  };
  std::map<std::pair<std::string, std::string>, Flood> floods_;  // by rule and SQLSTATE
};

}  // namespace portcullis::session
