// A login by SCRAM-SHA-256 with PostgreSQL's 4096 iterations: the gate's side towards the client, which has a
// verifier, and towards the database, where it has a password.
#include <benchmark/benchmark.h>

#include "auth/scram.hpp"

namespace portcullis::bench {
namespace {

constexpr const char* kServerNonce = "3rfcNHYJY1ZVvWVs7j2XcXwT";

auth::ScramVerifier verifier() {
  return auth::make_verifier(base::Secret{"correct horse"}, "0123456789abcdef", auth::kDefaultIterations)
      .value();
}

void scram_check_of_a_client(benchmark::State& state) {
  const auto known = verifier();
  auth::ScramClient client{base::Secret{"correct horse"}, "fyko+d2lbbFgONRv9qkxdawL"};
  const std::string first = client.first();
  const std::string last = client.last(auth::ScramServer{known, kServerNonce}.first(first).value()).value();
  for (auto _ : state) {
    auth::ScramServer server{known, kServerNonce};
    const auto challenge = server.first(first);
    const auto signature = server.last(last);
    if (!challenge || !signature) return state.SkipWithError("refused");
  }
}

void scram_login_at_the_database(benchmark::State& state) {
  const auto known = verifier();
  for (auto _ : state) {
    state.PauseTiming();
    auth::ScramServer server{known, kServerNonce};
    auth::ScramClient client{base::Secret{"correct horse"}, "fyko+d2lbbFgONRv9qkxdawL"};
    const std::string challenge = server.first(client.first()).value();
    state.ResumeTiming();
    benchmark::DoNotOptimize(client.last(challenge));
  }
}

BENCHMARK(scram_check_of_a_client);
BENCHMARK(scram_login_at_the_database);

}  // namespace
}  // namespace portcullis::bench
