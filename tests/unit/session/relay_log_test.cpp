// Nothing goes out before its record is durable, and a log that fails refuses what it could not record.
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

const base::Error kFailure{base::sqlstate::io_error, "the audit log cannot be written"};

class RelayLogTest : public RelayFixture {
 protected:
  RelayLogTest() { sink.sync_at_once = false; }
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
  client(bytes_of(wire::Parse{"", "select 1", {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_server(), "P(,select 1) B(,) E() S");
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
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1)");
  EXPECT_EQ(relay.server_waits_for(), 1u);
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "Z(I) A");
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
  EXPECT_EQ(sent_to_client(), "C(COMMIT)");
  sink.sync();
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "Z(I)");
}

TEST_F(RelayLogTest, AnOutcomeThatCannotBeRecordedIsToldAsItIs) {
  client(bytes_of(wire::Query{"insert into t values (1)"}));
  sink.sync();
  relay.on_log();
  server({"C INSERT 0 1", "Z I"});
  sink.failed = kFailure;
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "C(INSERT 0 1) E(58030) Z(I)");
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
