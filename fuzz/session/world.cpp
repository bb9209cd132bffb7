#include "world.hpp"

#include "model_server.hpp"
#include "script.hpp"
#include "sql/analyze.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::fuzz {
namespace {

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "fuzz", "mode": "enforce",
  "agents": { "robot": { "login": "agent_robot" } },
  "protect": [ { "id": "secret", "on": ["app.secret"] } ],
  "rules": [
    { "id": "rows", "allow": ["select", "insert", "update", "delete", "copy from stdin", "copy to stdout"],
      "on": ["app.t"], "to": ["robot"] },
    { "id": "views", "allow": ["create view", "drop view"], "on": ["app.v"], "to": ["robot"] },
    { "id": "procedure", "allow": ["call"], "on": ["app.p"], "to": ["robot"] }
  ]
})";

// Small enough for the stack of libFuzzer's own thread.
constexpr sql::AnalysisLimits kLimits{.bytes = 1u << 16, .tokens = 5'000, .tree_depth = 1'000};

// Large: one for all inputs. It remembers analyses by their texts, which mean the same in each.
session::FactsCache& facts() {
  static session::FactsCache cache = (sql::prepare_parser_thread(), session::FactsCache(kLimits));
  return cache;
}

std::shared_ptr<const policy::PolicySet> the_policy() {
  static const auto policy = [] {
    auto loaded = policy::PolicySet::load(kPolicy);
    require(loaded.policy.has_value());
    return std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
  }();
  return policy;
}

std::shared_ptr<const session::Basis> make_basis(bool named) {
  if (!named)
    return std::make_shared<const session::Basis>(
        session::Basis{std::make_shared<const guard::Guard>(the_policy()), nullptr});
  catalog::testing::MakeSnapshot make;
  make.table("app.t", {"a int4"});
  make.table("app.secret", {"a int4"});
  make.table("other.t", {"a int4"});
  make.view("app.v", {"a int4"}, {});
  make.function("app.p", {}, "", catalog::Function::Kind::procedure);
  const auto snapshot = make.build();
  auto bound = std::make_shared<const policy::Bound>(the_policy()->bind(*snapshot));
  return std::make_shared<const session::Basis>(
      session::Basis{std::make_shared<const guard::Guard>(the_policy(), std::move(bound)), snapshot});
}

// Two of each, so that one can follow the other.
std::shared_ptr<const session::Basis> a_basis(bool named, std::size_t turn) {
  static const std::shared_ptr<const session::Basis> all[2][2] = {{make_basis(false), make_basis(false)},
                                                                  {make_basis(true), make_basis(true)}};
  return all[named ? 1 : 0][turn % 2];
}

}  // namespace

base::Result<std::uint64_t> ScriptedSink::append(audit::Record record) {
  const bool is_outcome = !std::holds_alternative<audit::DecisionRecord>(record);
  if (failure_ || (is_full_ && !is_outcome)) {
    has_refused_ = true;
    if (failure_) return *failure_;
    return base::Error{base::sqlstate::disk_full, "the disk is full"};
  }
  records.push_back(std::move(record));
  return records.size() - 1;
}

void ScriptedSink::fail() {
  failure_ = base::Error{base::sqlstate::io_error, "the audit log cannot be written"};
}

ScriptedBasis::ScriptedBasis() : basis_(a_basis(false, 0)) {}

std::shared_ptr<const session::Basis> ScriptedBasis::current() const {
  return changing_ > 0 || is_away_ ? nullptr : basis_;
}

void ScriptedBasis::end_change() {
  --changing_;
  require(changing_ >= 0);
}

void ScriptedBasis::read(bool named) {
  is_away_ = false;
  answer();
  basis_ = a_basis(named, basis_ == a_basis(named, 0) ? 1 : 0);
}

session::Identity World::identity() {
  session::Identity identity;
  identity.session = 1;
  identity.agent = "robot";
  identity.names.search_path = {"pg_catalog", "app"};
  identity.reserved_name = kReservedName;
  return identity;
}

session::Dependencies World::needs() {
  return {&basis, nullptr, &sink, &clock, &facts(), &sequence};
}

session::Analysis analysed(std::string_view text) {
  return facts().analyze(text);
}

bool is_allowed_alone(std::string_view text) {
  const auto analysis = facts().analyze(text);
  if (!*analysis) return false;
  const catalog::NameSpace names{{"pg_catalog", "app"}};
  const auto basis = a_basis(false, 0);
  return basis->guard->decide(**analysis, {"robot", &names, nullptr, text, nullptr}).allowed();
}

}  // namespace portcullis::fuzz
