// Messages whose rows are counted: what goes to the server and when, what the client reads, and that nothing
// is committed uncounted whatever fails on the way.
#include <algorithm>

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "test",
  "agents": { "robot": { "login": "agent_robot" } },
  "rules": [
    { "id": "rows", "allow": ["select", "insert", "update", "delete", "truncate", "copy from stdin"], "on": ["app.t"],
      "to": ["robot"], "limits": { "rows_affected": 3 } },
    { "id": "both", "allow": ["select", "update"], "on": ["app.b"], "to": ["robot"],
      "limits": { "rows_affected": 3, "rows_returned": 1, "time": "30s" } },
    { "id": "more", "allow": ["call", "execute function"], "on": ["app.p", "app.f"],
      "to": ["robot"] }
  ]
})";

std::string report(const std::string& rows) {
  return row_of({"16384", rows, "on", "r", "app", "t"});
}

class RelayRows : protected Ticking, public RelayFixture {
 protected:
  RelayRows() : RelayFixture(kPolicy, ticking) {
    client(bytes_of(wire::Query{"select 1"}));
    server({"T", "D", "C SELECT 1", "Z I"});
    clear();
  }
  void clear() {
    (void)sent_to_server();
    (void)sent_to_client();
    sink.records.clear();
    sink.sync();
  }
  // The base is asked for and given, a transaction open around it where that is the gate's.
  void open(char status = 'I', bool deferred = false) {
    const std::string asked = sent_to_server();
    std::vector<RoundAnswer> answers;
    if (status == 'I') answers.push_back({"", "BEGIN"});
    EXPECT_EQ(asked.find(",BEGIN)") != std::string::npos, status == 'I') << asked;
    answers.push_back({row_of({"16384", "40"})});
    answers.push_back({row_of({deferred ? "t" : "f"})});
    server_bytes(round_of(answers, "T"));
  }
  void count(const std::string& rows, char around = 'I') {
    const std::string asked = sent_to_server();
    EXPECT_THAT(asked, HasSubstr("pg_catalog.pg_locks"));
    EXPECT_EQ(asked.find("SET CONSTRAINTS ALL IMMEDIATE") != std::string::npos, around == 'I') << asked;
    std::vector<RoundAnswer> answers;
    if (around == 'I') answers.push_back({"", "SET CONSTRAINTS"});
    answers.push_back({report(rows)});
    server_bytes(round_of(answers, "T"));
  }
  void end(const std::string& tag) {
    EXPECT_THAT(sent_to_server(), HasSubstr("P(reserved-rows," + tag + ")"));
    server_bytes(round_of({{"", tag}}, "I"));
  }
  void begin_block() {
    client(bytes_of(wire::Query{"begin"}));
    server({"C BEGIN", "Z T"});
    clear();
  }
  // A row has changed within the limit, and the block goes on.
  void change_in_block() {
    begin_block();
    client(update_);
    open('T');
    server({"C UPDATE 1", "Z T"});
    server_bytes(round_of({{report("41")}}, "T"));
    clear();
  }
  // A statement of a pipeline outside a block.
  void open_pipeline() {
    EXPECT_THAT(sent_to_server(), Not(HasSubstr("BEGIN")));
    server_bytes(round_of({{row_of({"16384", "40"})}, {row_of({"f"})}}));
  }
  std::string returning_ = bytes_of(wire::Query{"update app.b set v = 1 returning v"});
  std::string update_ = bytes_of(wire::Query{"update app.t set v = 1"});
  std::string execute_ = bytes_of(wire::Parse{"", "update app.t set v = 1", {}},
                                  wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0});
};

TEST_F(RelayRows, AQueryRunsInATransactionThatEndsWhenItIsCounted) {
  client(update_);
  open();
  EXPECT_EQ(sent_to_server(), "Q(update app.t set v = 1)");
  server({"C UPDATE 3", "Z T"});
  EXPECT_EQ(sent_to_client(), "");
  count("43");
  EXPECT_EQ(sent_to_client(), "");
  end("COMMIT");
  EXPECT_EQ(sent_to_client(), "C(UPDATE 3) Z(I)");
  EXPECT_THAT(sink.told(), ElementsAre("allow Query", "ok UPDATE 3 -> 0"));
  EXPECT_TRUE(relay.idle());
}

TEST_F(RelayRows, OverTheLimitItIsRolledBackAndRefusedInItsPlace) {
  client(update_);
  open();
  (void)sent_to_server();
  server({"C UPDATE 4", "Z T"});
  count("44");
  end("ROLLBACK");
  const std::string told = relay.take_to_client();
  EXPECT_EQ(backend_text(told), "E(42501) Z(I)");
  EXPECT_THAT(
      told, HasSubstr("stopped by \"rows\": UPDATE touched 4 rows in 1 table (app.t: 4), limit 3; nothing"));
  const auto& outcome = std::get<audit::OutcomeRecord>(sink.records.back());
  EXPECT_EQ(outcome.result, "stopped");
  EXPECT_THAT(outcome.changed, ElementsAre("app.t: 4"));
}

TEST_F(RelayRows, InABlockTheBlockFails) {
  begin_block();
  client(update_);
  open('T');
  (void)sent_to_server();
  server({"C UPDATE 9", "Z T"});
  count("49", 'T');
  EXPECT_THAT(sent_to_server(), HasSubstr("P(reserved-rows,PORTCULLIS_STOPPED record 0)"));
  server({"3", "3", "E 42601", "Z E"});
  EXPECT_EQ(sent_to_client(), "E(42501) Z(E)");
}

TEST_F(RelayRows, InABlockNothingOfTheGatesEndsIt) {
  begin_block();
  client(update_);
  open('T');
  (void)sent_to_server();
  server({"C UPDATE 1", "Z T"});
  count("41", 'T');
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "C(UPDATE 1) Z(T)");
}

TEST_F(RelayRows, AStatementThatFailsSaysSoItself) {
  client(update_);
  open();
  (void)sent_to_server();
  server({"E 23505", "Z E"});
  EXPECT_EQ(sent_to_client(), "E(23505)");
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "Z(I)");
  EXPECT_THAT(sink.told().back(), StartsWith("error 23505"));
}

TEST_F(RelayRows, TheMessageGoesOutOnlyInsideATransaction) {
  client(update_);
  server({"3", "3", "1", "2", "E 57014", "Z I"});  // BEGIN was cancelled
  EXPECT_THAT(relay.take_to_server(), Not(HasSubstr("Q(update")));
  EXPECT_EQ(sent_to_client(), "E(57014) Z(I)");
}

TEST_F(RelayRows, ABaseThatFailsIsTheEndOfIt) {
  client(update_);
  (void)sent_to_server();
  server_bytes(from_server({"3", "3", "1", "2", "C BEGIN", "3", "3", "E 42501", "Z E"}));
  end("ROLLBACK");
  const std::string told = relay.take_to_client();
  EXPECT_EQ(backend_text(told), "E(42501) Z(I)");
  EXPECT_THAT(told, HasSubstr("cannot be verified"));
}

TEST_F(RelayRows, ACountThatFailsLetsNothingThrough) {
  client(update_);
  open();
  server({"C UPDATE 1", "Z T"});
  (void)sent_to_server();
  server_bytes(from_server({"3", "3", "1", "2", "C SET CONSTRAINTS", "3", "3", "1", "2", "E 57014", "Z E"}));
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "E(57014) Z(I)");
}

TEST_F(RelayRows, ADeferredConstraintFailsAsItsCommitWould) {
  client(update_);
  open();
  server({"C UPDATE 1", "Z T"});
  (void)sent_to_server();
  server_bytes(from_server({"3", "3", "1", "2", "E 23503", "Z E"}));
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "E(23503) Z(I)");
}

TEST_F(RelayRows, ACommitThatFailsIsTheStatementsFailure) {
  client(update_);
  open();
  server({"C UPDATE 1", "Z T"});
  count("41");
  (void)sent_to_server();
  server({"3", "3", "1", "2", "E 40001", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(40001) Z(I)");
  EXPECT_THAT(sink.told().back(), StartsWith("error 40001"));
}

TEST_F(RelayRows, ATransactionThatEndedBehindItsBackEndsTheSession) {
  client(update_);
  open();
  server({"C UPDATE 1", "Z I"});
  EXPECT_TRUE(relay.ended());
  EXPECT_EQ(sent_to_client(), "E(08P01)");
}

TEST_F(RelayRows, ACommitThatBecameARollbackEndsTheSession) {
  client(update_);
  open();
  server({"C UPDATE 1", "Z T"});
  count("41");
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayRows, ThePipelineWaitsForTheCount) {
  client(execute_ + bytes_of(wire::Sync{}));
  EXPECT_THAT(sent_to_server(), EndsWith("B(,) H"));
  server({"1", "2"});
  EXPECT_THAT(sent_to_server(), EndsWith("C C H"));
  server_bytes(round_of({{row_of({"16384", "40"})}, {row_of({"f"})}}));
  EXPECT_EQ(sent_to_server(), "E() H");
  server({"C UPDATE 3"});
  EXPECT_EQ(sent_to_client(), "1 2");
  EXPECT_THAT(sent_to_server(), Not(HasSubstr("SET CONSTRAINTS")));
  client("");
  server_bytes(round_of({{report("43")}}));
  EXPECT_EQ(sent_to_client(), "C(UPDATE 3)");
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "Z(I)");
}

TEST_F(RelayRows, ThePipelineIsSkippedBehindWhatWasStopped) {
  client(execute_ + execute_ + bytes_of(wire::Sync{}));
  server({"1", "2"});
  server_bytes(round_of({{row_of({"16384", "40"})}, {row_of({"f"})}}));
  server({"C UPDATE 4"});
  server_bytes(round_of({{report("44")}}));
  EXPECT_THAT(sent_to_server(), HasSubstr("PORTCULLIS_STOPPED"));
  server({"3", "3", "E 42601"});
  EXPECT_EQ(sent_to_client(), "1 2 E(42501)");
  client("");
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "Z(I)");
}

TEST_F(RelayRows, WhereTriggersAreDeferredAPipelineNeedsABlock) {
  client(execute_ + bytes_of(wire::Sync{}));
  server({"1", "2"});
  (void)sent_to_server();
  server_bytes(round_of({{row_of({"16384", "40"})}, {row_of({"t"})}}));
  EXPECT_THAT(sent_to_server(), Not(HasSubstr("E()")));
  server({"3", "3", "E 42601"});
  EXPECT_THAT(sent_to_client(), EndsWith("E(42501)"));
}

TEST_F(RelayRows, CommitCountsWhatWasPutOff) {
  change_in_block();
  client(bytes_of(wire::Query{"commit"}));
  open('T', true);
  EXPECT_THAT(sent_to_client(), "");
  const std::string asked = sent_to_server();
  EXPECT_THAT(asked, HasSubstr("SET CONSTRAINTS ALL IMMEDIATE"));
  EXPECT_THAT(asked, Not(HasSubstr("Q(commit)")));
  server_bytes(round_of({{"", "SET CONSTRAINTS"}, {report("49")}}, "T"));
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
}

TEST_F(RelayRows, CommitWithMoreBehindItFailsTheBlockAsItsFirstStatementWould) {
  change_in_block();
  client(bytes_of(wire::Query{"commit; begin"}));
  open('T', true);
  EXPECT_THAT(sent_to_server(), AllOf(HasSubstr("PORTCULLIS_STOPPED"), Not(HasSubstr("ROLLBACK"))));
  server({"3", "3", "E 42601", "Z E"});
  EXPECT_EQ(sent_to_client(), "E(42501) Z(E)");
}

// COMMIT ends a failed transaction too, and undoes it. A question would fail there.
TEST_F(RelayRows, InAFailedBlockNothingIsCounted) {
  change_in_block();
  client(bytes_of(wire::Query{"select 1/0"}));
  server({"E 22012", "Z E"});
  clear();
  client(bytes_of(wire::Parse{"", "commit", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0}));
  sink.sync();
  server({"1", "2"});
  client("");
  EXPECT_THAT(sent_to_server(), AllOf(HasSubstr("E()"), Not(HasSubstr("reserved"))));
}

TEST_F(RelayRows, CommitGoesAsItIsWhereNothingIsPutOff) {
  change_in_block();
  client(bytes_of(wire::Query{"commit"}));
  open('T');
  EXPECT_EQ(sent_to_server(), "Q(commit)");
  server({"C COMMIT", "Z I"});
  EXPECT_EQ(sent_to_client(), "C(COMMIT) Z(I)");
}

TEST_F(RelayRows, CopyStreamsAndIsCountedBehindItsData) {
  client(bytes_of(wire::Query{"copy app.t from stdin"}));
  open();
  (void)sent_to_server();
  server({"G"});
  client(bytes_of(wire::CopyData{"1\n"}, wire::CopyDone{}, wire::Query{"select 1"}));
  EXPECT_EQ(sent_to_server(), "d c");
  server({"C COPY 4", "Z T"});
  count("44");
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "G E(42501) Z(I)");
}

TEST_F(RelayRows, NoSyncOvertakesTheCountOfACopy) {
  client(bytes_of(wire::Parse{"", "copy app.t from stdin", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::CopyData{"1\n"}, wire::CopyDone{}, wire::Sync{}));
  server({"1", "2"});
  server_bytes(round_of({{row_of({"16384", "40"})}, {row_of({"f"})}}));
  (void)sent_to_server();
  server({"G"});
  client("");
  EXPECT_EQ(sent_to_server(), "d c H");
  server({"C COPY 1"});
  EXPECT_THAT(sent_to_server(), EndsWith("C C H"));
  server_bytes(round_of({{report("41")}}));
  client("");
  EXPECT_EQ(sent_to_server(), "S");
}

TEST_F(RelayRows, ACopyThatFailsIsRolledBackWithoutTheClient) {
  client(bytes_of(wire::Query{"copy app.t from stdin"}));
  open();
  server({"G"});
  client(bytes_of(wire::CopyData{"x\n"}));
  (void)sent_to_server();
  server({"E 22P02", "Z E"});
  EXPECT_GT(relay.pending_to_server(), 0U);
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "G E(22P02) Z(I)");
}

TEST_F(RelayRows, ARequestInTheDataEndsTheSession) {
  client(bytes_of(wire::Query{"copy app.t from stdin"}));
  open();
  server({"G"});
  client(bytes_of(wire::CopyData{"1\n"}, wire::Query{"delete from app.t"}));
  EXPECT_TRUE(relay.ended());
  EXPECT_THAT(relay.take_to_server(), Not(HasSubstr("delete")));
}

// It is answered by nobody, or ends the connection: which, the server's version says.
TEST_F(RelayRows, SoDoesADescribeInTheData) {
  client(bytes_of(wire::Query{"copy app.t from stdin"}));
  open();
  server({"G"});
  (void)sent_to_server();
  client(bytes_of(wire::Describe{'P', ""}, wire::CopyDone{}, wire::Sync{}));
  EXPECT_TRUE(relay.ended());
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(RelayRows, NothingIsAskedBeforeTheDecisionIsDurable) {
  sink.sync_at_once = false;
  client(update_);
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_TRUE(relay.client_waits_for());
  sink.sync();
  relay.on_log();
  EXPECT_THAT(sent_to_server(), HasSubstr(",BEGIN)"));
  EXPECT_FALSE(relay.client_waits_for());
  EXPECT_TRUE(relay.waits_for_server());
}

TEST_F(RelayRows, TheClientIsToldOfTheCommitWhenItsOutcomeIsDurable) {
  client(update_);
  open();
  server({"C UPDATE 1", "Z T"});
  count("41");
  sink.sync_at_once = false;
  end("COMMIT");
  EXPECT_EQ(sent_to_client(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(UPDATE 1) Z(I)");
}

TEST_F(RelayRows, WhatCannotBeCountedIsRefused) {
  for (const char* text : {"truncate app.t", "call app.p()", "begin; delete from app.t; commit",
                           "declare c cursor for select app.f()"}) {
    client(bytes_of(wire::Query{text}));
    EXPECT_EQ(sent_to_client(), "E(42501) Z(I)") << text;
    EXPECT_EQ(sent_to_server(), "") << text;
  }
}

TEST_F(RelayRows, WhatOnlyReadsIsNotCounted) {
  client(bytes_of(wire::Query{"select v from app.t"}));
  EXPECT_EQ(sent_to_server(), "Q(select v from app.t)");
}

TEST_F(RelayRows, AServerThatGoesEndsItUncommitted) {
  client(update_);
  open();
  server({"C UPDATE 1", "Z T"});
  (void)sent_to_server();
  relay.close("the database closed the connection");
  EXPECT_THAT(relay.take_to_server(), Not(HasSubstr("COMMIT")));
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_THAT(sink.told().back(), StartsWith("connection lost"));
}

TEST_F(RelayRows, AnswersOutOfOrderEndTheSession) {
  client(update_);
  server({"Z T"});
  EXPECT_TRUE(relay.ended());
  EXPECT_EQ(sent_to_client(), "E(08P01)");
}

TEST_F(RelayRows, DataSentBehindAFailedCopyAreThrownAway) {
  client(bytes_of(wire::Query{"copy app.t from stdin"}));
  open();
  (void)sent_to_server();
  server({"G"});
  EXPECT_EQ(sent_to_client(), "G");
  std::string data;
  for (int i = 0; i < 50; ++i) data += frame('d', std::string(8'000, 'x'));
  client(data);
  EXPECT_THAT(sent_to_server(), StartsWith("d"));
  server({"E 22P02", "Z E"});
  client(data);
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "E(22P02) Z(I)");
  client(data + bytes_of(wire::CopyDone{}, wire::Query{"select 1"}));
  EXPECT_THAT(sent_to_server(), EndsWith("Q(select 1)"));
}

TEST_F(RelayRows, NothingOfTheGatesIsSentInTheMiddleOfCopyData) {
  client(bytes_of(wire::Query{"copy app.t from stdin"}));
  open();
  server({"G"});
  const std::string data = frame('d', std::string(8'000, 'x'));
  (void)relay.take_to_server();
  client(data.substr(0, 5'000));
  server({"E 22P02", "Z E"});
  EXPECT_EQ(relay.take_to_server(), data.substr(0, 5'000));
  client(data.substr(5'000));
  const std::string sent = relay.take_to_server();
  EXPECT_THAT(sent, StartsWith(data.substr(5'000)));
  EXPECT_THAT(frontend_text(sent.substr(3'005)), HasSubstr("P(reserved-rows,ROLLBACK)"));
}

// --- stopped by another limit

TEST_F(RelayRows, WhatIsStoppedForItsResultIsUndoneBehindTheCancel) {
  client(returning_);
  open();
  (void)sent_to_server();
  server({"T", "D", "D", "C UPDATE 2", "Z T"});
  EXPECT_EQ(sent_to_client(), "T D");
  EXPECT_EQ(sent_to_server(), "");  // the cancel would hit it
  EXPECT_TRUE(relay.take_cancel());
  relay.on_cancel_ended();
  end("ROLLBACK");
  const std::string told = relay.take_to_client();
  EXPECT_EQ(backend_text(told), "E(54000) Z(I)");
  EXPECT_THAT(told, HasSubstr("more than 1 rows returned"));
  EXPECT_THAT(told, HasSubstr("Nothing of it is committed. Record 0."));
  EXPECT_EQ(sink.told().back(), "error 54000 -> 0");
  EXPECT_TRUE(relay.idle());
}

TEST_F(RelayRows, TheCancelThatHitsItLeavesNothingEither) {
  client(returning_);
  open();
  (void)sent_to_server();
  server({"T", "D", "D"});
  EXPECT_TRUE(relay.take_cancel());
  server({"E 57014", "Z E"});
  EXPECT_EQ(sent_to_server(), "");
  relay.on_cancel_ended();
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "T D E(54000) Z(I)");
  EXPECT_TRUE(relay.idle());
}

TEST_F(RelayRows, InABlockTheStoppedOneFailsTheBlock) {
  begin_block();
  client(returning_);
  open('T');
  (void)sent_to_server();
  server({"T", "D", "D", "C UPDATE 2", "Z T"});
  EXPECT_TRUE(relay.take_cancel());
  relay.on_cancel_ended();
  EXPECT_THAT(sent_to_server(), HasSubstr("P(reserved-rows,PORTCULLIS_STOPPED"));
  server({"3", "3", "E 42601", "Z E"});
  EXPECT_EQ(sent_to_client(), "T D E(54000) Z(E)");
}

TEST_F(RelayRows, InAPipelineTheStoppedOneFailsThePipeline) {
  client(bytes_of(wire::Parse{"", "update app.b set v = 1 returning v", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_THAT(sent_to_server(), StartsWith("P("));
  server({"1", "2"});
  open_pipeline();
  (void)sent_to_server();
  server({"D", "D", "C UPDATE 2"});
  EXPECT_TRUE(relay.take_cancel());
  EXPECT_EQ(sent_to_server(), "");
  relay.on_cancel_ended();
  EXPECT_THAT(sent_to_server(), HasSubstr("PORTCULLIS_STOPPED"));
  server({"3", "3", "E 42601"});
  EXPECT_EQ(sent_to_client(), "1 2 D E(54000)");
  client("");
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "Z(I)");
}

TEST_F(RelayRows, TimeRunsWhileItIsCounted) {
  client(returning_);
  open();
  (void)sent_to_server();
  server({"T", "C UPDATE 0", "Z T"});
  EXPECT_THAT(sent_to_server(), HasSubstr("SET CONSTRAINTS ALL IMMEDIATE"));
  ticking.now += std::chrono::seconds(31);
  relay.on_time();
  EXPECT_TRUE(relay.take_cancel());
  server({"3", "3", "E 57014", "Z E"});
  relay.on_cancel_ended();
  end("ROLLBACK");
  EXPECT_EQ(sent_to_client(), "T E(57014) Z(I)");
  EXPECT_TRUE(relay.idle());
}

TEST_F(RelayRows, WhatIsBeingCommittedIsNotStoppedAnyMore) {
  client(returning_);
  open();
  (void)sent_to_server();
  server({"T", "C UPDATE 0", "Z T"});
  count("40");
  ticking.now += std::chrono::seconds(31);
  relay.on_time();
  EXPECT_FALSE(relay.take_cancel());
  end("COMMIT");
  EXPECT_EQ(sent_to_client(), "T C(UPDATE 0) Z(I)");
}

}  // namespace
}  // namespace portcullis::session
