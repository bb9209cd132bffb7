// What was tried out, on its way: how long it waits for its locks, when it is sent again, and what its record
// says of it.
#include "dry_run_fixture.hpp"

namespace portcullis::session {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::testing::StartsWith;

const std::string kSent = "Q(" + std::string(kAlter) + ")";

class RelayLocks : protected Ticking, public DryRunFixture {
 protected:
  RelayLocks() : DryRunFixture(ticking) {}

  // Up to the moment that the statement is at the server.
  void alter(Around around = Around::own, std::string own_timeout = "0") {
    query(kAlter);
    answer_settings({{"role", "none"}}, around == Around::block ? 'T' : 'I');
    tried_out();
    open_bracket(around, true, std::move(own_timeout));
    EXPECT_EQ(sent_to_server(), kSent);
  }
  // A pipeline's, its Bind answered.
  void execute_alter() {
    client(parse(kAlter) + bind() + bytes_of(wire::Execute{"", 0}, wire::Sync{}));
    answer_settings();
    tried_out();
    client("");
    (void)sent_to_server();
    server({"1", "2"});
    open_bracket(Around::pipeline);
    EXPECT_EQ(sent_to_server(), "E() H");
  }
  // The gate's own transaction is rolled back, and the pause goes by.
  void undo_and_wait() {
    EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
    server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
    wait();
  }
  void wait() {
    EXPECT_EQ(sent_to_server(), "");
    ASSERT_TRUE(relay.wakes_at());
    EXPECT_GT(*relay.wakes_at(), ticking.steady());
    ticking.now = *relay.wakes_at();
    relay.on_time();
  }
  const audit::OutcomeRecord& outcome() { return std::get<audit::OutcomeRecord>(sink.records.back()); }
};

TEST_F(RelayLocks, WhatCameAsPredictedSaysSo) {
  alter();
  server({"C ALTER TABLE", "Z T"});
  close_bracket();
  EXPECT_EQ(sent_to_client(), "C(ALTER TABLE) Z(I)");
  EXPECT_EQ(outcome().result, "ok");
  EXPECT_EQ(outcome().attempts, 1u);
  EXPECT_THAT(outcome().differs, Optional(ElementsAre()));
}

TEST_F(RelayLocks, WhatCameOtherwiseIsInTheRecord) {
  alter();
  server({"C ALTER TABLE", "Z T"});
  close_bracket(Around::own, true,
                row_of({"16400", "ShareLock", "app", "ledger", "r", "16400", "0", "0", "0", "0"}));
  EXPECT_EQ(sent_to_client(), "C(ALTER TABLE) Z(I)");
  EXPECT_THAT(outcome().differs, Optional(ElementsAre("locks: app.ledger: SHARE; predicted: none")));
}

TEST_F(RelayLocks, AQueryWhoseLocksAreNotFreeIsUndoneAndSentAgain) {
  alter();
  server({"E 55P03", "Z E"});
  undo_and_wait();
  open_bracket();
  EXPECT_EQ(sent_to_server(), kSent);
  server({"C ALTER TABLE", "Z T"});
  close_bracket();
  EXPECT_EQ(sent_to_client(), "C(ALTER TABLE) Z(I)");
  EXPECT_EQ(outcome().attempts, 2u);
}

TEST_F(RelayLocks, AnExecuteIsSentAgainWithItsBind) {
  execute_alter();
  server({"E 55P03"});
  EXPECT_THAT(sent_to_server(), ::testing::EndsWith(" S"));
  server({"Z I"});
  wait();
  open_bracket(Around::pipeline);
  EXPECT_EQ(sent_to_server(), "B(,s) E() H");
  server({"2", "C ALTER TABLE"});
  close_bracket(Around::pipeline);
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 C(ALTER TABLE) Z(I)");
  EXPECT_EQ(outcome().attempts, 2u);
}

TEST_F(RelayLocks, AfterFiveSecondsTheClientIsTold) {
  alter();
  int attempts = 1;
  for (;; ++attempts) {
    ticking.now += milliseconds(500);
    server({"E 55P03", "Z E"});
    EXPECT_THAT(relay.pending_to_server(), ::testing::Gt(0u));
    const bool again = relay.pending_to_client() == 0;
    if (!again) break;
    undo_and_wait();
    open_bracket();
    EXPECT_EQ(sent_to_server(), kSent);
    ASSERT_LT(attempts, 20);
  }
  EXPECT_GE(attempts, 4);
  EXPECT_THAT(error_to_client(),
              HasSubstr("was not executed: others hold locks that stand in its way, and "
                        "\"additive\" lets it wait 500 ms for each; it was tried " +
                        std::to_string(attempts) + " times. Nothing was changed. Record "));
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_EQ(sent_to_client(), "Z(I)");
  EXPECT_EQ(outcome().result, "error");
  EXPECT_EQ(outcome().sqlstate, "55P03");
  EXPECT_THAT(outcome().error, HasSubstr("it was tried"));
  EXPECT_EQ(outcome().differs, std::nullopt);
}

TEST_F(RelayLocks, InABlockItFailsOnce) {
  open_transaction();
  alter(Around::block);
  server({"E 55P03", "Z E"});
  EXPECT_THAT(error_to_client(), HasSubstr("The transaction has failed: roll it back. Record "));
  EXPECT_FALSE(relay.wakes_at());
}

TEST_F(RelayLocks, AStricterTimeoutOfTheSessionsOwnIsNotTheGatesToTell) {
  alter(Around::own, "50");
  server({"E 55P03", "Z E"});
  EXPECT_THAT(error_to_client(), Not(HasSubstr("portcullis")));
}

TEST_F(RelayLocks, AnotherErrorIsTheClients) {
  alter();
  server({"E 42701", "Z E"});
  EXPECT_EQ(sent_to_client(), "E(42701)");
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_EQ(sent_to_client(), "Z(I)");
}

TEST_F(RelayLocks, BehindAnotherStatementOfThePipelineItIsNotSentAgain) {
  client(parse(kAlter) + bind() + bytes_of(wire::Bind{"other", "s", {}, {}, {}}));
  answer_settings();
  tried_out();
  tried_out();
  client(bytes_of(wire::Execute{"other", 0}));
  (void)sent_to_server();
  server({"1", "2", "2"});
  open_bracket(Around::pipeline);
  (void)sent_to_server();
  server({"E 55P03"});
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(error_to_client(), HasSubstr("others hold locks that stand in its way"));
}

// What the name stands for by then is another thing.
TEST_F(RelayLocks, BehindAnotherParseOrACloseItIsNotSentAgain) {
  for (const std::string& between :
       {bytes_of(wire::Parse{"s", "select * from t", {}}), bytes_of(wire::Close{'S', "s"})}) {
    client(parse(kAlter) + bind());
    answer_settings();
    tried_out();
    client(between + bytes_of(wire::Execute{"", 0}));
    (void)sent_to_server();
    server({"1", "2", between.front() == 'P' ? "1" : "3"});
    open_bracket(Around::pipeline);
    (void)sent_to_server();
    server({"E 55P03"});
    EXPECT_EQ(sent_to_server(), "");
    EXPECT_THAT(error_to_client(), HasSubstr("others hold locks that stand in its way"));
    client(bytes_of(wire::Sync{}));
    server({"Z I"});
    (void)sent_to_server();
    (void)sent_to_client();
  }
}

TEST_F(RelayLocks, ACancelInThePauseEndsIt) {
  alter();
  server({"E 55P03", "Z E"});
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  relay.on_client_cancel();
  EXPECT_EQ(sent_to_client(), "E(57014) Z(I)");
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(outcome().sqlstate, "57014");
  query("select * from t");
  EXPECT_NE(sent_to_server(), "");
}

TEST_F(RelayLocks, ACancelInThePauseOfAPipelineSkipsToItsSync) {
  execute_alter();
  server({"E 55P03"});
  (void)sent_to_server();
  server({"Z I"});
  (void)sent_to_client();
  relay.on_client_cancel();
  EXPECT_EQ(sent_to_client(), "E(57014)");
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "Z(I)");
}

TEST_F(RelayLocks, ACancelWhileItIsUndoneEndsIt) {
  alter();
  server({"E 55P03", "Z E"});
  relay.on_client_cancel();
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_EQ(sent_to_client(), "E(57014) Z(I)");
  EXPECT_FALSE(relay.wakes_at());
  EXPECT_EQ(outcome().sqlstate, "57014");
}

TEST_F(RelayLocks, ACancelRightBeforeItIsSentAgainEndsIt) {
  alter();
  server({"E 55P03", "Z E"});
  undo_and_wait();
  relay.on_client_cancel();
  open_bracket();
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_EQ(sent_to_client(), "E(57014) Z(I)");
}

TEST_F(RelayLocks, ACancelBeforeMakesItTheLastAttempt) {
  alter();
  relay.on_client_cancel();
  server({"E 55P03", "Z E"});
  EXPECT_THAT(error_to_client(), HasSubstr("others hold locks that stand in its way"));
}

TEST_F(RelayLocks, WhatWouldBeJudgedByAnotherPolicyIsNotSentAgain) {
  alter();
  server({"E 55P03", "Z E"});
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  judge_by(kDryRunPolicy);
  wait();
  EXPECT_THAT(error_to_client(),
              HasSubstr("Nothing was changed, and what it was judged by has changed meanwhile."));
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(RelayLocks, WhatTheClientHasReadSomethingOfIsNotSentAgain) {
  alter();
  server({"T", "E 55P03", "Z E"});
  EXPECT_THAT(error_to_client(), HasSubstr("others hold locks that stand in its way"));
}

TEST_F(RelayLocks, ASettingInTheSameTextIsRefused) {
  query("alter table t add column a int; set lock_timeout = '1s'");
  EXPECT_THAT(refusal(), HasSubstr("it was not tried out: "));
}

TEST_F(RelayLocks, WhoseLocksCannotBeSeenIsUndone) {
  query_up_to_its_dry_run();
  tried_out();
  (void)sent_to_server();
  server({"3", "3", "1", "2", "C BEGIN", "3", "3", "E 42501", "Z E"});
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_THAT(error_to_client(), HasSubstr("what ALTER TABLE locks cannot be seen while it runs"));
}

TEST_F(RelayLocks, AServerThatEndsTheTransactionIsNotBelieved) {
  alter();
  server({"C ALTER TABLE", "Z I"});
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayLocks, AServerThatIsLostInThePauseEndsTheSession) {
  alter();
  server({"E 55P03", "Z E"});
  (void)sent_to_server();
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_FALSE(relay.lose_server());
  relay.close("connection lost");
  relay.on_time();
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(recorded().back(), "connection lost");
}

}  // namespace
}  // namespace portcullis::session
