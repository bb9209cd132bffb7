// What a decision costs: a text that was never seen, the names in it, the policy; one that was; on a small
// database and on one with ten thousand tables.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/big_stack_thread.hpp"
#include "guard/guard.hpp"
#include "guard/verdict_cache.hpp"
#include "session/facts_cache.hpp"
#include "sql/analyze.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace {

using namespace portcullis;

constexpr const char* kJoin =
    "SELECT c.name, o.id, sum(i.quantity * i.price) AS total FROM app.customers c JOIN app.orders o ON "
    "o.customer = c.id "
    "JOIN app.items i ON i.order_id = o.id WHERE o.placed > now() - interval '30 days' AND c.country = $1 "
    "GROUP BY c.name, o.id HAVING sum(i.quantity) > 3 ORDER BY total DESC LIMIT 20";

constexpr const char* kPolicy =
    R"json({ "version": 1, "name": "bench", "agents": { "bot": { "login": "bot" } },
  "protect": [ { "id": "pii", "on": ["app.users", "app.customers(ssn)"]
} ],
  "rules": [ { "id": "read", "allow": ["select"], "on": ["app.*"], "to": ["bot"] } ]
})json";

std::shared_ptr<const catalog::Snapshot> shop(int more_tables) {
  catalog::testing::MakeSnapshot make;
  make.table("app.users", {"id int4", "ssn text"});
  make.table("app.customers", {"id int4", "name text", "country text", "ssn text"});
  make.table("app.orders", {"id int4", "customer int4", "placed timestamptz"});
  make.table("app.items", {"order_id int4", "quantity int4", "price numeric"});
  make.foreign_key("o", "app.orders(customer)", "app.customers(id)", 'c');
  make.foreign_key("i", "app.items(order_id)", "app.orders(id)", 'c');
  for (int i = 0; i < more_tables; ++i) {
    const std::string name = "app.more_" + std::to_string(i);
    make.table(name, {"id int4", "order_id int4", "note text"});
    make.foreign_key("k" + std::to_string(i), name + "(order_id)",
                     i == 0 ? "app.orders(id)" : "app.more_0(id)");
  }
  return make.build();
}

std::shared_ptr<const policy::PolicySet> read_policy() {
  return std::make_shared<const policy::PolicySet>(std::move(*policy::PolicySet::load(kPolicy).policy));
}

const catalog::NameSpace kNames{{"pg_catalog", "app"}};

void analyze_unseen(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(sql::analyze(kJoin));
}

void resolve(benchmark::State& state) {
  const auto snapshot = shop(static_cast<int>(state.range(0)));
  const auto facts = sql::analyze(kJoin);
  for (auto _ : state) benchmark::DoNotOptimize(catalog::resolve(*facts, *snapshot, kNames));
}

void resolve_delete_with_cascades(benchmark::State& state) {
  const auto snapshot = shop(static_cast<int>(state.range(0)));
  const auto facts = sql::analyze("DELETE FROM app.customers WHERE id = $1");
  for (auto _ : state) benchmark::DoNotOptimize(catalog::resolve(*facts, *snapshot, kNames));
}

void decide(benchmark::State& state) {
  const auto snapshot = shop(static_cast<int>(state.range(0)));
  const auto policy = read_policy();
  const guard::Guard guard(policy, std::make_shared<const policy::Bound>(policy->bind(*snapshot)));
  const auto facts = sql::analyze(kJoin);
  const guard::Request request{"bot", &kNames, snapshot.get(), kJoin};
  if (!guard.decide(*facts, request).allowed()) state.SkipWithError("refused");
  for (auto _ : state) benchmark::DoNotOptimize(guard.decide(*facts, request));
}

// What a session pays for a text: analysis, names, policy where it was never seen; two look-ups where it was.
class Session {
 public:
  explicit Session(int more_tables) : snapshot_(shop(more_tables)), policy_(read_policy()) {
    verdicts_.judge_by(snapshot_);
  }
  // `texts` may be a new cache for each call, or the one of all.
  std::shared_ptr<const guard::Verdict> judge(std::string_view text, session::FactsCache& texts) {
    const auto analysis = texts.analyze(text);
    return verdicts_.decide(guard_, {analysis, &**analysis}, {"bot", &kNames, snapshot_.get(), text});
  }

 private:
  std::shared_ptr<const catalog::Snapshot> snapshot_;
  std::shared_ptr<const policy::PolicySet> policy_;
  guard::Guard guard_{policy_, std::make_shared<const policy::Bound>(policy_->bind(*snapshot_))};
  guard::VerdictCache verdicts_;
};

void unseen(benchmark::State& state) {
  Session session(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    session::FactsCache texts;
    benchmark::DoNotOptimize(session.judge(kJoin, texts));
  }
}

void seen(benchmark::State& state) {
  Session session(static_cast<int>(state.range(0)));
  session::FactsCache texts;
  if (!session.judge(kJoin, texts)->allowed()) state.SkipWithError("refused");
  for (auto _ : state) benchmark::DoNotOptimize(session.judge(kJoin, texts));
}

BENCHMARK(analyze_unseen);
BENCHMARK(resolve)->Arg(0)->Arg(10'000);
BENCHMARK(resolve_delete_with_cascades)->Arg(0)->Arg(10'000);
BENCHMARK(decide)->Arg(0)->Arg(10'000);
BENCHMARK(unseen)->Arg(0)->Arg(10'000);
BENCHMARK(seen)->Arg(0)->Arg(10'000);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  // The parser recurses: as in the gate, on a stack that is large enough.
  base::run_with_stack(sql::kAnalysisStackBytes, [] {
    sql::prepare_parser_thread();
    benchmark::RunSpecifiedBenchmarks();
  });
  return 0;
}
