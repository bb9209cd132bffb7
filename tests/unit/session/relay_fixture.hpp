// A session between a scripted client and a scripted server, written and read as in the manual's message
// flows: "Q(select 1)", "E(42501)", "Z(I)". The log is a list whose durability the test decides.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "portcullis/wire/messages.hpp"
#include "session/relay.hpp"
#include "wire/framing.hpp"

namespace portcullis::session {

// The policy that the fixture's agent works under: select, insert on app.t; "listen" and COPY on app.t.
[[nodiscard]] std::shared_ptr<const guard::Guard> test_guard();
// Of a policy of the test's own, for the agent "robot".
[[nodiscard]] std::shared_ptr<const guard::Guard> guard_of(std::string_view policy);
// One in mode "monitor" that protects nothing: select on app.t.
[[nodiscard]] std::shared_ptr<const guard::Guard> observing_guard();

class FakeSink final : public audit::Sink {
 public:
  base::Result<std::uint64_t> append(audit::Record record) override {
    if (failed) return *failed;
    records.push_back(std::move(record));
    if (sync_at_once) durable_ = records.size();
    return records.size() - 1;
  }
  void write_out() override {
    ++written_out;
    if (sync_when_written_out) sync();
  }
  [[nodiscard]] std::uint64_t durable() const noexcept override { return durable_; }
  [[nodiscard]] std::optional<base::Error> failure() const override { return failed; }
  void sync() { durable_ = records.size(); }

  // Decisions and outcomes as text: "allow Query", "deny Parse 42501", "ok INSERT 0 1 -> 3", in order, and
  // counts, "7 more rows 53400".
  [[nodiscard]] std::vector<std::string> told() const;

  std::vector<audit::Record> records;
  std::optional<base::Error> failed;
  bool sync_at_once = true, sync_when_written_out = false;
  int written_out = 0;

 private:
  std::uint64_t durable_ = 0;
};

// Whole messages as text, one a word, joined by blanks.
[[nodiscard]] std::string backend_text(std::string_view bytes);
[[nodiscard]] std::string frontend_text(std::string_view bytes);

template <class... Messages>
[[nodiscard]] std::string bytes_of(const Messages&... messages) {
  std::string bytes;
  (wire::encode(bytes, messages), ...);
  return bytes;
}
// A backend message that has no encoder of its own: type and body.
[[nodiscard]] std::string frame(char type, std::string_view body = {});
// "C INSERT 0 1", "Z I", "1", "2", "E 23505", "s", "T", "D", "G", "n": one message a string.
[[nodiscard]] std::string from_server(const std::vector<std::string>& messages);
// DataRow.
[[nodiscard]] std::string row_of(const std::vector<std::string>& fields);
// The answers to statements of the gate's own, as one: of each its rows. `ready`: behind a Sync.
struct RoundAnswer {
  std::string rows, tag = "SELECT 1";
};
[[nodiscard]] std::string round_of(const std::vector<RoundAnswer>& answers, const std::string& ready = "");

// What the server answers to the question where names are looked up.
[[nodiscard]] std::string schemas_answer(const std::vector<std::string>& schemas, char status,
                                         bool discards_plans = false);

// What the test lets sessions judge by.
class FakeBasisSource final : public BasisSource {
 public:
  explicit FakeBasisSource(std::shared_ptr<const guard::Guard> guard)
      : basis(std::make_shared<const Basis>(Basis{std::move(guard), nullptr})) {}

  [[nodiscard]] std::shared_ptr<const Basis> current() const override {
    return changing > 0 ? nullptr : basis;
  }
  [[nodiscard]] std::shared_ptr<const Basis> last() const override { return basis; }
  [[nodiscard]] std::chrono::milliseconds age() const override { return std::chrono::milliseconds(7); }
  void begin_change() override {
    ++changing;
    ++changes;
  }
  void end_change() override { --changing; }
  std::uint64_t ask_again() override { return ++asked; }
  [[nodiscard]] std::uint64_t answered() const override { return answers; }

  std::shared_ptr<const Basis> basis;
  int changing = 0, changes = 0;
  std::uint64_t asked = 0, answers = 0;
};

// The time that a test sets.
class SetClock final : public base::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override { return {}; }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override { return now; }
  std::chrono::steady_clock::time_point now{std::chrono::hours(10)};
};

// For a base class before the fixture, which needs it.
struct Ticking {
  SetClock ticking;
};

class RelayFixture : public ::testing::Test {
 protected:
  RelayFixture();
  // By another policy, and at the times that the test sets.
  RelayFixture(std::string_view policy, const base::Clock& time);
  // From here on another session, whose server connection may be another one's after it.
  Relay& with_reuse(bool reuses);
  // From here on another session, with limits of its own.
  Relay& with_session(SessionLimits limits);
  // ... and of its agent, which must outlive the fixture's use.
  Relay& with_limits(guard::RateLimiter& limits);
  // ... which asks this before each statement, likewise.
  Relay& with_evidence(const Evidence& evidence);

  // Give bytes as the peer would; whatever is left over is kept and given again.
  void client(std::string_view bytes);
  void server_bytes(std::string_view bytes);
  void server(const std::vector<std::string>& messages) { server_bytes(from_server(messages)); }
  // What went out since the last call.
  std::string sent_to_server() { return frontend_text(relay.take_to_server()); }
  std::string sent_to_client() { return backend_text(relay.take_to_client()); }
  // The relay has asked where names are looked up: answers it, and the client's bytes are given again.
  void answer_schemas(const std::vector<std::string>& schemas = {"app"}, char status = 'I');
  // BEGIN, answered.
  void open_transaction();

  FakeSink sink;
  FakeBasisSource source;
  base::SystemClock clock;
  FactsCache facts;
  std::string client_rest, server_rest;

 private:
  Dependencies needs(SessionLimits limits = {});
  const base::Clock* time_ = &clock;
  guard::RateLimiter* limits_ = nullptr;
  const Evidence* evidence_ = nullptr;
  bool reuses_ = false;
  std::optional<Relay> session_;

 protected:
  Relay& relay;
};

}  // namespace portcullis::session
