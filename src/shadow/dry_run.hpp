// One run of a statement in the shadow: begin, become the agent's role, run what its transaction has run
// before, run the statement, look, roll back. What PostgreSQL runs outside transactions only is looked at
// before and behind, and stays. Manual 55.2. Sans-I/O, one connection, one run at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/measurement.hpp"
#include "shadow/outside.hpp"
#include "shadow/parameters.hpp"

namespace portcullis::shadow {

struct RunPlan {
  // One statement that was analysed and found to be one that may run here: none that ends the transaction,
  // that changes roles, or whose effects nobody can see. The machine only notices when that was not so.
  std::string statement;
  std::string role;                                           // that it runs as; empty: whoever is logged in
  std::vector<std::pair<std::string, std::string>> settings;  // of the session, by name: "TimeZone", "UTC"
  std::vector<std::string> earlier;                           // DDL of the open transaction, in its order
  std::optional<Parameters> parameters{};                     // of the statement
  // It runs outside transactions, behind nothing: in a copy that is thrown away.
  std::optional<Outside> outside{};
  std::chrono::milliseconds lock_timeout{500}, statement_timeout{2'000};
};

// What a run begins with: its transaction or, outside of transactions, its session.
[[nodiscard]] std::string opening_of(const RunPlan& plan);

class DryRun {
 public:
  enum class Next : std::uint8_t { read, done, failed };

  // Both outlive it; `counters` are the connection's and go from run to run.
  DryRun(RunPlan plan, const Baseline& baseline, Counters& counters);

  [[nodiscard]] std::string take_out() { return std::exchange(out_, {}); }
  // `consumed` bytes must not be given again. `done`: facts() are there, and the connection is as it was
  // before. `failed`: failure() says why there are no facts; the connection must be closed.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);

  [[nodiscard]] const RunFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] const base::Error& failure() const noexcept { return failure_; }

 private:
  // In their order. Each is one request, answered up to ReadyForQuery.
  enum class Step : std::uint8_t {
    begin,
    earlier,
    count,
    hold,
    before,
    run,
    deferred,
    look,
    columns,
    parts,
    roll_back,
    discard
  };

  void ask(Step step);
  void query(std::string_view sql);
  void execute(std::string_view statement, const Parameters& parameters);
  Next on_message(char type, std::string_view body);
  Next on_ready(char status);
  Next after(Step step);
  Next after_look();
  Next look_outside();
  Next after_columns();
  Next after_parts();
  Next on_error(std::string_view body);
  Next fail(base::Error error);
  Next fail_out_of_order();
  [[nodiscard]] char due_status() const noexcept;
  [[nodiscard]] std::string looking() const;
  [[nodiscard]] bool is_clients(Step step) const noexcept {
    return step == Step::run || step == Step::deferred;
  }
  // Its rows are answers to the gate.
  [[nodiscard]] bool is_asked(Step step) const noexcept {
    return step == Step::count || step == Step::hold || step == Step::before || step == Step::look ||
           step == Step::columns || step == Step::parts;
  }

  RunPlan plan_;
  const Baseline& baseline_;
  Counters& counters_;
  Step step_ = Step::begin;
  std::size_t earlier_ = 0;  // which of them runs
  bool has_failed_ = false;  // the step
  Held held_;
  std::vector<Seen> before_;
  std::vector<Oid> tables_;  // whose shape is asked for
  Shapes shapes_;            // behind the statement
  std::vector<Row> rows_;
  std::string out_;
  RunFacts facts_;
  base::Error failure_{};
};

}  // namespace portcullis::shadow
