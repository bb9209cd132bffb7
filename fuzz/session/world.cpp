#include "world.hpp"

#include <array>
#include <map>

#include "model_server.hpp"
#include "script.hpp"
#include "sql/analyze.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::fuzz {
namespace {

std::string limits_of(const std::vector<std::string>& limits) {
  std::string text;
  for (const auto& limit : limits) text += (text.empty() ? "" : ", ") + limit;
  return text.empty() ? text : R"(, "limits": { )" + text + " }";
}

// `rows`, `copies`, `given` and `views` stand for limits of the rules, or for nothing; so does `tried` for
// dry runs.
std::string policy_text(bool observes, const std::string& rows, const std::string& copies,
                        const std::string& given, const std::string& views, const std::string& tried) {
  const std::string head =
      observes ? R"("mode": "monitor",)"
               : R"("mode": "enforce", "protect": [ { "id": "secret", "on": ["app.secret"] } ],)";
  return R"({
  "version": 1, "name": "fuzz",
  "agents": { "robot": { "login": "agent_robot" } },
  )" + head +
         R"(
  "rules": [
    { "id": "rows", "allow": ["select", "insert", "update", "delete"], "on": ["app.t"], "to": ["robot"])" +
         rows + R"( },
    { "id": "copies", "allow": ["copy from stdin", "copy to stdout"], "on": ["app.t"], "to": ["robot"])" +
         copies + R"( },
    { "id": "views", "allow": ["create view", "drop view"], "on": ["app.v"], "to": ["robot"])" +
         views + tried + R"( },
    { "id": "inserts", "allow": ["insert"], "on": ["app.t"], "to": ["robot"])" +
         tried + R"( },
    { "id": "procedure", "allow": ["call"], "on": ["app.p"], "to": ["robot"] },
    { "id": "given", "allow": ["select", "copy to stdout"], "on": ["app.u"], "to": ["robot"])" +
         given + R"( }
  ]
})";
}

std::shared_ptr<const policy::PolicySet> load_policy(Limits limits) {
  std::vector<std::string> copies, given, views;
  if (limits.results) {
    copies = {R"("time": "1s")"};
    given = {copies.front(), R"("rows_returned": )" + std::to_string(kMostRowsGiven)};
    if (limits.locks) views = copies;
  }
  if (limits.rows) copies.push_back(R"("rows_affected": )" + std::to_string(kMostRowsChanged));
  auto rows = copies;
  if (limits.cost) rows.push_back(R"("cost": )" + std::to_string(kMostCost));
  auto loaded = policy::PolicySet::load(policy_text(limits.observes, limits_of(rows), limits_of(copies),
                                                    limits_of(given), limits_of(views),
                                                    limits.dry_runs ? R"(, "require": ["dry run"])" : ""));
  require(loaded.policy.has_value());
  return std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
}

// Small enough for the stack of libFuzzer's own thread.
constexpr sql::AnalysisLimits kLimits{.bytes = 1u << 16, .tokens = 5'000, .tree_depth = 1'000};

// Large: one for all inputs. It remembers analyses by their texts, which mean the same in each.
session::FactsCache& facts() {
  static session::FactsCache cache = (sql::prepare_parser_thread(), session::FactsCache(kLimits));
  return cache;
}

std::shared_ptr<const session::Basis> make_basis(std::shared_ptr<const policy::PolicySet> policy,
                                                 bool named) {
  if (!named)
    return std::make_shared<const session::Basis>(
        session::Basis{std::make_shared<const guard::Guard>(std::move(policy)), nullptr});
  catalog::testing::MakeSnapshot make;
  for (const auto* name : {"app.t", "app.secret", "app.u", "other.t"}) make.table(name, {"a int4"});
  make.view("app.v", {"a int4"}, {});
  make.function("app.p", {}, "", catalog::Function::Kind::procedure);
  const auto snapshot = make.build();
  auto bound = std::make_shared<const policy::Bound>(policy->bind(*snapshot));
  return std::make_shared<const session::Basis>(
      session::Basis{std::make_shared<const guard::Guard>(std::move(policy), std::move(bound)), snapshot});
}

void trace_record(const audit::Record& record, std::size_t index) {
  const std::string at = "        log " + std::to_string(index);
  if (const auto* decision = std::get_if<audit::DecisionRecord>(&record)) {
    trace(at, "-    " + decision->verdict + " " + decision->message + " " + decision->text);
  } else if (const auto* tried = std::get_if<audit::DryRunRecord>(&record)) {
    trace(at, "-    dry run " + tried->report);
  } else if (const auto* outcome = std::get_if<audit::OutcomeRecord>(&record)) {
    trace(at, "-    of " + std::to_string(outcome->decision) + " " + outcome->result);
  }
}

// Two of each, so that one can follow the other.
struct Bases {
  explicit Bases(Limits limits) {
    const auto policy = load_policy(limits);
    for (const bool named : {false, true}) {
      for (auto& basis : all[named ? 1 : 0]) basis = make_basis(policy, named);
    }
  }
  std::shared_ptr<const session::Basis> all[2][2];
};

std::shared_ptr<const session::Basis> a_basis(Limits limits, bool named, std::size_t turn) {
  static std::map<std::array<bool, 6>, Bases> known;
  const auto bases = known.try_emplace(
      {limits.results, limits.rows, limits.cost, limits.observes, limits.dry_runs, limits.locks}, limits);
  return bases.first->second.all[named ? 1 : 0][turn % 2];
}

}  // namespace

base::Result<std::uint64_t> ScriptedSink::append(audit::Record record) {
  const bool is_outcome = !std::holds_alternative<audit::DecisionRecord>(record) &&
                          !std::holds_alternative<audit::DryRunRecord>(record);
  if (failure_ || (is_full_ && !is_outcome)) {
    has_refused_ = true;
    if (failure_) return *failure_;
    return base::Error{base::sqlstate::disk_full, "the disk is full"};
  }
  trace_record(record, records.size());
  records.push_back(std::move(record));
  return records.size() - 1;
}

void ScriptedSink::fail() {
  failure_ = base::Error{base::sqlstate::io_error, "the audit log cannot be written"};
}

ScriptedBasis::ScriptedBasis(Limits limits) : limits_(limits), basis_(a_basis(limits, false, 0)) {}

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
  basis_ = a_basis(limits_, named, basis_ == a_basis(limits_, named, 0) ? 1 : 0);
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
  return {&basis, nullptr, &sink, &clock, &facts()};
}

session::Analysis analysed(std::string_view text) {
  return facts().analyze(text);
}

bool is_allowed_alone(std::string_view text) {
  const auto analysis = facts().analyze(text);
  if (!*analysis) return false;
  const catalog::NameSpace names{{"pg_catalog", "app"}};
  const auto basis = a_basis({}, false, 0);
  return basis->guard->decide(**analysis, {"robot", &names, nullptr, text, nullptr}).allowed();
}

}  // namespace portcullis::fuzz
