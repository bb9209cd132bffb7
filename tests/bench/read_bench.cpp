// How long it takes to find something in a large log, and with how much memory.
//
//   read_bench [--entries N] [--log DIR]
//
// With --log, the log is made there where there is none, and left. Of the processor's time, other load on the
// machine takes nothing.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "audit/read.hpp"
#include "bench_log.hpp"

namespace {

using namespace portcullis;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

long most_memory_mib() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss / 1024;
}

template <class Read>
void measure(const char* what, const Read& read) {
  const auto begin = Clock::now();
  const double processor = processor_seconds();
  const auto facts = read();
  if (!facts) throw std::runtime_error(facts.error().message);
  std::printf("%8.2f s, %6.2f of the processor %10llu found of %10llu gone over, %4ld MiB at most  %s\n",
              seconds_since(begin), processor_seconds() - processor,
              static_cast<unsigned long long>(facts->matched),
              static_cast<unsigned long long>(facts->scanned), most_memory_mib(), what);
  std::fflush(stdout);
}

audit::ReadOptions with(const std::function<void(audit::EntryFilter&)>& set) {
  audit::ReadOptions options;
  set(options.filter);
  return options;
}

void measure_all(const std::filesystem::path& log) {
  const auto entries = [&](const char* what, const audit::ReadOptions& options) {
    measure(what, [&] {
      return audit::read_entries(log, options,
                                 [](const audit::EntryReader&, const audit::SessionFacts*) { return true; });
    });
  };
  const auto statements = [&](const char* what, const audit::ReadOptions& options) {
    measure(what, [&] {
      return audit::read_statements(log, options, [](const audit::Statement&) { return true; });
    });
  };
  std::int64_t first = 0, last = 0;
  measure("entries: the last one", [&] {
    return audit::read_entries(log, with([](auto& filter) { filter.to = 0; }),
                               [&](const audit::EntryReader& entry, const audit::SessionFacts*) {
                                 first = entry.micros();
                                 return true;
                               });
  });
  const auto facts = audit::read_entries(log, with([](auto& filter) { filter.to = 0; }),
                                         [](const auto&, const auto*) { return true; });
  measure("entries: the last one", [&] {
    return audit::read_entries(log, with([&](auto& filter) { filter.from = facts->as_of; }),
                               [&](const audit::EntryReader& entry, const audit::SessionFacts*) {
                                 last = entry.micros();
                                 return true;
                               });
  });
  const std::int64_t middle = first + (last - first) / 2;
  const auto minute = [middle](auto& filter) {
    filter.since = middle;
    filter.until = middle + 60'000'000;
  };
  entries("entries: a minute in the middle", with(minute));
  statements("statements: a minute in the middle", with(minute));
  entries("entries: one agent of a hundred", with([](auto& filter) { filter.agent = "agent-42"; }));
  statements("statements: one agent of a hundred", with([](auto& filter) { filter.agent = "agent-42"; }));
  statements("statements: one owner of ten",
             with([](auto& filter) { filter.owner = "owner-7@example.com"; }));
  statements("statements: on one table, seldom used",
             with([](auto& filter) { filter.table = "app.private_42"; }));
  statements("statements: refused, one in twenty", with([](auto& filter) { filter.verdict = "deny"; }));
  statements("statements: all", with([](auto&) {}));
}

}  // namespace

int main(int count, char** words) try {
  std::uint64_t size = 1'000'000;
  std::filesystem::path log;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string word = words[i];
    if (word == "--entries") size = std::stoull(words[i + 1]);
    if (word == "--log") log = words[i + 1];
  }
  std::optional<bench::TemporaryDirectory> own;
  if (log.empty()) log = own.emplace().path() / "log";
  if (!std::filesystem::exists(log)) bench::write_log(log, bench::LogShape{.entries = size});
  measure_all(log);
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "read_bench: %s\n", problem.what());
  return 1;
}
