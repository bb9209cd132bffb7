// What the relay forwards, refuses and answers, as message flows. docs/architecture.md tells the rules.
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using Lines = std::vector<std::string>;

std::string extended(std::string_view name, std::string_view text) {
  return bytes_of(wire::Parse{name, text, {}}, wire::Bind{"", name, {}, {}, {}}, wire::Describe{'P', ""},
                  wire::Execute{"", 0});
}

class RelayTest : public RelayFixture {};

TEST_F(RelayTest, ForwardsAnAllowedQueryAndItsAnswer) {
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  server({"T", "D", "C SELECT 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D C(SELECT 1) Z(I)");
  EXPECT_EQ(sink.told(), (Lines{"allow Query", "ok SELECT 1 -> 0"}));
}

TEST_F(RelayTest, AnswersARefusedQueryAloneWhenNothingIsOpen) {
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
  EXPECT_EQ(sink.told(), (Lines{"deny Query 42501"}));
  client(bytes_of(wire::Query{"select 1"}));
  EXPECT_EQ(sent_to_server(), "Q(select 1)");
}

TEST_F(RelayTest, RefusesAWholeStringForOneOfItsStatements) {
  client(bytes_of(wire::Query{"insert into t values (1); drop table t"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
}

TEST_F(RelayTest, TheRefusalNamesItsRecord) {
  client(bytes_of(wire::Query{"select * from secret"}));
  const std::string bytes = relay.take_to_client();
  EXPECT_NE(bytes.find("denied by \"secret\""), std::string::npos) << bytes;
  EXPECT_NE(bytes.find("Record 0."), std::string::npos) << bytes;
}

TEST_F(RelayTest, PoisonsARefusedQueryInsideATransaction) {
  open_transaction();
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_server(), "Q(PORTCULLIS_DENIED record 2)");
  server({"E 42601", "Z E"});
  EXPECT_EQ(sent_to_client(), "E(42501) Z(E)");
}

TEST_F(RelayTest, PoisonsARefusedQueryBehindAnUnansweredOne) {
  client(bytes_of(wire::Query{"insert into t values (1)"}, wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_server(), "Q(insert into t values (1)) Q(PORTCULLIS_DENIED record 1)");
  server({"C INSERT 0 1", "Z I", "E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1) Z(I) E(42501) Z(I)");
}

// The pipeline's work is not committed yet, and the client is told that it has failed.
TEST_F(RelayTest, PoisonsARefusedQueryBehindAPipelineWithoutSync) {
  client(extended("", "insert into t values (1)") + bytes_of(wire::Flush{}));
  server({"1", "2", "n", "C INSERT 0 1"});
  (void)sent_to_server();
  (void)sent_to_client();
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_server(), "Q(PORTCULLIS_DENIED record 3)");
  EXPECT_EQ(sent_to_client(), "");
  server({"E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
}

TEST_F(RelayTest, ReplacesOnlyTheErrorOfThePoison) {
  client(extended("", "insert into t values (1)") + extended("", "drop table t") + bytes_of(wire::Sync{}));
  EXPECT_EQ(sent_to_server(),
            "P(,insert into t values (1)) B(,) D E() P(,PORTCULLIS_DENIED record 2) B(,) D E() S");
  server({"1", "2", "n", "C INSERT 0 1", "E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 n C(INSERT 0 1) E(42501) Z(I)");
}

TEST_F(RelayTest, RelaysTheServersOwnErrorWhenItComesBeforeThePoison) {
  client(extended("", "insert into t values (1)") +
         bytes_of(wire::Parse{"", "drop table t", {}}, wire::Sync{}));
  (void)sent_to_server();
  server({"1", "2", "n", "E 23505", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 n E(23505) Z(I)");
  // The next pipeline is in step again.
  client(extended("", "select 1") + bytes_of(wire::Sync{}));
  server({"1", "2", "T", "D", "C SELECT 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 T D C(SELECT 1) Z(I)");
}

TEST_F(RelayTest, DropsWhatTheServerWouldSkip) {
  client(bytes_of(wire::Parse{"", "selec", {}}, wire::Flush{}));
  EXPECT_EQ(sent_to_server(), "P(,PORTCULLIS_DENIED record 0) H");
  server({"E 42601"});
  client(bytes_of(wire::Query{"select 1"}, wire::Bind{"", "", {}, {}, {}}));
  EXPECT_EQ(sent_to_server(), "");
  client(bytes_of(wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "E(42601) Z(I)");
}

TEST_F(RelayTest, RefusesABindOfAStatementItDoesNotKnow) {
  client(bytes_of(wire::Bind{"", "ghost", {}, {}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "B(,reserved) E(reserved) S");
  server({"E 26000", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(26000) Z(I)");
  EXPECT_EQ(sink.told(), (Lines{"deny Bind 26000", "deny Execute 34000"}));
}

// The server would take "aaa...X" and "aaa...Y" for one name, the gate for two.
TEST_F(RelayTest, RefusesNamesThatTheServerWouldCut) {
  const std::string longest(63, 'a'), cut(64, 'a');
  client(bytes_of(wire::Parse{longest, "select 1", {}}, wire::Sync{}));
  server({"1", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 Z(I)");
  client(bytes_of(wire::Parse{cut, "select 1", {}}, wire::Sync{}));
  server({"E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
  client(bytes_of(wire::Bind{cut, longest, {}, {}, {}}, wire::Sync{}));
  server({"E 26000", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
}

TEST_F(RelayTest, AnExecutesDurationBeginsWhenItIsSent) {
  client(extended("", "select 1") + bytes_of(wire::Sync{}));
  server({"1", "2", "n", "C SELECT 1", "Z I"});
  const auto& outcome = std::get<audit::OutcomeRecord>(sink.records.back());
  EXPECT_LT(outcome.duration, std::chrono::minutes(1));
}

TEST_F(RelayTest, KnowsNamesOnceTheServerHasSaidYes) {
  client(bytes_of(wire::Parse{"s", "select 1", {}}, wire::Sync{}));
  server({"1", "Z I"});
  client(bytes_of(wire::Close{'S', "s"}, wire::Sync{}));
  server({"3", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Bind{"", "s", {}, {}, {}}, wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "B(,reserved) S");
}

TEST_F(RelayTest, AFailedParseLeavesTheOldStatementBehindTheName) {
  client(bytes_of(wire::Parse{"s", "select 1", {}}, wire::Sync{}));
  server({"1", "Z I"});
  client(bytes_of(wire::Parse{"s", "insert into t values (1)", {}}, wire::Sync{}));
  server({"E 42P05", "Z I"});
  client(bytes_of(wire::Bind{"", "s", {}, {}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  server({"2", "C SELECT 1", "Z I"});
  EXPECT_EQ(sink.told().back(), "ok SELECT 1 -> 3");
  const auto& bind = std::get<audit::DecisionRecord>(sink.records[3]);
  EXPECT_EQ(bind.kinds, (Lines{"SELECT"}));
}

TEST_F(RelayTest, ABindBehindAParseThatMayFailIsJudgedAsBoth) {
  client(bytes_of(wire::Parse{"s", "select 1", {}}, wire::Sync{}));
  server({"1", "Z I"});
  client(bytes_of(wire::Parse{"s", "insert into t values (1)", {}}, wire::Sync{},
                  wire::Bind{"", "s", {}, {}, {}}));
  const auto& bind = std::get<audit::DecisionRecord>(sink.records[2]);
  EXPECT_EQ(bind.kinds, (Lines{"SELECT", "INSERT"}));
}

TEST_F(RelayTest, SuspendedPortalsReportEachTime) {
  client(bytes_of(wire::Query{"begin"}));
  server({"C BEGIN", "Z T"});
  client(bytes_of(wire::Parse{"", "select * from t", {}}, wire::Bind{"p", "", {}, {}, {}},
                  wire::Execute{"p", 1}, wire::Execute{"p", 1}, wire::Sync{}));
  server({"1", "2", "D", "s", "C SELECT 0", "Z T"});
  const auto told = sink.told();
  EXPECT_EQ(told[told.size() - 2], "suspended -> 3");
  EXPECT_EQ(told.back(), "ok SELECT 0 -> 3");
}

TEST_F(RelayTest, APortalThatNeverRanIsSaidSo) {
  client(bytes_of(wire::Parse{"", "select 1", {}}, wire::Bind{"p", "", {}, {}, {}}, wire::Sync{}));
  server({"1", "2", "Z I"});
  EXPECT_EQ(sink.told().back(), "not executed -> 1");
}

// What the server rolls back with a refused Query it must be told to roll back.
TEST_F(RelayTest, ARefusalBehindACopyWhoseSyncWasSwallowedIsThePipelinesError) {
  client(bytes_of(wire::Parse{"", "copy t from stdin", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  server({"1", "2", "G"});
  client(bytes_of(wire::CopyData{"1"}, wire::CopyDone{}));
  server({"C COPY 1"});
  (void)sent_to_server();
  (void)sent_to_client();
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_EQ(sent_to_server(), "Q(PORTCULLIS_DENIED record 3)");
}

TEST_F(RelayTest, ASyncBehindTheEndOfTheDataEndsThePipeline) {
  client(bytes_of(wire::Parse{"s", "copy t from stdin", {}}, wire::Bind{"", "s", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  server({"1", "2", "G"});
  client(bytes_of(wire::CopyData{"1"}, wire::CopyDone{}, wire::Sync{}));
  server({"C COPY 1", "Z I"});
  (void)sent_to_server();
  (void)sent_to_client();
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
  EXPECT_EQ(sent_to_server(), "");
}

TEST_F(RelayTest, APortalThatNeverRanIsSaidSoThoughAFetchNamedIt) {
  client(bytes_of(wire::Parse{"", "select * from t", {}}, wire::Bind{"p", "", {}, {}, {}},
                  wire::Parse{"", "fetch 1 from p", {}}, wire::Sync{}));
  server({"1", "2", "1", "Z I"});
  EXPECT_EQ(sink.told().back(), "not executed -> 1");
}

TEST_F(RelayTest, WhatBecameOfAPortalThatAFetchRunsStandsWithTheFetch) {
  open_transaction();
  client(bytes_of(wire::Parse{"", "select * from t", {}}, wire::Bind{"p", "", {}, {}, {}}, wire::Sync{}));
  server({"1", "2", "Z T"});
  client(bytes_of(wire::Query{"fetch 1 from p"}));
  server({"T", "D", "C FETCH 1", "Z T"});
  client(bytes_of(wire::Query{"rollback"}));
  server({"C ROLLBACK", "Z I"});
  for (const auto& line : sink.told()) EXPECT_EQ(line.find("not executed"), std::string::npos) << line;
}

TEST_F(RelayTest, CopyInSwallowsTheSyncThatCameWithIt) {
  client(extended("", "copy t from stdin") + bytes_of(wire::Sync{}));
  server({"1", "2", "n", "G"});
  client(frame('d', "1\n") + frame('c') + bytes_of(wire::Sync{}));
  server({"C COPY 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 n G C(COPY 1) Z(I)");
  client(bytes_of(wire::Query{"select 1"}));
  server({"C SELECT 1", "Z I"});
  EXPECT_EQ(sink.told().back(), "ok SELECT 1 -> 3");
}

TEST_F(RelayTest, CopyInMayBeSentAheadOfItsAnswer) {
  client(extended("", "copy t from stdin") + bytes_of(wire::Sync{}) + frame('d', "1\n") + frame('c') +
         bytes_of(wire::Sync{}));
  server({"1", "2", "n", "G", "C COPY 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 n G C(COPY 1) Z(I)");
  EXPECT_TRUE(relay.idle());
}

// Rows may fail before the server reads a Sync that was sent among them: then it answers that Sync too.
TEST_F(RelayTest, ASyncBehindARowThatFailedIsAnswered) {
  for (const bool failed_first : {true, false}) {
    client(bytes_of(wire::Query{"copy t from stdin"}));
    server({"G"});
    client(frame('d', "bad\n") + bytes_of(wire::Sync{}) + frame('c') + bytes_of(wire::Sync{}) +
           extended("", "select 1") + bytes_of(wire::Sync{}));
    (void)sent_to_client();
    if (failed_first) {
      server({"E 22P04", "Z I", "Z I", "Z I", "1", "2", "n", "C SELECT 1", "Z I"});
      EXPECT_EQ(sent_to_client(), "E(22P04) Z(I) Z(I) Z(I) 1 2 n C(SELECT 1) Z(I)");
    } else {
      server({"E 22P04", "Z I", "Z I", "1", "2", "n", "C SELECT 1", "Z I"});
      EXPECT_EQ(sent_to_client(), "E(22P04) Z(I) Z(I) 1 2 n C(SELECT 1) Z(I)");
    }
    EXPECT_FALSE(relay.ended());
    EXPECT_TRUE(relay.idle());
  }
}

TEST_F(RelayTest, AReadyForADoubtfulSyncIsNotTheEndOfTheNextQuery) {
  client(extended("", "copy t from stdin") + frame('d', "bad\n") + bytes_of(wire::Sync{}) + frame('c') +
         bytes_of(wire::Sync{}, wire::Query{"insert into t values (1)"}));
  server({"1", "2", "n", "G", "E 22P04", "Z I", "Z I"});
  EXPECT_EQ(sink.told().back().substr(0, 5), "error");
  server({"C INSERT 0 1", "Z I"});
  EXPECT_EQ(sink.told().back().substr(0, 15), "ok INSERT 0 1 -");
  EXPECT_TRUE(relay.idle());
}

// Had the server swallowed the Sync it would skip the INSERT, else it runs: the record must say neither.
TEST_F(RelayTest, RequestsBehindAFailedCopyWithADoubtfulSyncEndTheSession) {
  client(extended("", "copy t from stdin") + bytes_of(wire::Sync{}) + frame('d', "bad\n") + frame('c') +
         extended("", "insert into t values (1)") + bytes_of(wire::Sync{}));
  server({"1", "2", "n", "G", "E 22P04"});
  EXPECT_EQ(sent_to_client(), "1 2 n G E(22P04) E(08P01)");
  EXPECT_TRUE(relay.ended());
  relay.close("test");
  EXPECT_EQ(sink.told().back(), "connection lost -> 3");
}

// PostgreSQL 13 swallows it without an answer: from there on each answer would be taken for another
// request's.
TEST_F(RelayTest, ARequestInsideCopyDataEndsTheSessionWhereTheServerDoesNot) {
  client(bytes_of(wire::Query{"copy t from stdin"}));
  server({"G"});
  client(bytes_of(wire::Query{"select 1"}));
  server({"E 08P01", "Z I"});
  EXPECT_EQ(sent_to_client(), "G E(08P01) E(08P01)");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayTest, ARequestSentAheadIntoCopyDataEndsTheSessionToo) {
  client(bytes_of(wire::Query{"copy t from stdin"}, wire::Query{"select 1"}));
  server({"G", "E 08P01", "Z I"});
  EXPECT_EQ(sent_to_client(), "G E(08P01) E(08P01)");
  EXPECT_TRUE(relay.ended());
}

// The server has read it: the data failed before.
TEST_F(RelayTest, ARequestBehindDataThatFailedIsAnswered) {
  client(bytes_of(wire::Query{"copy t from stdin"}));
  server({"G"});
  client(frame('d', "bad\n") + bytes_of(wire::Query{"select 1"}));
  server({"E 22P04", "Z I", "C SELECT 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "G E(22P04) Z(I) C(SELECT 1) Z(I)");
  EXPECT_TRUE(relay.idle());
}

TEST_F(RelayTest, ARequestBehindTheEndOfCopyDataIsAnsweredWhateverTheCopyFailedWith) {
  client(bytes_of(wire::Query{"copy t from stdin"}) + frame('d', "1\n") + frame('c') +
         bytes_of(wire::Query{"select 1"}));
  server({"G", "E 08P01", "Z I", "C SELECT 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "G E(08P01) Z(I) C(SELECT 1) Z(I)");
  EXPECT_TRUE(relay.idle());
}

// libpq sends it when the error is on its way already.
TEST_F(RelayTest, TheEndOfDataBehindAFailedCopyHoldsNothingUp) {
  client(bytes_of(wire::Query{"copy t from stdin"}));
  server({"G"});
  client(frame('d', "bad\n"));
  server({"E 22P04"});
  client(frame('c'));
  server({"Z I"});
  EXPECT_TRUE(relay.idle());
  client(bytes_of(wire::Query{"set search_path = app"}));
  server({"C SET", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Query{"select * from t"}));
  answer_schemas();
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

// The gate alone would answer in front of the server.
TEST_F(RelayTest, ARefusalBehindADoubtfulSyncKeepsItsPlace) {
  client(bytes_of(wire::Query{"copy t from stdin"}));
  server({"G"});
  client(frame('d', "bad\n") + bytes_of(wire::Sync{}));
  server({"E 22P04", "Z I"});
  (void)sent_to_client();
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_client(), "");
  server({"Z I", "E 42601", "Z I"});
  EXPECT_EQ(sent_to_client(), "Z(I) E(42501) Z(I)");
}

TEST_F(RelayTest, AReadyThatNothingAskedForEndsTheSession) {
  server({"Z I"});
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayTest, TwoCopiesInOneQueryEachHaveTheirEnd) {
  client(bytes_of(wire::Query{"copy t from stdin; copy t from stdin"}));
  server({"G"});
  client(frame('d', "1\n") + frame('c'));
  server({"C COPY 1", "G"});
  client(bytes_of(wire::Sync{}) + frame('d', "1\n") + frame('c'));
  server({"C COPY 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "G C(COPY 1) G C(COPY 1) Z(I)");
  EXPECT_TRUE(relay.idle());
}

TEST_F(RelayTest, LargeCopyDataStreamsInParts) {
  client(bytes_of(wire::Query{"copy t from stdin"}));
  server({"G"});
  (void)sent_to_server();
  const std::string message = frame('d', std::string(100'000, 'x'));
  std::string passed;
  for (std::size_t at = 0; at < message.size(); at += 1000) {
    client(std::string_view(message).substr(at, 1000));
    passed += relay.take_to_server();
    EXPECT_LT(client_rest.size(), 5u);
  }
  EXPECT_EQ(passed, message);
}

TEST_F(RelayTest, FunctionCallIsRefused) {
  client(frame('F', std::string("\0\0\0\1\0\0\0\0\0\0", 10)));
  EXPECT_EQ(sent_to_client(), "E(0A000) Z(I)");
  EXPECT_EQ(sent_to_server(), "");
}

// Its ReadyForQuery ends the pipeline before it, not the one behind.
TEST_F(RelayTest, ARefusedFunctionCallEndsItsPipeline) {
  client(extended("", "select 1") + frame('F', std::string("\0\0\0\1\0\0\0\0\0\0", 10)) +
         bytes_of(wire::Parse{"", "select 1", {}}, wire::Bind{"p", "", {}, {}, {}}));
  server({"1", "2", "n", "C SELECT 1", "E 42601", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Execute{"p", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "E(p) S");
}

TEST_F(RelayTest, ATextBeyondTheLimitIsSwallowedAndRefused) {
  const std::string text = "select '" + std::string(2'000'000, 'x') + "'";
  const std::string message = bytes_of(wire::Query{text});
  for (std::size_t at = 0; at < message.size(); at += 50'000) {
    client(std::string_view(message).substr(at, 50'000));
    EXPECT_LT(client_rest.size(), 100'000u);
  }
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
  client(bytes_of(wire::Query{"select 1"}));
  EXPECT_EQ(sent_to_server(), "Q(select 1)");
}

TEST_F(RelayTest, ExecuteOfAnUnknownNameIsPostgresOwnError) {
  client(bytes_of(wire::Query{"execute ghost"}));
  EXPECT_EQ(sent_to_client(), "E(26000) Z(I)");
  client(bytes_of(wire::Query{"fetch 1 from ghost"}));
  EXPECT_EQ(sent_to_client(), "E(34000) Z(I)");
}

TEST_F(RelayTest, ExecuteIsJudgedAsWhatItNames) {
  client(bytes_of(wire::Query{"prepare p as insert into t values (1)"}));
  server({"C PREPARE", "Z I"});
  client(bytes_of(wire::Query{"execute p"}));
  const auto& decision = std::get<audit::DecisionRecord>(sink.records.back());
  bool inserts = false;
  for (const auto& effect : decision.effects) inserts = inserts || effect.action == "insert";
  EXPECT_TRUE(inserts);
}

// What EXECUTE names may have been made anew between Bind and Execute.
TEST_F(RelayTest, ExecuteBehindExecuteIsJudgedWhereItRuns) {
  client(bytes_of(wire::Query{"prepare s as select 1"}));
  server({"C PREPARE", "Z I"});
  client(bytes_of(wire::Query{"begin"}));
  server({"C BEGIN", "Z T"});
  client(bytes_of(wire::Parse{"", "execute s", {}}, wire::Bind{"p", "", {}, {}, {}}, wire::Sync{}));
  server({"1", "2", "Z T"});
  client(bytes_of(wire::Query{"deallocate s"}));
  server({"C DEALLOCATE", "Z T"});
  client(bytes_of(wire::Query{"prepare s as insert into t values (1)"}));
  server({"C PREPARE", "Z T"});
  client(bytes_of(wire::Execute{"p", 0}, wire::Sync{}));
  const auto& decision = std::get<audit::DecisionRecord>(sink.records.back());
  EXPECT_EQ(decision.message, "Execute");
  bool inserts = false;
  for (const auto& effect : decision.effects) inserts = inserts || effect.action == "insert";
  EXPECT_TRUE(inserts);
}

// PREPARE makes no name out of EXECUTE, Parse does.
TEST_F(RelayTest, WhatANameRunsIsFollowedToTheEnd) {
  client(bytes_of(wire::Parse{"x", "insert into t values (1)", {}}, wire::Parse{"s", "execute x", {}},
                  wire::Parse{"r", "execute s", {}}, wire::Sync{}));
  server({"1", "1", "1", "Z I"});
  client(bytes_of(wire::Query{"execute r"}));
  const auto& decision = std::get<audit::DecisionRecord>(sink.records.back());
  const auto inserts = std::count_if(decision.effects.begin(), decision.effects.end(),
                                     [](const auto& effect) { return effect.action == "insert"; });
  EXPECT_EQ(inserts, 1);
}

// As every Query does, refused or not; what the gate answers alone would leave it there.
TEST_F(RelayTest, ARefusedQueryEndsTheUnnamedStatement) {
  client(bytes_of(wire::Parse{"", "select 1", {}}, wire::Sync{}));
  server({"1", "Z I"});
  (void)sent_to_server();
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_server(), "Q(PORTCULLIS_DENIED record 1)");
  server({"E 42601", "Z I"});
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_server(), "");
  client(bytes_of(wire::Bind{"", "", {}, {}, {}}, wire::Sync{}));
  EXPECT_EQ(std::get<audit::DecisionRecord>(sink.records.back()).verdict, "deny");
}

// All of it was sent before the server said a word: the Sync behind the data ended the pipeline.
TEST_F(RelayTest, ACopyThatBeginsLateOpensNoPipelineAgain) {
  client(bytes_of(wire::Parse{"", "copy t from stdin", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::CopyData{"1\n"}, wire::CopyDone{}, wire::Sync{},
                  wire::Parse{"", "reset search_path", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}, wire::Parse{"", "insert into t values (1)", {}},
                  wire::Sync{}));
  (void)sent_to_server();
  server({"1", "2", "G"});
  client("");
  server({"C COPY 1", "Z I", "1", "2", "C RESET", "Z I"});
  client("");
  answer_schemas();
  for (const auto& record : sink.records) {
    const auto* decision = std::get_if<audit::DecisionRecord>(&record);
    if (decision != nullptr) {
      EXPECT_EQ(decision->verdict, "allow") << decision->reason;
    }
  }
}

// EXECUTE s has made q again, so that it may be what q stands for, whatever is prepared under that name and
// fails.
TEST_F(RelayTest, ANameThatAnExecuteMakesIsLearned) {
  client(bytes_of(wire::Parse{"s", "prepare q as insert into t values (1)", {}}, wire::Sync{}));
  server({"1", "Z I"});
  for (const char* text : {"execute s", "deallocate q", "execute s"}) {
    client(bytes_of(wire::Query{text}));
    server({"C DONE", "Z I"});
  }
  client(bytes_of(wire::Query{"prepare q as select 1"}, wire::Query{"execute q"}));
  const auto& decision = std::get<audit::DecisionRecord>(sink.records.back());
  EXPECT_TRUE(std::any_of(decision.effects.begin(), decision.effects.end(),
                          [](const auto& effect) { return effect.action == "insert"; }));
}

TEST_F(RelayTest, ANameThatRunsItselfIsFollowedOnce) {
  client(bytes_of(wire::Parse{"s", "select 1", {}}, wire::Sync{}));
  server({"1", "Z I"});
  client(bytes_of(wire::Parse{"", "execute s", {}}, wire::Close{'S', "s"}, wire::Parse{"s", "execute s", {}},
                  wire::Sync{}));
  (void)sent_to_server();
  server({"1", "3", "1", "Z I"});
  client(bytes_of(wire::Query{"execute s"}));
  EXPECT_EQ(sent_to_server(), "Q(execute s)");
}

// The audit log's form: a Bind has an outcome for each run, every other decision one that is final.
TEST_F(RelayTest, OnlyABindIsSaidToBeRolledBackBehindItsOutcome) {
  client(bytes_of(wire::Query{"prepare s as insert into t values (1)"}));
  server({"C PREPARE", "Z I"});
  const std::size_t bind = sink.records.size() + 1;
  client(bytes_of(wire::Parse{"", "insert into t values (1)", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Parse{"", "execute s", {}}, wire::Bind{"", "", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  server({"1", "2", "C INSERT 0 1", "1", "2", "C INSERT 0 1", "E 23503", "Z I"});
  Lines rolled_back;
  for (const auto& line : sink.told()) {
    if (line.starts_with("rolled back")) rolled_back.push_back(line);
  }
  EXPECT_EQ(rolled_back, (Lines{"rolled back 23503 -> " + std::to_string(bind)}));
}

// In a pipeline without Sync a Query ends what was executed before it.
TEST_F(RelayTest, AQueryThatFailsUndoesThePipelineBeforeIt) {
  const std::string execute = bytes_of(wire::Parse{"", "insert into t values (1)", {}},
                                       wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0});
  client(execute + bytes_of(wire::Query{"select 1; select 2"}));
  server({"1", "2", "C INSERT 0 1", "C SELECT 1", "E 22012", "Z I"});
  EXPECT_EQ(sink.told()[5], "rolled back 22012 -> 1");
}

class RelayPipelineFate : public RelayTest {
 protected:
  static std::string execute(std::string_view text) {
    return bytes_of(wire::Parse{"", text, {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0});
  }
  // What the log says of the first statement, a Parse and a Bind in front of it, behind "ok".
  Lines fate() {
    Lines lines;
    for (const auto& line : sink.told()) {
      if (line.ends_with("-> 1")) lines.push_back(line.substr(0, line.find(' ')));
    }
    return lines;
  }
  std::string insert_ = execute("insert into t values (1)");
};

TEST_F(RelayPipelineFate, AnErrorOfAnotherStatementUndoesWhatRanBefore) {
  client(insert_ + insert_ + bytes_of(wire::Sync{}));
  server({"1", "2", "C INSERT 0 1", "1", "2", "E 23505", "Z I"});
  EXPECT_EQ(sink.told().back(), "rolled back 23505 -> 1");
}

TEST_F(RelayPipelineFate, WhatCommittedInBetweenStays) {
  client(insert_ + execute("commit") + bytes_of(wire::Query{"select 1"}));
  server({"1", "2", "C INSERT 0 1", "1", "2", "C COMMIT", "E 22012", "Z I"});
  EXPECT_EQ(fate(), (Lines{"ok"}));
}

TEST_F(RelayPipelineFate, ACommitInTheQueryThatFailsKeepsIt) {
  client(insert_ + bytes_of(wire::Query{"insert into t values (2); commit; select 1"}));
  server({"1", "2", "C INSERT 0 1", "C INSERT 0 1", "C COMMIT", "E 22012", "Z I"});
  EXPECT_EQ(fate(), (Lines{"ok"}));
}

// The Sync is answered, and not swallowed with data: the COPY has failed, and with it what was before.
TEST_F(RelayPipelineFate, ASyncAmongTheDataOfACopyThatFailsUndoesIt) {
  client(insert_ + execute("copy t from stdin"));
  server({"1", "2", "C INSERT 0 1", "1", "2", "G"});
  client(bytes_of(wire::CopyData{"bad"}, wire::Sync{}));
  server({"E 22P04", "Z I"});
  EXPECT_EQ(fate(), (Lines{"ok", "rolled"}));
}

// What becomes of a block its own end says.
TEST_F(RelayPipelineFate, InABlockNothingIsDecidedYet) {
  client(execute("begin") + bytes_of(wire::Query{"select 1"}));
  server({"1", "2", "C BEGIN", "E 22012", "Z E"});
  EXPECT_EQ(fate(), (Lines{"ok"}));
}

TEST_F(RelayPipelineFate, WithoutItsEndItIsUndoneAndWithItNobodyKnows) {
  client(insert_);
  server({"1", "2", "C INSERT 0 1"});
  relay.close("lost");
  EXPECT_EQ(fate(), (Lines{"ok", "rolled"}));
}

TEST_F(RelayPipelineFate, WhetherASyncArrivedNobodyKnows) {
  client(insert_ + bytes_of(wire::Sync{}));
  server({"1", "2", "C INSERT 0 1"});
  relay.close("lost");
  EXPECT_EQ(fate(), (Lines{"ok", "unknown"}));
}

TEST_F(RelayTest, AFailedPrepareLeavesNothingBehindItsName) {
  for (int i = 0; i < 200; ++i) {
    client(bytes_of(wire::Query{"prepare s as select 1"}));
    server({"E 42P05", "Z I"});
  }
  (void)sent_to_client();
  client(bytes_of(wire::Query{"execute s"}));
  EXPECT_EQ(sent_to_client(), "E(26000) Z(I)");
}

TEST_F(RelayTest, TakesNoMoreThanItCanRememberToAnswer) {
  client(bytes_of(wire::Query{"select * from t"}));
  std::string syncs;
  for (int i = 0; i < 50'000; ++i) syncs += bytes_of(wire::Sync{});
  for (int i = 0; i < 100; ++i) client(std::exchange(syncs, {}));
  EXPECT_TRUE(relay.waits_for_server());
  EXPECT_GT(client_rest.size(), 100'000u);
  server({"C SELECT 0", "Z I"});
  for (int i = 0; i < 1000; ++i) server({"Z I"});
  EXPECT_FALSE(relay.waits_for_server());
  client("");
  EXPECT_TRUE(relay.waits_for_server());
}

TEST_F(RelayTest, APinnedSettingThatMovesEndsTheSession) {
  server_bytes(bytes_of(wire::ParameterStatus{"standard_conforming_strings", "off"}));
  EXPECT_EQ(sent_to_client(), "E(08P01)");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayTest, AnAnswerOutOfOrderEndsTheSession) {
  client(bytes_of(wire::Parse{"", "select 1", {}}, wire::Sync{}));
  server({"2"});
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayTest, GarbageFromTheClientIsAViolation) {
  client(std::string("\x01\0\0\0\x04", 5));
  EXPECT_EQ(sent_to_client(), "E(08P01)");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayTest, ALostConnectionIsTheOutcomeOfWhatRan) {
  client(bytes_of(wire::Query{"insert into t values (1)"}));
  relay.close("test");
  EXPECT_EQ(sink.told(), (Lines{"allow Query", "connection lost -> 0"}));
}

}  // namespace
}  // namespace portcullis::session
