// An entry of the audit log: made by the session's thread, then numbered and hashed.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "audit/entry.hpp"
#include "audit/sealer.hpp"
#include "bench_log.hpp"

namespace portcullis::bench {
namespace {

// Two entries: the decision on a join with its outcome.
struct Records {
  audit::Record decision = typical_decision(1, std::string(64, 'a'));
  audit::Record outcome = typical_outcome(1, 1'000'000);
};

// Keys for as many entries as are asked for: an epoch holds a million, and a new one is made outside the
// time.
class Keys {
 public:
  Keys()
      : sealer_(std::move(
            audit::Sealer::open(folder_.path() / "keys", "bench.example.com/shop", clock_).value())) {
    renew();
  }
  audit::Sealer* sealer() { return sealer_.get(); }
  void renew() {
    if (const auto made = sealer_->renew(++durable_, true); !made)
      throw std::runtime_error(made.error().message);
  }

 private:
  TemporaryDirectory folder_;
  base::SystemClock clock_;
  std::uint64_t durable_ = 0;
  std::unique_ptr<audit::Sealer> sealer_;
};

constexpr int kEntriesAnEpoch = 400'000;

audit::DraftContext context_of(audit::TextMode text, audit::Sealer* sealer) {
  return {"bench.example.com/shop", std::chrono::system_clock::now(), text, sealer};
}

// Both, as the lines that go to the disk.
void entries(benchmark::State& state, audit::TextMode text) {
  const Records records;
  std::optional<Keys> keys;
  if (text == audit::TextMode::sealed) keys.emplace();
  const auto context = context_of(text, keys ? keys->sealer() : nullptr);
  std::string line;
  std::uint64_t index = 0;
  for (auto _ : state) {
    line.clear();
    for (const auto* record : {&records.decision, &records.outcome}) {
      const auto draft = audit::make_draft(*record, context);
      if (!draft) throw std::runtime_error(draft.error().message);
      audit::append_line(line, *draft, {.index = ++index, .batch = index});
    }
    if (keys && index % kEntriesAnEpoch == 0) {
      state.PauseTiming();
      keys->renew();
      state.ResumeTiming();
    }
  }
  state.counters["bytes"] = static_cast<double>(line.size());
}

void hash_of_an_entry(benchmark::State& state) {
  const std::string line(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(audit::leaf_hash(line));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * line.size()));
}

BENCHMARK_CAPTURE(entries, plain, audit::TextMode::plain);
BENCHMARK_CAPTURE(entries, sealed, audit::TextMode::sealed);
BENCHMARK(hash_of_an_entry)->Arg(300)->Arg(1'000);

}  // namespace
}  // namespace portcullis::bench
