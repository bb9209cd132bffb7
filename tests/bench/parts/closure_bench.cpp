// Names resolved in catalogs of a hundred to a hundred thousand relations, all that a statement reaches
// followed, and the policy asked.
#include <benchmark/benchmark.h>

#include "shop.hpp"
#include "sql/analyze.hpp"

namespace portcullis::bench {
namespace {

void resolve_text(benchmark::State& state, std::string_view text) {
  const auto snapshot = shop(state.range(0));
  const auto facts = sql::analyze(text);
  if (!facts) return state.SkipWithError("not understood");
  std::size_t effects = 0;
  for (auto _ : state) {
    const auto resolution = catalog::resolve(*facts, *snapshot, shop_names());
    effects = resolution.effects.size();
  }
  state.counters["effects"] = static_cast<double>(effects);
}

void resolution(benchmark::State& state) {
  resolve_text(state, kJoin);
}
// What stands behind a view; cascades over three tables and a trigger.
void closure_of_a_view(benchmark::State& state) {
  resolve_text(state, "SELECT customer, sum(total) FROM open_orders GROUP BY customer");
}
void closure_of_cascades(benchmark::State& state) {
  resolve_text(state, "DELETE FROM app.customers WHERE id = 42");
}

// With resolution and closure.
void decide(benchmark::State& state, std::string_view text) {
  const auto snapshot = shop(state.range(0));
  const auto guard = shop_guard(*snapshot);
  const auto facts = sql::analyze(text);
  const guard::Request request{kAgent, &shop_names(), snapshot.get(), text};
  for (auto _ : state) benchmark::DoNotOptimize(guard->decide(*facts, request));
}

void decision(benchmark::State& state) {
  decide(state, kJoin);
}
// With the sentence that the agent reads, and what is allowed instead.
void decision_of_a_refusal(benchmark::State& state) {
  decide(state, "DELETE FROM app.customers WHERE id = 42");
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t relations : {100, 10'000, 100'000}) bench->Arg(relations);
}

BENCHMARK(resolution)->Apply(sizes);
BENCHMARK(closure_of_a_view)->Apply(sizes);
BENCHMARK(closure_of_cascades)->Apply(sizes);
BENCHMARK(decision)->Apply(sizes);
BENCHMARK(decision_of_a_refusal)->Apply(sizes);

}  // namespace
}  // namespace portcullis::bench
