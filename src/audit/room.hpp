// Counts what was promised: bytes of the segment that entries will take, and bytes kept free for the outcomes
// that decisions already taken will have. Arithmetic only; the log calls it under its lock.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

#include "portcullis/audit/record.hpp"

namespace portcullis::audit {

// The outcomes owed. A session's outcomes come in the order of its decisions, so one outcome releases what
// older decisions of that session kept and did not use (a Bind that was never executed, say).
class OutcomeReserve {
 public:
  void keep(std::uint64_t session, std::uint64_t decision, std::uint64_t bytes);
  void release_up_to(std::uint64_t session, std::uint64_t decision);
  void release_session(std::uint64_t session);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  using Owed = std::deque<std::pair<std::uint64_t, std::uint64_t>>;  // decision, bytes
  std::unordered_map<std::uint64_t, Owed> sessions_;
  std::uint64_t bytes_ = 0;
};

// The segment that the next entry goes to, as the appending threads see it: ahead of the writer's view.
struct Room {
  std::uint64_t segment = 0;   // counts rotations
  std::uint64_t promised = 0;  // bytes that are or will be written, at most
  std::uint64_t secured = 0;   // bytes that cannot meet a full disk
  [[nodiscard]] std::uint64_t left() const noexcept { return secured > promised ? secured - promised : 0; }
};

}  // namespace portcullis::audit
