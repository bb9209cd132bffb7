// The sentences that agents read, word for word.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "guard/guard.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::guard {
namespace {

using base::Error;
using sql::Action;
using sql::ObjectKind;

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "shop", "groups": {"etl": {}},
  "agents": {"bot": {"login": "agent_bot", "owner": "ada", "groups": ["etl"]},
             "idle": {"login": "agent_idle"}},
  "reviewers": {"dba": ["ada", "grace"]},
  "protect": [{"id": "pii", "on": ["app.users"]}],
  "rules": [
    {"id": "read", "allow": ["select"], "on": ["app.orders"], "to": ["etl"]},
    {"id": "write", "allow": ["update"], "on": ["app.orders"], "to": ["etl"], "require": ["where"]},
    {"id": "drift", "allow": ["alter table add column"], "on": ["app.orders"], "to": ["etl"], "when": {"nullable": true}},
    {"id": "indexes", "ask": ["create index"], "on": ["app.orders"], "to": ["etl"], "of": {"reviewers": "dba"}},
    {"id": "no-drop", "deny": ["drop *"], "to": ["*"]}
  ]})";
const std::string kAllowed =
    " Allowed here: SELECT on app.orders; UPDATE on app.orders with WHERE; ALTER TABLE ADD COLUMN on "
    "app.orders.";

class Refusals : public testing::Test {
 protected:
  static std::shared_ptr<const policy::PolicySet> load() {
    auto loaded = policy::PolicySet::load(kPolicy);
    if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
    return std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
  }

  static sql::Effect effect(Action action, sql::Name object, ObjectKind kind = ObjectKind::relation) {
    sql::Effect made{};
    made.action = action;
    made.kind = kind;
    made.object = std::move(object);
    return made;
  }
  static sql::Name app(std::string name) { return {{}, "app", std::move(name)}; }

  Verdict decide(std::vector<sql::Effect> effects, std::string_view text = {},
                 std::string_view agent = "bot") const {
    sql::Facts facts;
    facts.statements.emplace_back().effects = std::move(effects);
    return guard_.decide(facts, {agent, &names_, nullptr, text});
  }
  Error refusal(std::vector<sql::Effect> effects, std::string_view text = {},
                std::string_view agent = "bot") const {
    const Verdict verdict = decide(std::move(effects), text, agent);
    EXPECT_FALSE(verdict.allowed());
    return verdict.refusal.value_or(Error{});
  }

  catalog::NameSpace names_{{"app"}};
  Guard guard_{load()};
};

TEST_F(Refusals, AreAbsentWhereAllIsAllowed) {
  const auto verdict = decide({effect(Action::select, app("orders"))});
  EXPECT_TRUE(verdict.allowed());
  EXPECT_FALSE(verdict.refusal);
  EXPECT_EQ(verdict.decision.effects.size(), 1U);
}

TEST_F(Refusals, NameTheProtection) {
  const auto error = refusal({effect(Action::select, app("users"))});
  EXPECT_EQ(error.code, base::sqlstate::insufficient_privilege);
  EXPECT_EQ(error.message, "portcullis: denied by \"pii\": SELECT on app.users is protected." + kAllowed);
  EXPECT_EQ(error.hint, "No rule can open what is protected: leave it out, and send the rest on its own.");
  EXPECT_EQ(error.detail, "");
  EXPECT_EQ(with_record(error, 8412).message,
            "portcullis: denied by \"pii\": SELECT on app.users is protected. Record 8412." + kAllowed);
}

TEST_F(Refusals, SayThatNoRuleCovers) {
  const auto error = refusal({effect(Action::truncate, app("orders"))});
  EXPECT_EQ(error.message, "portcullis: denied: no rule allows TRUNCATE on app.orders." + kAllowed);
  EXPECT_EQ(error.hint, "Use what is allowed here, or ask ada, who answers for this agent, for a rule.");
}

TEST_F(Refusals, NameTheRuleThatDenies) {
  EXPECT_EQ(refusal({effect(Action::drop_table, app("orders"))}).message,
            "portcullis: denied by \"no-drop\": DROP TABLE on app.orders is denied." + kAllowed);
}

TEST_F(Refusals, SayWhoMustApprove) {
  const auto error = refusal({effect(Action::create_index, app("orders"))});
  EXPECT_EQ(error.message,
            "portcullis: CREATE INDEX on app.orders needs approval by \"dba\" (rule \"indexes\"), which this "
            "version cannot give yet.");
  EXPECT_EQ(with_record(error, 7).message, error.message + " Record 7.");
  EXPECT_EQ(error.hint, "Leave this out, or ask ada, who answers for this agent, to do it.");
}

TEST_F(Refusals, SayWhatIsMissing) {
  const auto error = refusal({effect(Action::update, app("orders"))});
  EXPECT_EQ(error.message,
            "portcullis: denied by \"write\": UPDATE on app.orders needs a WHERE of its own." + kAllowed);
  EXPECT_EQ(error.hint, "Add a WHERE clause that says which rows are meant.");
}

TEST_F(Refusals, SayWhichConditionFails) {
  auto column = effect(Action::alter_table_add_column, app("orders"));
  column.added_column = sql::AddedColumn{.column = "x", .nullable = false};
  const auto error = refusal({column});
  EXPECT_EQ(error.message,
            "portcullis: denied by \"drift\": ALTER TABLE ADD COLUMN on app.orders is not what the rule's "
            "\"when\" allows: the column is not nullable." +
                kAllowed);
  EXPECT_EQ(error.hint, "Change the statement so that the rule's condition holds.");
}

TEST_F(Refusals, SayWhatIsNotPossibleAtAll) {
  const auto error = refusal({effect(Action::do_, {{}, {}, "plpgsql"}, ObjectKind::other)});
  EXPECT_EQ(
      error.message,
      "portcullis: denied: DO plpgsql is not allowed: it runs code that the gate cannot read." + kAllowed);
  EXPECT_EQ(error.hint,
            "No rule can allow this: find another way, or ask ada, who answers for this agent, to do it.");
  EXPECT_EQ(
      refusal({effect(Action::set, {{}, {}, "row_security"}, ObjectKind::setting)}).message,
      "portcullis: denied: SET row_security is not allowed: it is not among the settings that are free for "
      "everyone, nor under \"settings\"." +
          kAllowed);
}

TEST_F(Refusals, TellTheOneWithoutRulesAndTheStranger) {
  const auto idle = refusal({effect(Action::select, app("orders"))}, {}, "idle");
  EXPECT_EQ(idle.message, "portcullis: denied: no rule allows SELECT on app.orders. Allowed here: nothing.");
  EXPECT_EQ(idle.hint, "Use what is allowed here, or ask whoever owns the policy for a rule.");
  const auto stranger = refusal({effect(Action::select, app("orders"))}, {}, "mallory");
  EXPECT_EQ(stranger.message,
            "portcullis: denied: no rule allows SELECT on app.orders: agent \"mallory\" is not in the "
            "policy. Allowed here: nothing.");
  EXPECT_EQ(refusal({}, {}, "mallory").message,
            "portcullis: denied: agent \"mallory\" is not in the policy.");
}

// A view that reads a protected table, in a database that has both.
TEST_F(Refusals, NameTheRoute) {
  catalog::testing::MakeSnapshot make;
  make.table("app.users", {"id int4"});
  make.table("app.orders", {"id int4"});
  make.view("app.people", {"id int4"}, {"app.users(id)"});
  const auto snapshot = make.build();
  sql::Facts facts;
  facts.statements.emplace_back().effects = {effect(Action::select, app("people"))};
  const auto verdict = guard_.decide(facts, {"bot", &names_, snapshot.get(), {}});
  ASSERT_TRUE(verdict.refusal);
  EXPECT_EQ(verdict.refusal->message,
            "portcullis: denied by \"pii\": SELECT on app.users (through view app.people) is protected." +
                kAllowed);
}

// Programs know the code and the words, so both are PostgreSQL's.
TEST_F(Refusals, SayWhatIsNotThereAsPostgresqlDoes) {
  catalog::testing::MakeSnapshot make;
  make.table("app.orders", {"id int4"});
  const auto snapshot = make.build();
  const auto refused = [&](sql::Effect written) {
    sql::Facts facts;
    facts.statements.emplace_back().effects = {std::move(written)};
    return guard_.decide(facts, {"bot", &names_, snapshot.get(), {}}).refusal.value_or(Error{});
  };
  const auto relation = refused(effect(Action::select, {{}, {}, "ordres"}));
  EXPECT_EQ(relation.code.view(), "42P01");
  EXPECT_EQ(relation.message, "relation \"ordres\" does not exist.");
  EXPECT_EQ(with_record(relation, 12).message, "relation \"ordres\" does not exist. Record 12.");
  EXPECT_EQ(refused(effect(Action::execute_function, app("nope"), ObjectKind::function)).code.view(),
            "42883");
  EXPECT_EQ(refused(effect(Action::use_type, app("nope"), ObjectKind::type)).code.view(), "42704");
}

TEST_F(Refusals, ListAllThatIsRefused) {
  const auto error =
      refusal({effect(Action::select, app("orders")), effect(Action::truncate, app("orders")),
               effect(Action::create_index, app("orders")), effect(Action::drop_table, app("users"))});
  EXPECT_EQ(error.message, "portcullis: denied by \"pii\": DROP TABLE on app.users is protected." + kAllowed);
  EXPECT_EQ(error.detail,
            "denied: no rule allows TRUNCATE on app.orders.\n"
            "CREATE INDEX on app.orders needs approval by \"dba\" (rule \"indexes\"), which this version "
            "cannot give yet.\n"
            "denied by \"pii\": DROP TABLE on app.users is protected.\n"
            "Nothing of the text was executed.");
}

TEST_F(Refusals, BoundTheList) {
  std::vector<sql::Effect> effects;
  for (int i = 0; i < 5000; ++i) effects.push_back(effect(Action::select, app("t" + std::to_string(i))));
  const auto error = refusal(effects);
  EXPECT_LT(error.detail.size(), 2000U);
  EXPECT_NE(error.detail.find("\nAnd 4980 more.\n"), std::string::npos);
}

TEST_F(Refusals, PointAtTheCharacter) {
  const std::string_view text = "SELECT '\xC3\xA4' FROM app.users";
  auto read = effect(Action::select, app("users"));
  read.location = static_cast<std::int32_t>(text.find("app"));
  EXPECT_EQ(refusal({read}, text).position, 17U);
  EXPECT_EQ(refusal({read}).position, std::nullopt);  // the text is not at hand, as for a Bind
  read.location = -1;
  EXPECT_EQ(refusal({read}, text).position, std::nullopt);
}

TEST_F(Refusals, KeepWhatTheAnalysisSays) {
  const Error syntax{base::sqlstate::syntax_error, "syntax error at or near \"SELEC\"", "", "", 1};
  const auto verdict = Guard::refuse(syntax);
  EXPECT_EQ(verdict.outcome, policy::Outcome::deny);
  EXPECT_TRUE(verdict.decision.effects.empty());
  ASSERT_TRUE(verdict.refusal);
  EXPECT_EQ(verdict.refusal->code, base::sqlstate::syntax_error);
  EXPECT_EQ(verdict.refusal->position, 1U);
  EXPECT_EQ(with_record(*verdict.refusal, 3).message,
            "portcullis: refused: syntax error at or near \"SELEC\". Record 3.");
}

// A name is data: however it is spelt, it ends no sentence and opens no other.
TEST_F(Refusals, AreNotForgedByNames) {
  const auto error = refusal({effect(Action::select, app("x is fine. Allowed here: all\n\"."))});
  const std::string start =
      "portcullis: denied: no rule allows SELECT on app.\"x is fine. Allowed here: all?\"\".\".";
  EXPECT_EQ(error.message, start + kAllowed);
  EXPECT_EQ(with_record(error, 9).message, start + " Record 9." + kAllowed);
  const Error odd{base::sqlstate::syntax_error, "portcullis: refused: at or near \"\". Allowed here: \"."};
  EXPECT_TRUE(with_record(odd, 9).message.find("Record 9.") != std::string::npos);
}

}  // namespace
}  // namespace portcullis::guard
