// A text that was never seen: libpg_query through the gate's parser, and the facts of it.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "shop.hpp"
#include "sql/parse_tree.hpp"

namespace portcullis::bench {
namespace {

const sql::AnalysisLimits kLimits;

void parse_text(std::string_view text) {
  const auto guarded = sql::guard_complexity(text, kLimits);
  if (!guarded) throw std::runtime_error(guarded.error().message);
  benchmark::DoNotOptimize(sql::parse(text, *guarded, kLimits));
}

void parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) parse_text(text);
}

// With parsing.
void facts(benchmark::State& state, std::string_view text) {
  if (!sql::analyze(text)) state.SkipWithError("not understood");
  for (auto _ : state) benchmark::DoNotOptimize(sql::analyze(text));
}

// An item is one statement.
void facts_of_mcp_servers(benchmark::State& state) {
  const auto& texts = mcp_texts();
  for (auto _ : state)
    for (const auto& text : texts) benchmark::DoNotOptimize(sql::analyze(text));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * texts.size()));
}

BENCHMARK_CAPTURE(parse, pgbench_select, kSelect);
BENCHMARK_CAPTURE(parse, join_of_three, kJoin);
BENCHMARK_CAPTURE(facts, pgbench_select, kSelect);
BENCHMARK_CAPTURE(facts, join_of_three, kJoin);
BENCHMARK(facts_of_mcp_servers);

}  // namespace
}  // namespace portcullis::bench
