// Messages found in a stream of bytes: what pgbench and its server send, and a long result.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "pgbench_traffic.hpp"
#include "wire/framing.hpp"

namespace portcullis::bench {
namespace {

constexpr std::size_t kTransactions = 1'000;

template <class Peek>
std::int64_t scan(std::string_view bytes, Peek peek) {
  std::int64_t messages = 0;
  for (; !bytes.empty(); ++messages) {
    const auto header = peek(bytes);
    if (!header || !*header) throw std::runtime_error("no message");
    bytes.remove_prefix((*header)->frame_size());
  }
  return messages;
}

// An item is one message.
template <class Peek>
void scan_all(benchmark::State& state, const std::string& bytes, Peek peek) {
  std::int64_t messages = 0;
  for (auto _ : state) messages += scan(bytes, peek);
  state.SetItemsProcessed(messages);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

void frames_of_clients(benchmark::State& state, Traffic traffic) {
  std::string bytes;
  for (const auto& exchange : transactions(traffic, kTransactions)) bytes += exchange.client;
  scan_all(state, bytes, wire::peek_frontend);
}

void frames_of_servers(benchmark::State& state, Traffic traffic) {
  std::string bytes;
  for (const auto& exchange : transactions(traffic, kTransactions)) bytes += exchange.server;
  scan_all(state, bytes, wire::peek_backend);
}

void frames_of_rows(benchmark::State& state) {
  const std::string filler(84, 'x');
  std::string bytes;
  for (std::size_t i = 0; i < 10 * kTransactions; ++i)
    encode(bytes, wire::DataRow{{"4711", "1", "0", filler}});
  scan_all(state, bytes, wire::peek_backend);
}

BENCHMARK_CAPTURE(frames_of_clients, simple, Traffic::simple);
BENCHMARK_CAPTURE(frames_of_clients, prepared, Traffic::prepared);
BENCHMARK_CAPTURE(frames_of_servers, simple, Traffic::simple);
BENCHMARK_CAPTURE(frames_of_servers, prepared, Traffic::prepared);
BENCHMARK(frames_of_rows);

}  // namespace
}  // namespace portcullis::bench
