// Nothing goes out before its record is durable, and a log that fails refuses what it could not record.
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

const base::Error kFailure{base::sqlstate::io_error, "the audit log cannot be written"};

class RelayLogTest : public RelayFixture {
 protected:
  RelayLogTest() { sink.sync_at_once = false; }

  void client_and_sync(std::string_view bytes) {
    client(bytes);
    sink.sync();
    relay.on_log();
  }
  // A transaction with an INSERT in it, then `text` as an Execute with only a Flush behind it, answered up to
  // its tag.
  void end_transaction_by_execute(std::string_view text, const std::string& tag) {
    client_and_sync(bytes_of(wire::Query{"begin"}));
    server({"C BEGIN", "Z T"});
    client_and_sync(bytes_of(wire::Query{"insert into t values (1)"}));
    server({"C INSERT 0 1", "Z T"});
    client_and_sync(
        bytes_of(wire::Parse{"", text, {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0}) +
        frame('H'));
    (void)sent_to_client();
    server({"1", "2", "C " + tag});
  }
};

TEST_F(RelayLogTest, AnAllowedStatementWaitsForItsRecord) {
  client(bytes_of(wire::Query{"select 1"}));
  EXPECT_EQ(relay.client_waits_for(), 0u);
  EXPECT_EQ(sent_to_server(), "");
  relay.on_log();
  EXPECT_EQ(sent_to_server(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_server(), "Q(select 1)");
  EXPECT_EQ(relay.client_waits_for(), std::nullopt);
}

TEST_F(RelayLogTest, ARefusalWaitsForItsRecord) {
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_client(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
}

TEST_F(RelayLogTest, WhatFollowsAWaitingMessageWaitsToo) {
  client(bytes_of(wire::Parse{"", "select 1", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0},
                  wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_server(), "P(,select 1) B(,) E() S");
}

TEST_F(RelayLogTest, AllThatCameTogetherIsWrittenOutAtOnce) {
  sink.sync_when_written_out = true;
  client(bytes_of(wire::Parse{"", "select 1", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0},
                  wire::Sync{}, wire::Query{"select 2"}));
  EXPECT_EQ(sent_to_server(), "P(,select 1) B(,) E() S Q(select 2)");
  EXPECT_EQ(sink.written_out, 1);
}

TEST_F(RelayLogTest, AStatementWhoseRecordCannotBeSyncedIsRefused) {
  client(bytes_of(wire::Query{"insert into t values (1)"}));
  sink.failed = kFailure;
  relay.on_log();
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(58030) Z(I)");
}

TEST_F(RelayLogTest, AStatementThatCannotBeAppendedIsRefusedAndTheSessionStays) {
  sink.failed = kFailure;
  client(bytes_of(wire::Query{"select 1"}));
  EXPECT_EQ(sent_to_client(), "E(58030) Z(I)");
  client(bytes_of(wire::Query{"drop table t"}));
  EXPECT_EQ(sent_to_client(), "E(58030) Z(I)");
  EXPECT_FALSE(relay.ended());
}

TEST_F(RelayLogTest, AFailedLogPoisonsAnOpenPipeline) {
  client(bytes_of(wire::Parse{"", "insert into t values (1)", {}}));
  sink.sync();
  relay.on_log();
  (void)sent_to_server();
  client(bytes_of(wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  sink.failed = kFailure;
  relay.on_log();
  EXPECT_EQ(sent_to_server(), "B(,reserved) E() S");
  server({"1", "E 26000", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 E(58030) Z(I)");
}

// The rest of an error that is too long to be held must not be read as messages behind the gate's own.
TEST_F(RelayLogTest, NothingOfALongErrorFollowsTheOneInItsPlace) {
  client(bytes_of(wire::Query{"begin"}));
  sink.sync();
  relay.on_log();
  server({"C BEGIN", "Z T"});
  client(bytes_of(wire::Query{"drop table t"}));
  sink.sync();
  relay.on_log();
  (void)sent_to_client();
  const std::string error = frame('E', std::string(5u << 20, 'x') + from_server({"C DROP TABLE", "Z I"}));
  server_bytes(std::string_view(error).substr(0, 4u << 20));
  server_bytes(std::string_view(error).substr(4u << 20));
  server({"Z E"});
  EXPECT_EQ(sent_to_client(), "E(42501) Z(E)");
}

// The rest of a Bind that streams must not be read as messages of its own behind the poison.
TEST_F(RelayLogTest, NothingOfAStreamedBindFollowsItsPoison) {
  client(bytes_of(wire::Parse{"", "insert into t values (1)", {}}));
  sink.sync();
  relay.on_log();
  (void)sent_to_server();
  const std::string inside = bytes_of(wire::Sync{}, wire::Query{"create table smuggled ()"});
  const std::string parameter = std::string(3u << 20, 'x') + inside;
  const std::string bind = bytes_of(wire::Bind{"", "", {}, {parameter}, {}});
  client(std::string_view(bind).substr(0, 2u << 20));
  sink.failed = kFailure;
  relay.on_log();
  client(std::string_view(bind).substr(2u << 20));
  client(bytes_of(wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "B(,reserved) S");
  server({"1", "E 26000", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 E(58030) Z(I)");
}

TEST_F(RelayLogTest, TheEndOfAWriteWaitsForItsOutcome) {
  client(bytes_of(wire::Query{"insert into t values (1)"}));
  sink.sync();
  relay.on_log();
  server({"C INSERT 0 1", "Z I", "A x"});
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_EQ(relay.server_waits_for(), 1u);
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1) Z(I) A");
}

TEST_F(RelayLogTest, WhatComesBesideTheEndOfAWriteKeepsItsPlace) {
  client_and_sync(bytes_of(wire::Query{"insert into t values (1)"}));
  server({"C INSERT 0 1", "N", "A x"});
  EXPECT_EQ(sent_to_client(), "");
  server({"Z I"});
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1) N A Z(I)");
}

TEST_F(RelayLogTest, OfSeveralStatementsTheLastIsToldWithTheEnd) {
  client_and_sync(
      bytes_of(wire::Query{"insert into t values (1); select * from t; insert into t values (2)"}));
  server({"C INSERT 0 1"});
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1)");
  server({"T", "C SELECT 1", "N", "C INSERT 0 1"});
  EXPECT_EQ(sent_to_client(), "T C(SELECT 1) N");
  server({"Z I"});
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1) Z(I)");
}

TEST_F(RelayLogTest, AWriteThatFailsBehindAnotherIsToldInItsPlace) {
  client_and_sync(bytes_of(wire::Query{"insert into t values (1); insert into t values (2)"}));
  server({"C INSERT 0 1", "E 23505", "Z I"});
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1) E(23505) Z(I)");
}

TEST_F(RelayLogTest, AServerThatGoesBehindTheEndOfAWriteLeavesItsFateOpen) {
  client_and_sync(bytes_of(wire::Query{"insert into t values (1)"}));
  server({"C INSERT 0 1"});
  server_bytes(bytes_of(wire::to_error_response({base::sqlstate::admin_shutdown, "bye"}, "FATAL")));
  relay.close("the database closed the connection");
  EXPECT_EQ(sent_to_client(), "E(57P01)");
  EXPECT_EQ(sink.told().back().substr(0, 5), "error");
}

TEST_F(RelayLogTest, TheEndOfAReadDoesNotWait) {
  client(bytes_of(wire::Query{"select * from t"}));
  sink.sync();
  relay.on_log();
  server({"T", "C SELECT 0", "Z I"});
  EXPECT_EQ(sent_to_client(), "T C(SELECT 0) Z(I)");
}

TEST_F(RelayLogTest, InsideATransactionOnlyCommitWaits) {
  const auto run = [&](std::string_view text, const std::vector<std::string>& answer) {
    client(bytes_of(wire::Query{text}));
    sink.sync();
    relay.on_log();
    server(answer);
  };
  run("begin", {"C BEGIN", "Z T"});
  run("insert into t values (1)", {"C INSERT 0 1", "Z T"});
  EXPECT_EQ(sent_to_client(), "C(BEGIN) Z(T) C(INSERT 0 1) Z(T)");
  run("commit", {"C COMMIT", "Z I"});
  EXPECT_EQ(sent_to_client(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(COMMIT) Z(I)");
}

TEST_F(RelayLogTest, TheTagOfACommitInAPipelineWaitsForItsOutcome) {
  end_transaction_by_execute("commit", "COMMIT");
  EXPECT_EQ(sent_to_client(), "1 2");
  const auto due = relay.server_waits_for();
  ASSERT_EQ(due, sink.records.size() - 1);
  EXPECT_EQ(sink.told().back().substr(0, 9), "ok COMMIT");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(COMMIT)");
  client(bytes_of(wire::Sync{}));
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "Z(I)");
}

TEST_F(RelayLogTest, OtherTagsInAPipelineDoNotWait) {
  end_transaction_by_execute("update t set a = 1", "UPDATE 1");
  EXPECT_EQ(sent_to_client(), "1 2 C(UPDATE 1)");
}

TEST_F(RelayLogTest, CommitAndChainWaitsThoughATransactionStaysOpen) {
  client_and_sync(bytes_of(wire::Query{"begin"}));
  server({"C BEGIN", "Z T"});
  client_and_sync(bytes_of(wire::Query{"insert into t values (1)"}));
  server({"C INSERT 0 1", "Z T"});
  (void)sent_to_client();
  client_and_sync(bytes_of(wire::Query{"commit and chain"}));
  server({"C COMMIT", "Z T"});
  EXPECT_EQ(sent_to_client(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(COMMIT) Z(T)");
}

// An error in place of the tag would make a pipelining client count what follows as skipped.
TEST_F(RelayLogTest, ACommitInAPipelineThatCannotBeRecordedEndsTheSession) {
  end_transaction_by_execute("commit", "COMMIT");
  (void)sent_to_client();
  sink.failed = kFailure;
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "E(58030)");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayLogTest, ACommitInAPipelineThatCannotBeAppendedEndsTheSession) {
  client_and_sync(bytes_of(wire::Query{"begin"}));
  server({"C BEGIN", "Z T"});
  client_and_sync(bytes_of(wire::Query{"insert into t values (1)"}));
  server({"C INSERT 0 1", "Z T"});
  client_and_sync(
      bytes_of(wire::Parse{"", "commit", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0}));
  sink.failed = kFailure;
  (void)sent_to_client();
  server({"1", "2", "C COMMIT"});
  EXPECT_EQ(sent_to_client(), "1 2 E(58030)");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayLogTest, WhatWaitsIsNotToldWhenTheSessionIsClosed) {
  end_transaction_by_execute("commit", "COMMIT");
  relay.close("shutdown", base::Error{base::sqlstate::admin_shutdown, "the gate is shutting down"});
  EXPECT_EQ(sent_to_client(), "1 2 E(57P01)");
}

TEST_F(RelayLogTest, WhatWaitsIsNotToldWhenAPeerBreaksTheProtocol) {
  client_and_sync(bytes_of(wire::Query{"insert into t values (1)"}));
  server({"C INSERT 0 1", "Z I"});
  server_bytes(frame('~'));
  EXPECT_EQ(sent_to_client(), "E(08P01)");
  EXPECT_TRUE(relay.ended());
}

TEST_F(RelayLogTest, NothingHalfIsLeftOfWhatWaitedWhenTheSessionIsClosed) {
  client_and_sync(bytes_of(wire::Query{"insert into t values (1)"}));
  server({"C INSERT 0 1", "Z I"});
  server_bytes(frame('N', std::string(1000, 'x')).substr(0, 500));
  relay.close("shutdown", base::Error{base::sqlstate::admin_shutdown, "the gate is shutting down"});
  EXPECT_EQ(sent_to_client(), "E(57P01)");
}

TEST_F(RelayLogTest, AnOutcomeThatCannotBeRecordedIsToldAsItIs) {
  client(bytes_of(wire::Query{"insert into t values (1)"}));
  sink.sync();
  relay.on_log();
  server({"C INSERT 0 1", "Z I"});
  sink.failed = kFailure;
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "E(58030) Z(I)");
}

// The server would skip to the Sync, and the gate has to know.
TEST_F(RelayLogTest, AFlushWithABodyFailsItsPipeline) {
  client(std::string("H\0\0\0\5x", 6) + bytes_of(wire::Query{"select 1"}, wire::Sync{}));
  sink.sync();
  client("");
  EXPECT_THAT(sent_to_server(), ::testing::StartsWith("E(reserved)"));
  server({"E 34000"});
  client("");
  relay.on_log();
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "E(08P01) Z(I)");
}

TEST_F(RelayLogTest, NothingBehindTerminateIsReadOrAnswered) {
  client(bytes_of(wire::Terminate{}, wire::Query{"select 1"}, wire::Query{"drop table t"}));
  client(bytes_of(wire::Query{"select 1"}));
  EXPECT_EQ(sent_to_server(), "X");
  EXPECT_EQ(sent_to_client(), "");
  EXPECT_TRUE(sink.records.empty());
}

TEST_F(RelayLogTest, TerminateGoesOutBehindWhatWaits) {
  client(bytes_of(wire::Query{"select 1"}, wire::Terminate{}));
  EXPECT_FALSE(relay.client_finished());
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_server(), "Q(select 1) X");
  EXPECT_TRUE(relay.client_finished());
  server({"C SELECT 1", "Z I"});
  EXPECT_EQ(sink.told().back(), "ok SELECT 1 -> 0");
}

}  // namespace
}  // namespace portcullis::session
