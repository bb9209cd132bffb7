// The parts of the gate, each by itself:
//
//   parts_bench [--benchmark_filter=PART] [--benchmark_repetitions=N]
#include <benchmark/benchmark.h>

#include "base/big_stack_thread.hpp"
#include "sql/analyze.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  // The parser recurses: as in the gate, on a stack that is large enough.
  portcullis::base::run_with_stack(portcullis::sql::kAnalysisStackBytes, [] {
    portcullis::sql::prepare_parser_thread();
    benchmark::RunSpecifiedBenchmarks();
  });
  return 0;
}
