// A session of the gate without a socket and a disk: what it does with a transaction, from the client's bytes
// to the server's answer. Its entries are made and numbered as the log does, and are then forgotten.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "audit/entry.hpp"
#include "pgbench_traffic.hpp"
#include "session/relay.hpp"

namespace portcullis::bench {

// A microsecond later at each look, so that the same transactions give the same entries.
class SteppingClock final : public base::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)) + steps();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(steps());
  }

 private:
  [[nodiscard]] std::chrono::microseconds steps() const { return std::chrono::microseconds(++looks_); }
  mutable std::int64_t looks_ = 100'000'000;
};

// An entry is durable as soon as it is made. It is not hashed: how many instructions that takes depends on
// what the processor has for it.
class ForgetfulLog final : public audit::Sink {
 public:
  ForgetfulLog(const base::Clock& clock, audit::TextMode text, audit::Sealer* sealer = nullptr)
      : clock_(clock), text_(text), sealer_(sealer) {}

  base::Result<std::uint64_t> append(audit::Record record) override;
  [[nodiscard]] std::uint64_t durable() const noexcept override { return entries_; }
  [[nodiscard]] std::optional<base::Error> failure() const override { return std::nullopt; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  const base::Clock& clock_;
  audit::TextMode text_;
  audit::Sealer* sealer_;
  std::uint64_t entries_ = 1'000'000, bytes_ = 0;
  std::string line_;
};

class FixedBasis final : public session::BasisSource {
 public:
  FixedBasis(std::shared_ptr<const policy::PolicySet> policy,
             std::shared_ptr<const catalog::Snapshot> snapshot);
  [[nodiscard]] std::shared_ptr<const session::Basis> current() const override { return basis_; }
  [[nodiscard]] std::chrono::milliseconds age() const override { return std::chrono::milliseconds(500); }
  void begin_change() override {}
  void end_change() override {}
  std::uint64_t ask_again() override { return 0; }
  [[nodiscard]] std::uint64_t answered() const override { return 0; }

 private:
  std::shared_ptr<const session::Basis> basis_;
};

class SteadySession {
 public:
  explicit SteadySession(audit::TextMode text = audit::TextMode::plain, audit::Sealer* sealer = nullptr);
  // All that the gate does. Throws std::runtime_error unless both sides got what the other said.
  void exchange(const Exchange& exchange);
  [[nodiscard]] const ForgetfulLog& log() const noexcept { return log_; }

 private:
  SteppingClock clock_;
  FixedBasis basis_;
  ForgetfulLog log_;
  session::FactsCache facts_;
  session::Relay relay_;
  std::string sent_;
};

}  // namespace portcullis::bench
