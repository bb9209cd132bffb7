#include "steady_session.hpp"

#include <stdexcept>

#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::bench {
namespace {

constexpr std::string_view kOrigin = "bench.example.com/shop";

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "bench",
  "agents": { "reporting-agent": { "login": "agent_reports", "owner": "ada" } },
  "protect": [ { "id": "pii", "on": ["public.users"] } ],
  "rules": [
    { "id": "read", "allow": ["select"], "on": ["public.*"], "to": ["*"] },
    { "id": "write", "allow": ["insert", "update", "delete"], "on": ["public.pgbench_accounts"],
      "to": ["reporting-agent"], "require": ["where"] }
  ]
})";

std::shared_ptr<const catalog::Snapshot> pgbench_catalog() {
  catalog::testing::MakeSnapshot make;
  make.table("public.users", {"id int4", "login text"});
  make.table("public.pgbench_branches", {"bid int4", "bbalance int4", "filler text"});
  make.table("public.pgbench_tellers", {"tid int4", "bid int4", "tbalance int4", "filler text"});
  make.table("public.pgbench_accounts", {"aid int4", "bid int4", "abalance int4", "filler text"});
  make.table("public.pgbench_history",
             {"tid int4", "bid int4", "aid int4", "delta int4", "mtime timestamptz", "filler text"});
  return make.build();
}

std::shared_ptr<const policy::PolicySet> policy_of(std::string_view text) {
  auto loaded = policy::PolicySet::load(text);
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "bench"));
  return std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
}

session::Identity identity() {
  session::Identity identity;
  identity.session = 17;
  identity.agent = "reporting-agent";
  identity.role = "reporting";
  identity.names.search_path = {"pg_catalog", "public"};
  identity.reserved_name = "portcullis-4f1d0c9a2b7e6d35";
  return identity;
}

}  // namespace

base::Result<std::uint64_t> ForgetfulLog::append(audit::Record record) {
  audit::DraftContext context{kOrigin, clock_.wall(), text_, sealer_};
  const auto draft = audit::make_draft(record, context);
  if (!draft) return draft.error();
  line_.clear();
  audit::append_line(line_, *draft, {.index = entries_, .batch = entries_});
  bytes_ += line_.size() + 1;
  return entries_++;
}

FixedBasis::FixedBasis(std::shared_ptr<const policy::PolicySet> policy,
                       std::shared_ptr<const catalog::Snapshot> snapshot) {
  auto bound = std::make_shared<const policy::Bound>(policy->bind(*snapshot));
  auto guard = std::make_shared<const guard::Guard>(std::move(policy), std::move(bound));
  basis_ = std::make_shared<const session::Basis>(session::Basis{std::move(guard), std::move(snapshot)});
}

SteadySession::SteadySession(audit::TextMode text, audit::Sealer* sealer)
    : basis_(policy_of(kPolicy), pgbench_catalog()),
      log_(clock_, text, sealer),
      relay_(identity(), {&basis_, nullptr, &log_, &clock_, &facts_, {}}) {}

void SteadySession::exchange(const Exchange& exchange) {
  const std::size_t consumed = relay_.on_client(exchange.client);
  relay_.take_to_server(sent_);
  if (consumed != exchange.client.size() || sent_ != exchange.client)
    throw std::runtime_error("the client's messages did not go on as they are");
  const std::size_t answered = relay_.on_server(exchange.server);
  relay_.take_to_client(sent_);
  if (answered != exchange.server.size() || sent_ != exchange.server)
    throw std::runtime_error("the server's answer did not go on as it is");
}

}  // namespace portcullis::bench
