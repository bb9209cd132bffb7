// What a statement may give back, to the row and the byte; how one that gives too much is stopped, whatever
// the cancel hits; and what of it is committed then.
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kPolicy = R"({
  "version": 1, "name": "limits",
  "agents": { "robot": { "login": "agent_robot" } },
  "rules": [
    { "id": "read", "allow": ["select", "copy to stdout"], "on": ["app.t"], "to": ["robot"],
      "limits": { "rows_returned": 3 } },
    { "id": "small", "allow": ["select"], "on": ["app.b"], "to": ["robot"],
      "limits": { "bytes_returned": "100" } },
    { "id": "quick", "allow": ["select"], "on": ["app.q"], "to": ["robot"], "limits": { "time": "30s" } },
    { "id": "free", "allow": ["select", "insert", "copy from stdin"], "on": ["app.f"], "to": ["robot"] },
    { "id": "write", "allow": ["insert"], "on": ["app.t"], "to": ["robot"] }
  ]
})";

class RelayLimits : protected Ticking, public RelayFixture {
 protected:
  RelayLimits() : RelayFixture(kPolicy, ticking) {}

  // The cancel's connection has come and gone.
  void cancel() {
    EXPECT_TRUE(relay.take_cancel());
    EXPECT_FALSE(relay.take_cancel());
    relay.on_cancel_ended();
  }
  [[nodiscard]] const audit::OutcomeRecord& last_outcome() const {
    for (auto record = sink.records.rbegin(); record != sink.records.rend(); ++record) {
      if (const auto* outcome = std::get_if<audit::OutcomeRecord>(&*record)) return *outcome;
    }
    throw std::logic_error("no outcome");
  }
  static std::string row(std::size_t body) { return "D " + std::string(body, 'x'); }
};

std::string extended(std::string_view text, std::uint32_t rows = 0) {
  return bytes_of(wire::Parse{"", text, {}}, wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", rows});
}

TEST_F(RelayLimits, AsManyRowsAsTheLimitPass) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"T", "D", "D", "D", "C SELECT 3", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D D D C(SELECT 3) Z(I)");
  EXPECT_FALSE(relay.take_cancel());
  EXPECT_EQ(last_outcome().rows, 3U);
  EXPECT_EQ(last_outcome().bytes, 15U);
  EXPECT_EQ(last_outcome().limit, "");
}

TEST_F(RelayLimits, TheRowBeyondIsNotSent) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"T", "D", "D", "D", "D", "D"});
  EXPECT_EQ(sent_to_client(), "T D D D");
  cancel();
  EXPECT_EQ(sent_to_client(), "");
  server({"D", "E 57014", "Z I"});
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "E(54000) Z(I)");
  EXPECT_NE(answer.find("portcullis: stopped by \"read\": more than 3 rows returned"), std::string::npos);
  EXPECT_NE(answer.find("Nothing was changed. Record 0."), std::string::npos) << answer;
  EXPECT_EQ(last_outcome().rows, 3U);
  EXPECT_EQ(last_outcome().limit, "rows_returned of rule read");
  EXPECT_EQ(sink.told(), (Lines{"allow Query", "error 54000 -> 0"}));
  client(bytes_of(wire::Query{"select 1"}));
  server({"T", "D", "C SELECT 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D C(SELECT 1) Z(I)");
}

TEST_F(RelayLimits, BytesCountToTheLast) {
  client(bytes_of(wire::Query{"select * from b"}));
  server({"T", row(45), row(45), "C SELECT 2", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D D C(SELECT 2) Z(I)");
  client(bytes_of(wire::Query{"select * from b"}));
  server({"T", row(45), row(46)});
  cancel();
  server({"E 57014", "Z I"});
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "T D E(54000) Z(I)");
  EXPECT_NE(answer.find("stopped by \"small\": more than 100 bytes returned"), std::string::npos) << answer;
}

// A row is judged by its header, before it has come.
TEST_F(RelayLimits, NotAByteOfARowThatIsTooLargeIsSent) {
  client(bytes_of(wire::Query{"select * from b"}));
  const std::string large = from_server({row(100'000)});
  server_bytes(from_server({"T"}) + large.substr(0, 50));
  EXPECT_EQ(sent_to_client(), "T");
  cancel();
  server_bytes(large.substr(50) + from_server({"E 57014", "Z I"}));
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
}

TEST_F(RelayLimits, TheStrictestOfAllMatchingRulesHolds) {
  client(bytes_of(wire::Query{"select * from b, t"}));
  server({"T", "D", "D", "D", "D"});
  cancel();
  server({"E 57014", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D D D E(54000) Z(I)");
  client(bytes_of(wire::Query{"select * from b, t"}));
  server({"T", row(96)});
  cancel();
  server({"E 57014", "Z I"});
  EXPECT_EQ(sent_to_client(), "T E(54000) Z(I)");
}

TEST_F(RelayLimits, EachStatementOfAQueryCountsAlone) {
  client(bytes_of(wire::Query{"select * from t; select * from f; select * from t"}));
  server({"T", "D", "D", "D", "C SELECT 3", "T", "D", "D", "D", "D", "C SELECT 4", "T", "D", "D", "D"});
  EXPECT_EQ(sent_to_client(), "T D D D C(SELECT 3) T D D D D C(SELECT 4) T D D D");
  server({"D"});
  cancel();
  server({"E 57014", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
}

// The cancel came too late, and nothing is open: the client is told the truth.
TEST_F(RelayLimits, SaysThatAWriteIsCommittedThatHadEndedBefore) {
  client(bytes_of(wire::Query{"insert into f select * from t returning *"}));
  server({"T", "D", "D", "D", "D", "C INSERT 0 4", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D D D");
  cancel();
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "E(54000) Z(I)");
  EXPECT_NE(answer.find("what it changed is committed"), std::string::npos) << answer;
  EXPECT_EQ(sink.told().back(), "ok INSERT 0 4 -> 0");
  EXPECT_EQ(last_outcome().limit, "rows_returned of rule read");
}

// COMMIT itself changes nothing, but what stands before it in the transaction.
TEST_F(RelayLimits, SaysThatATransactionIsCommittedThatHadEndedBefore) {
  open_transaction();
  client(bytes_of(wire::Query{"insert into f values (1)"}));
  server({"C INSERT 0 1", "Z T"});
  client(bytes_of(wire::Query{"select * from t; commit"}));
  (void)relay.take_to_client();
  server({"T", "D", "D", "D", "D", "C SELECT 4", "C COMMIT", "Z I"});
  cancel();
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "T D D D E(54000) Z(I)");
  EXPECT_NE(answer.find("what it changed is committed"), std::string::npos) << answer;
  EXPECT_EQ(sink.told().back(), "ok SELECT 4 COMMIT -> 4");
}

TEST_F(RelayLimits, SaysThatAPipelineWithoutSyncIsCommittedByAQueryThatHadEndedBefore) {
  client(extended("insert into f values (1)") + bytes_of(wire::Query{"select * from t"}));
  server({"1", "2", "C INSERT 0 1", "T", "D", "D", "D", "D", "C SELECT 4", "Z I"});
  cancel();
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "1 2 C(INSERT 0 1) T D D D E(54000) Z(I)");
  EXPECT_NE(answer.find("what it changed is committed"), std::string::npos) << answer;
}

TEST_F(RelayLimits, SaysThatNothingWasChangedWhereItWasRolledBack) {
  open_transaction();
  client(bytes_of(wire::Query{"insert into f values (1)"}));
  server({"C INSERT 0 1", "Z T"});
  client(bytes_of(wire::Query{"select * from t; rollback"}));
  server({"T", "D", "D", "D", "D", "C SELECT 4", "C ROLLBACK", "Z I"});
  cancel();
  const std::string answer = relay.take_to_client();
  EXPECT_NE(answer.find("Nothing was changed"), std::string::npos) << answer;
}

TEST_F(RelayLimits, SaysThatWhatWasCommittedBeforeTheCancelStays) {
  open_transaction();
  client(bytes_of(wire::Query{"insert into f values (1)"}));
  server({"C INSERT 0 1", "Z T"});
  client(bytes_of(wire::Query{"commit; select * from t"}));
  server({"C COMMIT", "T", "D", "D", "D", "D", "E 57014", "Z I"});
  cancel();
  const std::string answer = relay.take_to_client();
  EXPECT_NE(answer.find("What it had committed by itself stays"), std::string::npos) << answer;
}

TEST_F(RelayLimits, IsToldOneErrorWhereItsEndIsNotRecordedEither) {
  client(bytes_of(wire::Query{"insert into f select * from t returning *"}));
  server({"T", "D", "D", "D", "D", "C INSERT 0 4", "Z I"});
  sink.sync_at_once = false;
  cancel();
  EXPECT_EQ(sent_to_client(), "T D D D");
  sink.failed = base::Error{base::sqlstate::io_error, "no more"};
  relay.on_log();
  EXPECT_EQ(sent_to_client(), "E(58030) Z(I)");
}

TEST_F(RelayLimits, IsToldOneErrorWhereTheLogHasFailedBefore) {
  client(bytes_of(wire::Query{"insert into f select * from t returning *"}));
  server({"T", "D", "D", "D", "D", "C INSERT 0 4", "Z I"});
  (void)sent_to_client();
  sink.failed = base::Error{base::sqlstate::io_error, "no more"};
  cancel();
  EXPECT_EQ(sent_to_client(), "E(58030) Z(I)");
}

TEST_F(RelayLimits, InATransactionALateCancelStillMakesItFail) {
  open_transaction();
  client(bytes_of(wire::Query{"insert into f select * from t returning *"}));
  (void)sent_to_server();
  server({"T", "D", "D", "D", "D", "C INSERT 0 4", "Z T"});
  EXPECT_EQ(sent_to_server(), "");  // not before the cancel can hit nothing any more
  cancel();
  EXPECT_EQ(sent_to_server(), "Q(PORTCULLIS_STOPPED)");
  server({"E 42601", "Z E"});
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "T D D D E(54000) Z(E)");
  EXPECT_NE(answer.find("Nothing of it is committed. The transaction has failed"), std::string::npos);
  EXPECT_EQ(sink.told().back(), "error INSERT 0 4 54000 -> 2");
}

TEST_F(RelayLimits, WhatStandsBehindIsSentOnceItIsAnswered) {
  client(bytes_of(wire::Query{"select * from t"}, wire::Query{"insert into f values (1)"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  server({"T", "D", "D", "D", "D", "E 57014", "Z I"});
  EXPECT_EQ(sent_to_server(), "");
  cancel();
  EXPECT_EQ(sent_to_server(), "Q(insert into f values (1))");
  server({"C INSERT 0 1", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D D D E(54000) Z(I) C(INSERT 0 1) Z(I)");
}

TEST_F(RelayLimits, WithoutLimitsAPipelineIsSentAsItComes) {
  client(bytes_of(wire::Query{"select * from f"}, wire::Query{"insert into t values (1)"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from f) Q(insert into t values (1))");
}

TEST_F(RelayLimits, ThePipelineFailsWithTheStatement) {
  client(extended("insert into f values (1)") + extended("select * from t") + extended("select 1") +
         bytes_of(wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "P(,insert into f values (1)) B(,) E() P(,select * from t) B(,) E() H");
  server({"1", "2", "C INSERT 0 1", "1", "2", "D", "D", "D", "D"});
  cancel();
  server({"E 57014"});
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 C(INSERT 0 1) 1 2 D D D E(54000) Z(I)");
  EXPECT_THAT(sink.told(), ::testing::Contains("error 54000 -> 3"));
}

TEST_F(RelayLimits, ALateCancelFailsThePipelineByAPoison) {
  client(extended("insert into f select * from t returning *") + bytes_of(wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "P(,insert into f select * from t returning *) B(,) E() H");
  server({"1", "2", "D", "D", "D", "D", "C INSERT 0 4"});
  cancel();
  EXPECT_EQ(sent_to_server(), "E(reserved) H");
  server({"E 34000"});
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "1 2 D D D E(54000) Z(I)");
  EXPECT_NE(answer.find("Nothing of it is committed."), std::string::npos) << answer;
}

TEST_F(RelayLimits, ASuspendedPortalCountsOn) {
  client(extended("select * from t", 2) + bytes_of(wire::Flush{}));
  server({"1", "2", "D", "D", "s"});
  EXPECT_EQ(sent_to_client(), "1 2 D D s");
  client(bytes_of(wire::Execute{"", 2}, wire::Sync{}));
  server({"D", "D"});
  EXPECT_EQ(sent_to_client(), "D");
  cancel();
  server({"s"});
  (void)sent_to_server();
  server({"E 34000"});
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
}

TEST_F(RelayLimits, ANewPortalCountsAnew) {
  for (int i = 0; i < 3; ++i) {
    client(extended("select * from t") + bytes_of(wire::Sync{}));
    server({"1", "2", "D", "D", "D", "C SELECT 3"});
    EXPECT_EQ(sent_to_client(), "1 2 D D D C(SELECT 3)");
    server({"Z I"});
    EXPECT_EQ(sent_to_client(), "Z(I)");
  }
}

TEST_F(RelayLimits, FetchesCountAgainstTheirCursor) {
  open_transaction();
  client(bytes_of(wire::Query{"declare c cursor for select * from t"}));
  server({"C DECLARE CURSOR", "Z T"});
  client(bytes_of(wire::Query{"fetch 2 from c"}));
  server({"T", "D", "D", "C FETCH 2", "Z T"});
  (void)sent_to_client();
  client(bytes_of(wire::Query{"fetch 2 from c"}));
  server({"T", "D", "D"});
  EXPECT_EQ(sent_to_client(), "T D");
  cancel();
  server({"E 57014", "Z E"});
  EXPECT_EQ(sent_to_client(), "E(54000) Z(E)");
}

TEST_F(RelayLimits, ACursorThatIsDeclaredAgainCountsAnew) {
  for (int i = 0; i < 3; ++i) {
    client(bytes_of(wire::Query{"begin; declare c cursor for select * from t; fetch 3 from c; commit"}));
    server({"C BEGIN", "C DECLARE CURSOR", "T", "D", "D", "D", "C FETCH 3", "C COMMIT", "Z I"});
    EXPECT_EQ(sent_to_client(), "C(BEGIN) C(DECLARE CURSOR) T D D D C(FETCH 3) C(COMMIT) Z(I)");
  }
}

TEST_F(RelayLimits, ExecuteOfAPreparedStatementCountsLikeIt) {
  client(bytes_of(wire::Query{"prepare p as select * from t"}));
  server({"C PREPARE", "Z I"});
  (void)sent_to_client();
  client(bytes_of(wire::Query{"execute p"}));
  server({"T", "D", "D", "D", "D"});
  EXPECT_EQ(sent_to_client(), "T D D D");
  cancel();
  server({"E 57014", "Z I"});
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
}

TEST_F(RelayLimits, LinesOfCopyCount) {
  client(bytes_of(wire::Query{"copy t to stdout"}));
  server({"H", "d", "d", "d", "c", "C COPY 3", "Z I"});
  EXPECT_EQ(sent_to_client(), "H d d d c C(COPY 3) Z(I)");
  client(bytes_of(wire::Query{"copy t to stdout"}));
  server({"H", "d", "d", "d", "d"});
  cancel();
  server({"d", "E 57014", "Z I"});
  EXPECT_EQ(sent_to_client(), "H d d d E(54000) Z(I)");
}

TEST_F(RelayLimits, TheEndOfABinaryCopyIsNoRow) {
  client(bytes_of(wire::Query{"copy t to stdout (format binary)"}));
  server({"H \x01", "d", "d", "d", "d \xff\xff", "c", "C COPY 3", "Z I"});
  EXPECT_EQ(sent_to_client(), "H d d d d c C(COPY 3) Z(I)");
}

TEST_F(RelayLimits, TheClientsOwnCancelAtTheSameTimeIsTheEndOfIt) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"T", "D", "D", "D", "D", "E 57014", "Z I"});
  EXPECT_EQ(sent_to_client(), "T D D D");
  cancel();
  EXPECT_EQ(sent_to_client(), "E(54000) Z(I)");
}

TEST_F(RelayLimits, AFatalErrorIsPassedOn) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"T", "D", "D", "D", "D"});
  server_bytes(bytes_of(wire::to_error_response({base::sqlstate::admin_shutdown, "bye"}, "FATAL")));
  EXPECT_EQ(sent_to_client(), "T D D D E(57P01)");
}

TEST_F(RelayLimits, NotificationsPassWhileAStatementIsStopped) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"T", "D", "D", "D", "D", "A", "N", "S app\0"});
  EXPECT_EQ(sent_to_client().substr(0, 9), "T D D D A");
}

TEST_F(RelayLimits, AStatementThatTakesTooLongIsCancelled) {
  client(bytes_of(wire::Query{"select * from q"}));
  ASSERT_TRUE(relay.wakes_at());
  EXPECT_EQ(*relay.wakes_at(), ticking.now + std::chrono::seconds(30));
  ticking.now += std::chrono::milliseconds(29'999);
  relay.on_time();
  EXPECT_FALSE(relay.take_cancel());
  ticking.now += std::chrono::milliseconds(1);
  relay.on_time();
  cancel();
  server({"E 57014", "Z I"});
  const std::string answer = relay.take_to_client();
  EXPECT_EQ(backend_text(answer), "E(57014) Z(I)");
  EXPECT_NE(answer.find("stopped by \"quick\": canceling the statement, which ran for more than 30 s"),
            std::string::npos);
  EXPECT_FALSE(relay.wakes_at());
}

// The server keeps its answers to itself until it is asked for them.
TEST_F(RelayLimits, TheTimeOfAnExecuteBeginsBehindWhatIsBeforeIt) {
  client(extended("select * from q") + bytes_of(wire::Sync{}));
  EXPECT_EQ(sent_to_server(), "P(,select * from q) B(,) H E() H");
  EXPECT_FALSE(relay.wakes_at());
  server({"1", "2"});
  ASSERT_TRUE(relay.wakes_at());
  ticking.now += std::chrono::seconds(30);
  relay.on_time();
  cancel();
  server({"E 57014"});
  EXPECT_EQ(sent_to_server(), "S");
  server({"Z I"});
  EXPECT_EQ(sent_to_client(), "1 2 E(57014) Z(I)");
}

TEST_F(RelayLimits, AReadThatHadEndedBeforeChangedNothingAllTheSame) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"T", "D", "D", "D", "D", "C SELECT 4", "Z I"});
  cancel();
  EXPECT_EQ(sent_to_client(), "T D D D E(54000) Z(I)");
  EXPECT_EQ(sink.told().back(), "error SELECT 4 54000 -> 0");
}

TEST_F(RelayLimits, WhatCannotBeStoppedEndsTheSession) {
  client(bytes_of(wire::Query{"select * from t"}));
  server({"T", "D", "D", "D", "D"});
  cancel();
  ticking.now += std::chrono::minutes(2);
  relay.on_time();
  EXPECT_TRUE(relay.ended());
  EXPECT_EQ(sent_to_client(), "T D D D E(54000)");
}

TEST_F(RelayLimits, HeldBackMessagesAreBounded) {
  client(bytes_of(wire::Query{"select * from t"}));
  for (int i = 0; i < 64; ++i) client(bytes_of(wire::Query{"select '" + std::string(10'000, 'x') + "'"}));
  EXPECT_FALSE(relay.waits_for_server());
  for (int i = 0; i < 64; ++i) client(bytes_of(wire::Query{"select '" + std::string(10'000, 'x') + "'"}));
  EXPECT_TRUE(relay.waits_for_server());
  EXPECT_FALSE(client_rest.empty());
  server({"T", "C SELECT 0", "Z I"});
  EXPECT_FALSE(relay.waits_for_server());
}

TEST_F(RelayLimits, AnIdleSessionEnds) {
  Relay& session = with_session({std::chrono::minutes(5), std::chrono::minutes(1)});
  client(bytes_of(wire::Query{"begin"}));
  server({"C BEGIN", "Z T"});
  ticking.now += std::chrono::seconds(59);
  session.on_time();
  EXPECT_FALSE(session.ended());
  ticking.now += std::chrono::seconds(1);
  session.on_time();
  EXPECT_TRUE(session.ended());
  EXPECT_EQ(sent_to_client(), "C(BEGIN) Z(T) E(25P03)");
}

TEST_F(RelayLimits, OutsideOfATransactionItMayBeIdleForLonger) {
  Relay& session = with_session({std::chrono::minutes(5), std::chrono::minutes(1)});
  client(bytes_of(wire::Query{"select * from f"}));
  EXPECT_FALSE(session.wakes_at());  // it is the server that is waited for
  server({"T", "C SELECT 0", "Z I"});
  ticking.now += std::chrono::seconds(299);
  session.on_time();
  EXPECT_FALSE(session.ended());
  ticking.now += std::chrono::seconds(1);
  session.on_time();
  EXPECT_EQ(sent_to_client(), "T C(SELECT 0) Z(I) E(57P05)");
}

// --- the size of a message

SessionLimits short_messages() {
  SessionLimits limits;
  limits.message_bytes = 1'024;
  return limits;
}

TEST_F(RelayLimits, ParametersThatAreTooLongAreRefused) {
  with_session(short_messages());
  const auto bind = bytes_of(wire::Bind{"", "", {}, {std::string(2'000, 'x')}, {}});
  client(bytes_of(wire::Parse{"", "select v from f", {}}));
  client(bind.substr(0, 10));
  client(bind.substr(10) + bytes_of(wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server().find("xxxx"), std::string::npos);
  server({"1", "E 26000", "Z I"});
  EXPECT_EQ(sent_to_client(), "1 E(54000) Z(I)");
}

TEST_F(RelayLimits, ACopyWithDataThatAreTooLongFails) {
  with_session(short_messages());
  client(bytes_of(wire::Query{"copy f from stdin"}));
  server({"G"});
  const auto data = bytes_of(wire::CopyData{std::string(2'000, 'x')});
  (void)sent_to_server();
  client(data.substr(0, 100));
  client(data.substr(100) + bytes_of(wire::CopyDone{}));
  const std::string sent = relay.take_to_server();
  EXPECT_EQ(sent.front(), 'f');
  EXPECT_NE(sent.find("longer than limits.message_bytes, 1024"), std::string::npos);
  EXPECT_EQ(sent.find("xxxx"), std::string::npos);
  server({"E 57014", "Z I"});
  EXPECT_EQ(sent_to_client(), "G E(57014) Z(I)");
  client(bytes_of(wire::Query{"select v from f"}));
  server({"T", "C SELECT 0", "Z I"});
  EXPECT_EQ(sent_to_client(), "T C(SELECT 0) Z(I)");
}

}  // namespace
}  // namespace portcullis::session
