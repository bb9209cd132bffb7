// What a relay needs around it: a log that becomes durable when the script says so, a policy, and a basis
// that may change or be away.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
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

class ScriptedBasis final : public session::BasisSource {
 public:
  ScriptedBasis();
  [[nodiscard]] std::shared_ptr<const session::Basis> current() const override;
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
  std::shared_ptr<const session::Basis> basis_;
  int changing_ = 0;
  bool is_away_ = false;
  std::uint64_t asked_ = 0, answers_ = 0;
};

struct World {
  ScriptedSink sink;
  ScriptedBasis basis;
  base::SystemClock clock;
  std::atomic<std::uint64_t> sequence{0};

  [[nodiscard]] static session::Identity identity();
  [[nodiscard]] session::Dependencies needs();
};

// What another thread would find out about a text.
[[nodiscard]] session::Analysis analysed(std::string_view text);
// Whether the policy allows a text where names are looked up in "app", asked without a session.
[[nodiscard]] bool is_allowed_alone(std::string_view text);

}  // namespace portcullis::fuzz
