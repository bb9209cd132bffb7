// The policy's limits on how often and how much at once, kept for all agents by one object for the whole
// gate. Sans-I/O: time is handed in, nothing is ever waited for.
//
// In the order of a message:
//   open_session()     once, behind a login that succeeded and before the agent's database is asked; the
//                      slot lives as long as the session.
//   begin_statement()  when a session that has nothing under way is about to send something that runs; the
//                      slot lives until it has nothing under way again. A session holds one at most: what it
//                      pipelines runs one behind the other.
//   admit()            behind a verdict that allows and before its record is written, so that the record
//                      shows a refusal for what it is.
//   failed(), succeeded()  when the server has said how an admitted statement ended, by the key that it was
//                      admitted with. Whoever never hears of the end says nothing.
// Refusals are whole sentences with "portcullis:" in front, ready for guard::with_record(); but that of a
// login, which is in PostgreSQL's words.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guard/failure_memory.hpp"
#include "guard/token_bucket.hpp"
#include "policy/limits.hpp"
#include "portcullis/base/error.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/guard/demand.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::guard {

// Thread-safe: one mutex, held for well under a microsecond.
class RateLimiter {
  struct AgentState;

 public:
  using Time = std::chrono::steady_clock::time_point;

  // One of a number that is limited, given back at its end. Must not outlive the limiter.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), count_(std::exchange(other.count_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(count_, other.count_);
      return *this;
    }
    ~Slot() { release(); }
    void release() noexcept;
    [[nodiscard]] bool held() const noexcept { return owner_ != nullptr; }

   private:
    friend class RateLimiter;
    Slot(RateLimiter& owner, std::uint32_t& count) noexcept : owner_(&owner), count_(&count) {}
    RateLimiter* owner_ = nullptr;
    std::uint32_t* count_ = nullptr;  // under the owner's mutex
  };

  explicit RateLimiter(const policy::PolicySet& policy);
  ~RateLimiter();
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // From now on by this policy's limits; to be called before anybody is judged by it. A rate that the agent
  // had before, the same for the same thing, keeps what is left of it; any other begins full. What is open or
  // running stays counted, also beyond a lowered ceiling, and failures stay remembered.
  void use(const policy::PolicySet& policy);

  // 53300 when the agent has as many as it may. Counted also where nothing limits it, for a later policy may.
  [[nodiscard]] base::Result<Slot> open_session(std::string_view agent);
  // 53400 likewise.
  [[nodiscard]] base::Result<Slot> begin_statement(std::string_view agent);

  // All or nothing: where any limit says no, nothing is taken from any. Refusals are 53400; of several limits
  // the one that takes longest speaks. An agent that the policy does not know is refused (42501).
  [[nodiscard]] std::optional<base::Error> admit(std::string_view agent, const Demand& demand, Time now);

  // Whether anything limits how much the agent is given back in a time.
  [[nodiscard]] bool limits_volume(std::string_view agent);
  // Before `rows` rows of `bytes` bytes are given to the agent: all or nothing. 54000 when that is too much.
  struct TooMuch {
    std::string limit;  // "bytes_returned of agent bot"
    base::Error told;   // the beginning of what the agent reads
  };
  [[nodiscard]] std::optional<TooMuch> give(std::string_view agent, std::uint64_t rows, std::uint64_t bytes,
                                            Time now);

  // What the agent was admitted to and given before this limiter was there, oldest first. It is taken from
  // what is left, and nothing is refused; an agent that the policy does not know has nothing to take from.
  void remember(std::string_view agent, const Demand& demand, Time then);
  void remember_given(std::string_view agent, std::uint64_t rows, std::uint64_t bytes, Time then);

  void failed(std::string_view agent, std::uint64_t statement, base::SqlState code, Time now);
  void succeeded(std::string_view agent, std::uint64_t statement);

 private:
  void release(std::uint32_t& count) noexcept;
  [[nodiscard]] AgentState* find(std::string_view agent);

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<AgentState>, std::less<>> agents_;
};

}  // namespace portcullis::guard
