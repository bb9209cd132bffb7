// What a transaction costs in the gate itself, by number: calls of operator new and, under callgrind,
// instructions. hot_path_check.py holds both to figures.json.
//
//   hot_path simple|first-seen|extended|prepared [--transactions N] [--sites]
//
// Prints "allocations A" and "allocated B": calls, and bytes asked for, a transaction. With --sites, for each
// allocation of one transaction a line of addresses, which `addr2line -Cfe hot_path` reads.
#include <dlfcn.h>
#include <execinfo.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/big_stack_thread.hpp"
#include "sql/analyze.hpp"
#include "steady_session.hpp"

namespace {

constexpr std::size_t kWarmUp = 256;

struct Allocations {
  std::uint64_t calls = 0, bytes = 0;
  bool counting = false, telling = false;
};
Allocations allocations;

// By hand: whatever allocates would come here again.
void tell_site(std::size_t size) {
  allocations.telling = false;
  std::array<void*, 24> frames{};
  const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  std::printf("%zu", size);
  Dl_info own{};
  ::dladdr(reinterpret_cast<void*>(&tell_site), &own);
  for (int i = 2; i < depth; ++i) {
    Dl_info there{};
    if (::dladdr(frames[static_cast<std::size_t>(i)], &there) == 0 || there.dli_fbase != own.dli_fbase)
      continue;
    std::printf(" 0x%zx", reinterpret_cast<std::size_t>(frames[static_cast<std::size_t>(i)]) -
                              reinterpret_cast<std::size_t>(own.dli_fbase) - 1);
  }
  std::printf("\n");
  allocations.telling = true;
}

void* counted(std::size_t size) {
  if (allocations.counting) {
    ++allocations.calls;
    allocations.bytes += size;
  }
  if (allocations.telling) tell_site(size);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

// By this name callgrind is told what to count: --toggle-collect.
extern "C" [[gnu::noinline]] void steady_state(portcullis::bench::SteadySession& session,
                                               const std::vector<portcullis::bench::Exchange>& exchanges,
                                               std::size_t from) {
  for (std::size_t i = from; i < exchanges.size(); ++i) session.exchange(exchanges[i]);
}

namespace {

using namespace portcullis;

struct Arguments {
  std::optional<bench::Traffic> traffic;
  std::size_t transactions = 2048;
  bool sites = false;
};

Arguments read_arguments(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--sites") {
      arguments.sites = true;
    } else if (word == "--transactions" && i + 1 < count) {
      arguments.transactions = std::stoul(words[++i]);
    } else if (!(arguments.traffic = bench::traffic_of(word))) {
      throw std::runtime_error("there is no " + word + ": name simple, first-seen, extended or prepared");
    }
  }
  if (!arguments.traffic) throw std::runtime_error("name simple, first-seen, extended or prepared");
  return arguments;
}

void measure(const Arguments& arguments) {
  const std::size_t count = arguments.sites ? 1 : arguments.transactions;
  auto exchanges = bench::transactions(*arguments.traffic, kWarmUp + count);
  bench::SteadySession session;
  session.exchange(bench::preparation());
  for (std::size_t i = 0; i < kWarmUp; ++i) session.exchange(exchanges[i]);
  allocations.counting = true;
  allocations.telling = arguments.sites;
  steady_state(session, exchanges, kWarmUp);
  allocations.counting = allocations.telling = false;
  if (arguments.sites) return;
  const auto transactions = static_cast<double>(count);
  std::printf("allocations %.3f\nallocated %.1f\n", static_cast<double>(allocations.calls) / transactions,
              static_cast<double>(allocations.bytes) / transactions);
}

}  // namespace

int main(int count, char** words) try {
  const Arguments arguments = read_arguments(count, words);
  std::string problem;
  base::run_with_stack(sql::kAnalysisStackBytes, [&] {
    try {
      sql::prepare_parser_thread();
      measure(arguments);
    } catch (const std::exception& thrown) {
      problem = thrown.what();
    }
  });
  if (!problem.empty()) throw std::runtime_error(problem);
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "hot_path: %s\n", problem.what());
  return 1;
}
