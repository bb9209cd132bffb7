// Durable entries a second, and how long one takes, with texts in the clear and sealed in turn, with many
// sessions that each wait for theirs before they go on, as those of the gate do: a thread serves many, and is
// woken once a batch.
//
//   audit_bench [--dir DIR] [--sync-delay MICROSECONDS] [--seconds S] [--threads N] [--rounds N]
//               [--sessions N]...
//
// In DIR, else in the temporary directory: its file system is what is measured. With --sync-delay, a sync
// takes so long and does nothing: what the log itself costs.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "audit/log.hpp"
#include "audit/storage.hpp"
#include "bench_log.hpp"
#include "slow_disk.hpp"

namespace {

using namespace portcullis;
using Clock = std::chrono::steady_clock;

struct Arguments {
  std::filesystem::path directory = std::filesystem::temp_directory_path();
  std::optional<std::chrono::microseconds> sync_delay;
  double seconds = 3;
  unsigned threads = 1, rounds = 1;
  std::vector<std::uint64_t> sessions;
};

audit::DecisionRecord refusal() {
  return bench::typical_decision(0, std::string(64, 'a'));  // no outcome follows: nothing piles up
}

// One thread of a gate, with sessions that have each one entry under way.
class Loop {
 public:
  Loop(audit::Log& log, std::uint64_t sessions)
      : log_(log), sessions_(sessions), event_(::eventfd(0, EFD_CLOEXEC)) {
    if (event_ < 0) throw std::runtime_error("no eventfd");
  }
  ~Loop() { ::close(event_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Any thread. Several in a row wake once.
  void wake() {
    if (!woken_.exchange(true)) ::eventfd_write(event_, 1);
  }

  void run(Clock::time_point end) {
    for (std::uint64_t i = 0; i < sessions_; ++i) append();
    while (!waiting_.empty()) {
      eventfd_t ignored = 0;
      ::eventfd_read(event_, &ignored);
      woken_.exchange(false);
      if (log_.failure()) throw std::runtime_error(log_.failure()->message);
      const std::uint64_t durable = log_.durable();
      const auto now = Clock::now();
      for (; !waiting_.empty() && waiting_.front().index < durable; waiting_.pop_front()) {
        micros_.push_back(std::chrono::duration<float, std::micro>(now - waiting_.front().since).count());
        if (now < end) append();
      }
    }
  }

  [[nodiscard]] const std::vector<float>& micros() const { return micros_; }

 private:
  struct Waiting {
    std::uint64_t index;
    Clock::time_point since;
  };
  void append() {
    const auto since = Clock::now();
    waiting_.push_back({log_.append(record_).value(), since});
  }

  audit::Log& log_;
  const audit::DecisionRecord record_ = refusal();
  std::uint64_t sessions_;
  int event_;
  std::atomic<bool> woken_{false};
  std::deque<Waiting> waiting_;  // by index
  std::vector<float> micros_;
};

std::unique_ptr<audit::Log> open_log(const Arguments& arguments, const std::filesystem::path& directory,
                                     audit::TextMode text, const base::Clock& clock) {
  audit::LogOptions options;
  options.text = text;
  options.sealing_keys = directory.string() + ".keys";
  options.directory = directory;
  options.origin = "bench.example.com/audit";
  auto storage = audit::open_directory(directory);
  if (storage && arguments.sync_delay)
    storage = bench::with_sync_delay(std::move(*storage), *arguments.sync_delay);
  if (!storage) throw std::runtime_error(storage.error().message);
  auto log = audit::Log::open(std::move(options), clock, std::move(*storage));
  if (!log) throw std::runtime_error(log.error().message);
  return std::move(*log);
}

template <class Number>
Number percentile(std::vector<Number>& values, double part) {
  if (values.empty()) return {};
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * part);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

void run_sessions(const Arguments& arguments, std::uint64_t sessions, audit::TextMode text) {
  const bench::TemporaryDirectory place(arguments.directory);
  const base::SystemClock clock;
  auto log = open_log(arguments, place.path() / "log", text, clock);
  std::vector<std::unique_ptr<Loop>> loops;
  for (unsigned i = 0; i < arguments.threads; ++i) {
    const std::uint64_t share = sessions / arguments.threads + (i < sessions % arguments.threads ? 1 : 0);
    loops.push_back(std::make_unique<Loop>(*log, share));
  }
  std::atomic<std::uint64_t> batches{0};
  log->listen([&] {
    batches.fetch_add(1, std::memory_order_relaxed);
    for (const auto& loop : loops) loop->wake();
  });
  const auto begin = Clock::now();
  const auto end =
      begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(arguments.seconds));
  {
    std::vector<std::jthread> threads;
    for (const auto& loop : loops) threads.emplace_back([&loop, end] { loop->run(end); });
  }
  const auto written = static_cast<double>(std::max<std::uint64_t>(1, batches.load()));
  const double passed = std::chrono::duration<double>(Clock::now() - begin).count();
  log.reset();  // before those that it wakes
  std::vector<float> micros;
  for (const auto& loop : loops) micros.insert(micros.end(), loop->micros().begin(), loop->micros().end());
  const auto count = static_cast<double>(micros.size());
  std::printf("%9llu %7s %12.0f %10.1f %10.1f %14.1f\n", static_cast<unsigned long long>(sessions),
              text == audit::TextMode::sealed ? "sealed" : "plain", count / passed,
              static_cast<double>(percentile(micros, 0.5)), static_cast<double>(percentile(micros, 0.99)),
              count / written);
  std::fflush(stdout);
}

// What the disk takes for a sync of 4 KiB in a file that has its size already.
double sync_micros(const std::filesystem::path& directory) {
  const bench::TemporaryDirectory place(directory);
  const int file = ::open((place.path() / "sync").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("no file in " + directory.string());
  const std::string bytes(4096, '\n');
  constexpr int kSyncs = 200;
  bool good = true;
  for (int i = 0; i < kSyncs; ++i)
    good = good && ::pwrite(file, bytes.data(), bytes.size(), i * 4096) == 4096;
  good = good && ::fsync(file) == 0;
  std::vector<double> micros;
  for (int i = 0; i < kSyncs; ++i) {
    good = good && ::pwrite(file, bytes.data(), bytes.size(), i * 4096) == 4096;
    const auto begin = Clock::now();
    good = good && ::fdatasync(file) == 0;
    micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  ::close(file);
  if (!good) throw std::runtime_error("could not write and sync in " + directory.string());
  return percentile(micros, 0.5);
}

std::string load() {
  std::string text;
  std::ifstream file("/proc/loadavg");
  std::getline(file, text);
  return text;
}

Arguments read_arguments(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (++i == count) throw std::runtime_error(word + " needs a value");
    const std::string value = words[i];
    if (word == "--dir") {
      arguments.directory = value;
    } else if (word == "--sync-delay") {
      arguments.sync_delay = std::chrono::microseconds(std::stoll(value));
    } else if (word == "--seconds") {
      arguments.seconds = std::stod(value);
    } else if (word == "--threads") {
      arguments.threads = static_cast<unsigned>(std::max(1, std::stoi(value)));
    } else if (word == "--rounds") {
      arguments.rounds = static_cast<unsigned>(std::max(1, std::stoi(value)));
    } else if (word == "--sessions") {
      arguments.sessions.push_back(std::stoull(value));
    } else {
      throw std::runtime_error("there is no " + word);
    }
  }
  if (arguments.sessions.empty()) arguments.sessions = {1, 8, 64, 512};
  return arguments;
}

}  // namespace

int main(int count, char** words) try {
  const Arguments arguments = read_arguments(count, words);
  std::printf("load %s\n", load().c_str());
  if (arguments.sync_delay) {
    std::printf("a sync sleeps %lld us\n", static_cast<long long>(arguments.sync_delay->count()));
  } else {
    std::printf("fdatasync p50 %.0f us before\n", sync_micros(arguments.directory));
  }
  std::printf("%9s %7s %12s %10s %10s %14s  (%u threads)\n", "sessions", "text", "entries/s", "p50 us",
              "p99 us", "entries/batch", arguments.threads);
  for (const std::uint64_t sessions : arguments.sessions) {
    for (unsigned round = 0; round < arguments.rounds; ++round) {
      for (const auto text : {audit::TextMode::plain, audit::TextMode::sealed})
        run_sessions(arguments, sessions, text);
    }
  }
  if (!arguments.sync_delay) std::printf("fdatasync p50 %.0f us after\n", sync_micros(arguments.directory));
  std::printf("load at the end %s\n", load().c_str());
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "audit_bench: %s\n", problem.what());
  return 1;
}
