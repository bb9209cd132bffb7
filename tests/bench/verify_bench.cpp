// What `portcullis audit verify` does in a second, on a log as a gate writes it. Others of its kind (an older
// build) can be named: they then check the same log in turn.
//
//   verify_bench [--entries N] [--rounds R] [--log DIR] [OTHER_VERIFY_BENCH...]
//
// On one thread and on two. With --log, the log is one that is there. Rates are of processor time, which
// other load does not count into, and of time that passed.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "audit/hash.hpp"
#include "audit/line_scanner.hpp"
#include "bench_log.hpp"
#include "portcullis/audit/verify.hpp"

namespace {

using namespace portcullis;
using Clock = std::chrono::steady_clock;

struct Times {
  double processor = 0, passed = 0;  // seconds
};

struct Arguments {
  std::uint64_t entries = 500'000;
  int rounds = 5;
  std::filesystem::path log;
  unsigned threads = 1;
  bool bare = false;  // one check, two numbers on the standard output: what is asked of another one
  std::vector<std::string> others;
};

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <class Work>
Times timed(Work work) {
  const auto begin = Clock::now();
  const double processor = processor_seconds();
  work();
  return {processor_seconds() - processor, std::chrono::duration<double>(Clock::now() - begin).count()};
}

Times verify_once(const std::filesystem::path& log, unsigned threads) {
  return timed([&] {
    const auto report = audit::verify(log, {.keys = {}, .anchors = {}, .threads = threads});
    if (report.result == audit::VerifyResult::tampered)
      throw std::runtime_error(report.findings.front().message);
  });
}

Times verify_by(const std::string& other, const std::filesystem::path& log, const std::string& options = {}) {
  const std::string command = "'" + other + "' --bare --log '" + log.string() + "'" + options;
  const std::unique_ptr<FILE, int (*)(FILE*)> child(::popen(command.c_str(), "r"), ::pclose);
  Times times;
  if (!child || std::fscanf(child.get(), "%lf %lf", &times.processor, &times.passed) != 2)
    throw std::runtime_error("could not run " + command);
  return times;
}

template <class Use>
void for_each_line(const std::filesystem::path& log, Use use) {
  for (const auto& file : std::filesystem::directory_iterator(log)) {
    if (file.path().extension() != ".jsonl") continue;
    audit::LineScanner lines(audit::open_to_read(file.path().string()).value().read);
    for (auto line = lines.next().value(); line; line = lines.next().value()) use(line->text);
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Series {
  std::string name;
  std::vector<double> processor, passed;
  void add(const Times& times) {
    processor.push_back(times.processor);
    passed.push_back(times.passed);
  }
};

std::string load() {
  std::string text;
  std::ifstream file("/proc/loadavg");
  std::getline(file, text);
  return text;
}

// Everything once a round, so that what else runs on the machine meets all alike.
void compare(const Arguments& arguments, const std::filesystem::path& log) {
  const auto count = audit::verify(log).entries;
  std::uint64_t bytes = 0;
  for_each_line(log, [&](std::string_view line) { bytes += line.size() + 1; });
  std::printf("%llu entries, %.1f MB, %.0f bytes each; load %s\n", static_cast<unsigned long long>(count),
              static_cast<double>(bytes) / 1e6, static_cast<double>(bytes) / static_cast<double>(count),
              load().c_str());

  std::vector<Series> series{{"verify, 1 thread", {}, {}},
                             {"verify, 2 threads", {}, {}},
                             {"read lines", {}, {}},
                             {"read and hash lines", {}, {}}};
  for (const std::string& other : arguments.others) series.push_back({other, {}, {}});
  for (int round = 0; round < arguments.rounds; ++round) {
    const std::string own = std::filesystem::read_symlink("/proc/self/exe").string();
    series[0].add(verify_by(own, log));
    series[1].add(verify_by(own, log, " --threads 2"));
    series[2].add(timed([&] { for_each_line(log, [](std::string_view) {}); }));
    series[3].add(timed([&] {
      for_each_line(log, [](std::string_view line) { static_cast<void>(audit::leaf_hash(line)); });
    }));
    for (std::size_t i = 0; i < arguments.others.size(); ++i)
      series[4 + i].add(verify_by(arguments.others[i], log));
  }
  std::printf("%12s %10s %12s %10s %8s  (medians of %d)\n", "entries/s CPU", "MB/s CPU", "entries/s",
              "ns CPU", "ratio", arguments.rounds);
  const double own = median(series[0].processor);
  for (const Series& one : series) {
    const double processor = median(one.processor), entries = static_cast<double>(count);
    std::printf("%13.0f %10.0f %12.0f %10.0f %8.2f  %s\n", entries / processor,
                static_cast<double>(bytes) / processor / 1e6, entries / median(one.passed),
                processor / entries * 1e9, processor / own, one.name.c_str());
  }
  std::printf("load at the end %s\n", load().c_str());
}

Arguments read_arguments(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto value = [&]() -> std::string {
      if (++i == count) throw std::runtime_error(word + " needs a value");
      return words[i];
    };
    if (word == "--entries") {
      arguments.entries = std::stoull(value());
    } else if (word == "--rounds") {
      arguments.rounds = std::max(1, std::stoi(value()));
    } else if (word == "--log") {
      arguments.log = value();
    } else if (word == "--threads") {
      arguments.threads = static_cast<unsigned>(std::stoul(value()));
    } else if (word == "--bare") {
      arguments.bare = true;
    } else {
      arguments.others.push_back(word);
    }
  }
  return arguments;
}

}  // namespace

int main(int count, char** words) try {
  const Arguments arguments = read_arguments(count, words);
  if (arguments.bare) {
    const Times times = verify_once(arguments.log, arguments.threads);
    std::printf("%.6f %.6f\n", times.processor, times.passed);
    return 0;
  }
  std::optional<bench::TemporaryDirectory> own;
  if (arguments.log.empty()) bench::write_log(own.emplace().path() / "log", arguments.entries);
  compare(arguments, own ? own->path() / "log" : arguments.log);
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "verify_bench: %s\n", problem.what());
  return 1;
}
