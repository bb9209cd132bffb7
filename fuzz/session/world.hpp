// What a relay needs around it: a log that becomes durable when the script says so, a policy, and a basis
// that may change or be away.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "script.hpp"
#include "session/relay.hpp"

namespace portcullis::fuzz {

class ScriptedSink final : public audit::Sink {
 public:
  base::Result<std::uint64_t> append(audit::Record record) override;
  [[nodiscard]] std::uint64_t durable() const noexcept override { return durable_; }
  [[nodiscard]] std::optional<base::Error> failure() const override { return failure_; }

  void sync() {
    if (!failure_) durable_ = records.size();
  }
  void fail();
  // A disk that is full takes outcomes only.
  void fill(bool is_full) { is_full_ = is_full; }
  // Nothing was ever refused: then every statement must have its outcome.
  [[nodiscard]] bool took_all() const noexcept { return !has_refused_ && !failure_; }

  std::vector<audit::Record> records;

 private:
  std::uint64_t durable_ = 0;
  std::optional<base::Error> failure_;
  bool is_full_ = false, has_refused_ = false;
};

// What the policy limits, besides what it allows.
struct Limits {
  bool results = false;   // how many rows of app.u are given back, and how long statements may take
  bool rows = false;      // how many rows of app.t and app.u a message may change
  bool cost = false;      // what a statement on them may be planned to cost
  bool observes = false;  // nothing, and nothing is held back either: mode "monitor", without protections
  bool dry_runs = false;  // INSERT and views are allowed only where they were tried out
  bool locks = false;     // others hold locks, and clients cancel: then views have the time of results, too
};

// What the first byte of a script says about all that follows; 0 is a world without limits.
struct Setting {
  explicit Setting(Script& script) : Setting(script.byte()) {}

  Limits limits;
  bool may_defer = false;  // the server has triggers that are put off to the end of the transaction
  bool is_wide = false;    // time passes, statements are cancelled in the middle, servers are lost

 private:
  static constexpr std::uint8_t kTriesOut = 240, kFindsLocks = 248;  // and above

  explicit Setting(std::uint8_t byte)
      : Setting(byte < kTriesOut ? byte % 24 : byte % 8, byte >= kTriesOut, byte >= kFindsLocks) {}
  Setting(unsigned bits, bool dry_runs, bool locks)
      : limits{.results = !observes(bits) && (bits & 1) != 0,
               .rows = !observes(bits) && (bits & 2) != 0,
               .cost = bits >= 20,
               .observes = observes(bits),
               .dry_runs = dry_runs,
               .locks = locks},
        may_defer((bits & 4) != 0),
        is_wide(bits != 0 || dry_runs) {}
  static bool observes(unsigned bits) noexcept { return bits >= 16 && bits < 20; }
};

class ScriptedBasis final : public session::BasisSource {
 public:
  explicit ScriptedBasis(Limits limits);
  [[nodiscard]] std::shared_ptr<const session::Basis> current() const override;
  [[nodiscard]] std::shared_ptr<const session::Basis> last() const override { return basis_; }
  [[nodiscard]] std::chrono::milliseconds age() const override { return std::chrono::milliseconds(7); }
  void begin_change() override { ++changing_; }
  void end_change() override;
  std::uint64_t ask_again() override { return ++asked_; }
  [[nodiscard]] std::uint64_t answered() const override { return answers_; }

  // Somebody else's change of the catalog.
  void change_elsewhere() { is_away_ = true; }
  // The catalog has been read: there is one, a new value each time; without its objects when `named` is not
  // set.
  void read(bool named);
  void answer() { answers_ = asked_; }
  [[nodiscard]] bool nothing_is_changing() const noexcept { return changing_ == 0; }

 private:
  Limits limits_;
  std::shared_ptr<const session::Basis> basis_;
  int changing_ = 0;
  bool is_away_ = false;
  std::uint64_t asked_ = 0, answers_ = 0;
};

// It stands still until the script moves it.
class ScriptedClock final : public base::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::time_point(since_);
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(since_);
  }
  void advance(std::chrono::milliseconds time) { since_ += time; }

 private:
  std::chrono::milliseconds since_{std::chrono::hours(24)};
};

struct World {
  explicit World(Limits limits) : basis(limits) {}

  ScriptedSink sink;
  ScriptedBasis basis;
  ScriptedClock clock;

  [[nodiscard]] static session::Identity identity();
  [[nodiscard]] session::Dependencies needs();
};

// What another thread would find out about a text.
[[nodiscard]] session::Analysis analysed(std::string_view text);
// Whether the policy allows a text where names are looked up in "app", asked without a session.
[[nodiscard]] bool is_allowed_alone(std::string_view text);

}  // namespace portcullis::fuzz
