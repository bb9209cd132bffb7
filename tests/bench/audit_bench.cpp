// Durable entries a second with many sessions that each wait for theirs, as sessions of the gate do. Uses the
// temporary directory: set TMPDIR to the disk that is to be measured.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>

#include "audit/log.hpp"

namespace {

using namespace portcullis;

// A log in a directory of its own, and the threads that sleep until an index is durable.
struct Gate {
  Gate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "audit-bench-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    audit::LogOptions options;
    options.directory = directory;
    options.origin = "bench.example.com/audit";
    log = audit::Log::open(options, clock).value();
    log->listen([this] {
      const std::scoped_lock lock(mutex);
      durable.notify_all();
    });
  }
  ~Gate() {
    log.reset();
    std::filesystem::remove_all(directory);
  }
  void append_and_wait(const audit::DecisionRecord& record) {
    const std::uint64_t index = log->append(record).value();
    std::unique_lock lock(mutex);
    durable.wait(lock, [&] { return log->durable() > index || log->failure(); });
  }

  base::SystemClock clock;
  std::filesystem::path directory;
  std::unique_ptr<audit::Log> log;
  std::mutex mutex;
  std::condition_variable durable;
};

audit::DecisionRecord typical() {
  audit::DecisionRecord record;
  record.session = 1;
  record.agent = "reporting-agent";
  record.role = "reporting";
  record.message = "Query";
  record.verdict = "deny";  // no outcome follows: nothing piles up
  record.kinds = {"SELECT"};
  record.effects = {{"select", "public.orders", "allow", "read-orders", "reports may read orders"}};
  record.rule = "read-orders";
  record.text = "select id, total from orders where customer = 4711 order by id desc limit 20";
  record.policy_hash = std::string(64, 'a');
  return record;
}

std::unique_ptr<Gate> gate;

void durable_entries(benchmark::State& state) {
  if (state.thread_index() == 0) gate = std::make_unique<Gate>();
  const auto record = typical();
  for (auto unused : state) {
    static_cast<void>(unused);
    gate->append_and_wait(record);
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) gate.reset();
}
BENCHMARK(durable_entries)->Threads(1)->Threads(8)->Threads(64)->UseRealTime();

void append_only(benchmark::State& state) {
  Gate own;
  const auto record = typical();
  for (auto unused : state) {
    static_cast<void>(unused);
    while (!own.log->append(record)) {
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(append_only);

}  // namespace
BENCHMARK_MAIN();
