// A Query that must be tried out before it is sent: what is asked first, what is wanted, what is recorded and
// how the result decides.
#include "audit/hash.hpp"
#include "dry_run_fixture.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class DryRunQuery : public DryRunFixture {
 protected:
  // The statement that was tried out runs to its end.
  void alter() {
    open_bracket();
    (void)sent_to_server();
    server({"C ALTER TABLE", "Z T"});
    close_bracket();
  }
};

TEST_F(DryRunQuery, TheServerIsAskedForTheSettingsFirst) {
  query(kAlter);
  EXPECT_TRUE(relay.waits_for_server());
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_TRUE(asks_for_settings(sent_to_server()));
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(DryRunQuery, WhatIsWantedIsTheStatementWithTheSessionsSettings) {
  const SessionSettings settings{{"role", "none"}, {"TimeZone", "CET"}};
  query("  " + std::string(kAlter) + " ; ");
  answer_settings(settings);
  const auto request = wanted();
  EXPECT_THAT(request.statements, ElementsAre(kAlter));
  EXPECT_THAT(request.earlier, IsEmpty());
  ASSERT_TRUE(request.settings);
  EXPECT_EQ(*request.settings, settings);
  EXPECT_FALSE(request.parameters);
}

TEST_F(DryRunQuery, NothingIsSentOrRecordedBeforeTheResult) {
  query_up_to_its_dry_run();
  client("");
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_THAT(recorded(), IsEmpty());
  EXPECT_FALSE(relay.may_go_on());
  relay.give_dry_run(dry_run_of());
  EXPECT_TRUE(relay.may_go_on());
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(DryRunQuery, NothingIsSentBeforeTheDecisionIsDurable) {
  sink.sync_at_once = false;
  query_up_to_its_dry_run();
  tried_out();
  EXPECT_EQ(sent_to_server(), "");
  ASSERT_EQ(relay.client_waits_for(), std::optional<std::uint64_t>(1));
  sink.sync();
  relay.on_log();
  open_bracket();
  EXPECT_EQ(sent_to_server(), "Q(" + std::string(kAlter) + ")");
}

TEST_F(DryRunQuery, TheReportStandsBeforeTheDecisionWhichHasItsHash) {
  query_up_to_its_dry_run();
  tried_out();
  alter();
  EXPECT_THAT(recorded(), ElementsAre("dry_run", "allow Query", "ok"));
  const auto& report = std::get<audit::DryRunRecord>(sink.records.at(0));
  EXPECT_EQ(report.session, 1u);
  EXPECT_EQ(report.hash, audit::sha256_hex(report.report));
  EXPECT_EQ(report.report, shadow::to_json(**dry_run_of()));
  EXPECT_EQ(std::get<audit::DecisionRecord>(sink.records.at(1)).dry_run, report.hash);
}

TEST_F(DryRunQuery, WhatItsReportRefusesIsNotSent) {
  query_up_to_its_dry_run();
  tried_out(dry_run_of(1, base::Error(base::SqlState("42701"), "column \"a\" exists already")));
  EXPECT_EQ(sent_to_server(), "");
  const std::string message = refusal();
  EXPECT_THAT(message,
              StartsWith("portcullis: refused by \"additive\", for its dry run fails: column \"a\""));
  EXPECT_THAT(message, EndsWith(" Record 1."));
  EXPECT_THAT(recorded(), ElementsAre("dry_run", "deny Query"));
  const auto& decision = std::get<audit::DecisionRecord>(sink.records.at(1));
  EXPECT_EQ(decision.sqlstate, "42701");
  EXPECT_EQ(decision.dry_run, std::get<audit::DryRunRecord>(sink.records.at(0)).hash);
}

TEST_F(DryRunQuery, WhatIsOverABoundIsNotSent) {
  auto report = std::make_shared<shadow::Report>(**dry_run_of());
  shadow::RelationFacts relation;
  relation.schema = "app";
  relation.name = "t";
  relation.locks.add(sql::LockMode::access_exclusive);
  report->statements[0].facts.relations = {relation};
  query_up_to_its_dry_run();
  tried_out(std::shared_ptr<const shadow::Report>(report));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(refusal(), HasSubstr("it locks app.t in ACCESS EXCLUSIVE mode"));
}

TEST_F(DryRunQuery, WithoutAReportNothingIsSent) {
  query_up_to_its_dry_run();
  tried_out(base::Error{base::sqlstate::cannot_connect_now, "there is no copy yet"});
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(refusal(), HasSubstr("it was not tried out: there is no copy yet."));
  EXPECT_THAT(recorded(), ElementsAre("deny Query"));
  EXPECT_EQ(std::get<audit::DecisionRecord>(sink.records.at(0)).dry_run, "");
}

TEST_F(DryRunQuery, AReportThatLacksAStatementLetsNothingPass) {
  query_up_to_its_dry_run("alter table t add column a int; alter table t add column b int");
  EXPECT_THAT(wanted().statements,
              ElementsAre("alter table t add column a int", "alter table t add column b int"));
  tried_out(dry_run_of(1));
  EXPECT_THAT(refusal(), HasSubstr("a statement before it in the text fails"));
}

TEST_F(DryRunQuery, OfATextEachStatementIsTriedOutAndTheLastDecidesToo) {
  query_up_to_its_dry_run("alter table t add column a int; comment on table t is 'x'");
  EXPECT_THAT(wanted().statements,
              ElementsAre("alter table t add column a int", "comment on table t is 'x'"));
  tried_out(dry_run_of(2, base::Error(base::SqlState("42501"), "must be owner")));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(refusal(), HasSubstr("must be owner"));
}

TEST_F(DryRunQuery, WhatTheRuleDoesNotCoverIsTriedOutWithItAndNotHeldAgainstIt) {
  query_up_to_its_dry_run("alter table t add column a int; create view v as select 1");
  EXPECT_EQ(wanted().statements.size(), 2u);
  tried_out(dry_run_of(2, base::Error(base::SqlState("42P07"), "exists")));
  open_bracket(Around::own, false);
  EXPECT_THAT(sent_to_server(), StartsWith("Q("));
}

TEST_F(DryRunQuery, WhoeverNeedsNoneNeverWaits) {
  query("select * from t");
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(DryRunQuery, APolicyThatOnlyMonitorsWantsNone) {
  std::string policy(kDryRunPolicy);
  policy.replace(policy.find("enforce"), 7, "monitor");
  judge_by(policy);
  query(kAlter);
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_EQ(sent_to_server(), "Q(" + std::string(kAlter) + ")");
}

TEST_F(DryRunQuery, SettingsAreAskedAnewAfterAnythingWasExecuted) {
  query_up_to_its_dry_run();
  tried_out();
  alter();
  query(kAlter);
  answer_settings({{"role", "none"}, {"TimeZone", "UTC"}});
  EXPECT_EQ(wanted().settings->size(), 2u);
}

TEST_F(DryRunQuery, TheSameAgainIsTriedOutAgain) {
  query_up_to_its_dry_run();
  tried_out();
  alter();
  query_up_to_its_dry_run();
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(DryRunQuery, ASessionThatHasSetItsRoleIsRefused) {
  query(kAlter);
  answer_settings({{"role", "other"}});
  EXPECT_THAT(refusal(), HasSubstr("the session has set its role: RESET ROLE first"));
}

TEST_F(DryRunQuery, AServerThatDoesNotTellTheRoleIsNotTrusted) {
  query(kAlter);
  answer_settings({{"TimeZone", "UTC"}});
  EXPECT_THAT(refusal(), HasSubstr("set its role"));
}

TEST_F(DryRunQuery, AServerThatCannotTellItsSettingsIsAskedNoMore) {
  query(kAlter);
  EXPECT_TRUE(asks_for_settings(sent_to_server()));
  server({"3", "3", "E 57014", "Z I"});
  client("");
  EXPECT_FALSE(relay.wants_dry_run());
  EXPECT_THAT(error_to_client(), HasSubstr("could not ask the database"));
}

// --- what cannot be tried out

TEST_F(DryRunQuery, MoreThanTwentyStatementsAreRefused) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "comment on table t is 'x';";
  query(text);
  answer_settings();
  EXPECT_EQ(wanted().statements.size(), 20u);
  tried_out(dry_run_of(20));
  open_bracket(Around::own, false);
  EXPECT_THAT(sent_to_server(), StartsWith("Q("));
  server({"C COMMENT", "Z T"});
  close_bracket(Around::own, false);
  query(text + "select 1");
  EXPECT_THAT(refusal(), HasSubstr("one text has at most 20 statements there"));
}

TEST_F(DryRunQuery, ATextThatGoesBackIsRefused) {
  query("savepoint a; update t set a = 1; rollback to a");
  EXPECT_THAT(refusal(), HasSubstr("a text that goes back in its transaction is not followed"));
}

TEST_F(DryRunQuery, ATextThatLeavesTheTransactionOfItsLocksIsRefused) {
  for (const char* text :
       {"begin; alter table t add column a int", "alter table t add column a int; commit; select 1"}) {
    query(text);
    EXPECT_THAT(refusal(), HasSubstr("leave BEGIN and COMMIT out of it")) << text;
  }
}

TEST_F(DryRunQuery, AStatementBesideItThatCannotBeTriedOutIsRefused) {
  query("set timezone = 'UTC'; comment on table t is 'x'");
  EXPECT_THAT(refusal(), HasSubstr("it was not tried out: "));
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(DryRunQuery, WhatExecuteRunsIsRefused) {
  run("prepare s as select * from t", "PREPARE", 'I');
  query("execute s");
  EXPECT_EQ(sent_to_server(), "Q(execute s)");
  server({"C SELECT 0", "Z I"});
  (void)sent_to_client();
  client(bytes_of(wire::Parse{"u", "update t set a = 1", {}}, wire::Sync{}));
  answer_settings();
  (void)sent_to_server();
  server({"1", "Z I"});
  (void)sent_to_client();
  query("execute u");
  EXPECT_THAT(refusal(), HasSubstr("what EXECUTE and FETCH run is not followed there"));
}

}  // namespace
}  // namespace portcullis::session
