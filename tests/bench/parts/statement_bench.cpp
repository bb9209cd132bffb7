// What a session pays for a statement: one that was never seen is to be decided in under 60 us, and one that
// was in 3 us with its entry (budgets for a quiet machine).
#include <benchmark/benchmark.h>

#include "guard/verdict_cache.hpp"
#include "session/recorder.hpp"
#include "shop.hpp"
#include "steady_session.hpp"

namespace portcullis::bench {
namespace {

// Judges by the caches of a session and its worker, as session::Judge does.
class Session {
 public:
  explicit Session(std::int64_t relations) : snapshot_(shop(relations)), guard_(shop_guard(*snapshot_)) {
    verdicts_.judge_by(snapshot_);
  }
  std::shared_ptr<const guard::Verdict> judge(std::string_view text) {
    facts_ = texts_.analyze(text);
    return verdicts_.decide(*guard_, {facts_, &**facts_}, {kAgent, &shop_names(), snapshot_.get(), text});
  }
  [[nodiscard]] const sql::Facts& facts() const { return **facts_; }

 private:
  std::shared_ptr<const catalog::Snapshot> snapshot_;
  std::shared_ptr<const guard::Guard> guard_;
  session::FactsCache texts_;
  session::Analysis facts_;
  guard::VerdictCache verdicts_;
};

// Parse, facts, resolution, closure and decision of a text that differs from all before, in a catalog that is
// there; with what the caches do with it.
void first_seen_join(benchmark::State& state) {
  Session session(state.range(0));
  std::string text(kJoin);
  std::uint64_t number = 0;
  if (!session.judge(text)->allowed()) return state.SkipWithError("refused");
  for (auto _ : state) {
    with_number(text, ++number);
    benchmark::DoNotOptimize(session.judge(text));
  }
}

void seen_join(benchmark::State& state) {
  Session session(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(session.judge(kJoin));
}

// Found in the caches, and the entry of the decision made.
void seen_with_entry(benchmark::State& state, std::string_view text) {
  Session session(100);
  const SteppingClock clock;
  ForgetfulLog log(clock, audit::TextMode::plain);
  session::Identity identity;
  identity.agent = kAgent;
  identity.role = "repair";
  session::Dependencies needs;
  needs.sink = &log;
  session::Recorder recorder(identity, needs);
  if (!session.judge(text)->allowed()) return state.SkipWithError("refused");
  for (auto _ : state) {
    session::Recorder::Subject subject;
    subject.message = "Query";
    subject.text = text;
    const auto verdict = session.judge(text);
    subject.facts = &session.facts();
    benchmark::DoNotOptimize(recorder.decision(*verdict, subject));
  }
}

// All that the gate does with a transaction of `pgbench -S` but reading, writing and hashing.
void transaction(benchmark::State& state, Traffic traffic) {
  SteadySession session;
  const auto exchanges = transactions(traffic, 100'000);
  session.exchange(preparation());
  std::size_t next = 0;
  for (auto _ : state) session.exchange(exchanges[next++ % exchanges.size()]);
}

BENCHMARK(first_seen_join)->Arg(100)->Arg(10'000)->Arg(100'000);
BENCHMARK(seen_join)->Arg(100)->Arg(100'000);
BENCHMARK_CAPTURE(seen_with_entry, select, "SELECT amount FROM app.orders WHERE id = 4711");
BENCHMARK_CAPTURE(seen_with_entry, join_of_three, kJoin);
BENCHMARK_CAPTURE(transaction, simple, Traffic::simple);
BENCHMARK_CAPTURE(transaction, first_seen, Traffic::first_seen);
BENCHMARK_CAPTURE(transaction, extended, Traffic::extended);
BENCHMARK_CAPTURE(transaction, prepared, Traffic::prepared);

}  // namespace
}  // namespace portcullis::bench
