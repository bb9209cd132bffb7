// Verdicts on what was allowed before: most statements of a session are sent again and again, and nothing
// that they are judged by has changed in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "guard/guard.hpp"

namespace portcullis::guard {

// Of one session, on one thread: the agent and how it sees names must be the same in all calls, or clear()
// called in between. Bounded in entries and in bytes; what does not fit is decided each time.
class VerdictCache {
 public:
  // By what the next statements are judged; everything is forgotten where that is not what the earlier ones
  // were judged by. Held until the next call, so that nothing new can stand at its address.
  void judge_by(std::shared_ptr<const void> basis);
  // Whatever else verdicts rest on has changed, as the session's search_path.
  void clear() noexcept;

  // What `guard.decide(*facts, request)` gives, where `guard` and `request.snapshot` are those of the basis.
  // Never null; shared with the cache, hence not to be changed. The same facts are those at the same address:
  // they must not change as long as anybody holds them.
  [[nodiscard]] std::shared_ptr<const Verdict> decide(const Guard& guard,
                                                      const std::shared_ptr<const sql::Facts>& facts,
                                                      const Request& request);

  // How many decide() was asked for, and how many of these it had.
  [[nodiscard]] std::uint64_t asked() const noexcept { return asked_; }
  [[nodiscard]] std::uint64_t found() const noexcept { return found_; }
  // How many verdicts are kept, for tests.
  [[nodiscard]] std::size_t size() const noexcept { return young_.size() + old_.size(); }

  // Of a generation; there are two.
  static constexpr std::size_t kMaxEntries = 128;
  static constexpr std::size_t kMaxBytes = 512 * 1024;
  static constexpr std::size_t kMaxEntryBytes = 96 * 1024;

 private:
  struct Entry {
    std::shared_ptr<const sql::Facts> facts;  // kept alive: the address is the key
    std::shared_ptr<const Verdict> verdict;
    std::size_t bytes = 0;
  };
  using Map = std::unordered_map<const sql::Facts*, Entry>;

  [[nodiscard]] std::shared_ptr<const Verdict> find(const sql::Facts* facts);
  void put(Entry entry);
  void make_room(std::size_t bytes);

  std::shared_ptr<const void> basis_;
  // When the young generation is full the old one goes. What is used moves to the young one.
  Map young_, old_;
  std::size_t young_bytes_ = 0;
  std::uint64_t asked_ = 0, found_ = 0;
};

}  // namespace portcullis::guard
