// Keeps floods of refused logins out of the audit log. Of one address and SQLSTATE the first has an entry of
// its own; what follows within a second of that, or of a count, is counted, and told once a second. Time is
// handed in. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace portcullis::net {

class RefusalCount {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kInterval{1};
  // So many are told apart at a time. What comes beyond is counted as one more, of no address and SQLSTATE.
  static constexpr std::size_t kMostFloods = 20;

  struct Counted {
    std::string address, sqlstate;
    std::uint64_t count = 0;
  };

  enum class Next {
    record,       // with an entry of its own
    count,        // it was counted
    count_first,  // likewise, and nobody has been told yet: call take() once kInterval is over
  };
  [[nodiscard]] Next note(const std::string& address, const std::string& sqlstate, Time now);

  // What was counted for kInterval, which is not counted any more; all of it.
  [[nodiscard]] std::vector<Counted> take(Time now);
  [[nodiscard]] std::vector<Counted> take_all() { return take(Time::max()); }
  // No entry could be made of it: it is counted again. Call take() once kInterval is over.
  void put_back(const Counted& counted, Time now);

 private:
  struct Flood {
    Time latest;  // entry of any kind
    std::uint64_t count = 0;
  };
  using Key = std::pair<std::string, std::string>;

  std::mutex mutex_;
  std::map<Key, Flood> floods_;
};

}  // namespace portcullis::net
