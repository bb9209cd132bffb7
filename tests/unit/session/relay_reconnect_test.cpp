// A server that goes away: whoever left nothing in its session does not notice.
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

class RelayReconnect : public RelayFixture {
 protected:
  void run(std::string_view text, const std::string& tag, char status = 'I') {
    client(bytes_of(wire::Query{text}));
    server({"C " + tag, std::string("Z ") + status});
    (void)sent_to_server();
    (void)sent_to_client();
  }
  void use_server(const std::vector<std::string>& schemas = {"app"}) {
    relay.use_server(schemas, "");
    source.answers = source.asked;
    EXPECT_TRUE(relay.try_basis());
  }
  void fatal() {
    server_bytes(bytes_of(wire::to_error_response(
        {base::sqlstate::admin_shutdown, "terminating connection due to administrator command"}, "FATAL")));
  }
};

TEST_F(RelayReconnect, AnIdleSessionWaitsForTheClientToSpeak) {
  run("select * from t", "SELECT 0");
  EXPECT_TRUE(relay.lose_server());
  EXPECT_FALSE(relay.wants_server());
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_TRUE(relay.wants_server());
  EXPECT_EQ(sent_to_server(), "");
  use_server();
  EXPECT_FALSE(relay.server_lost());
  client("");
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  server({"C SELECT 0", "Z I"});
  EXPECT_EQ(sent_to_client(), "C(SELECT 0) Z(I)");
}

TEST_F(RelayReconnect, TheServersLastWordsAreNotForAClientThatGoesOn) {
  fatal();
  EXPECT_TRUE(relay.server_lost());
  EXPECT_EQ(sent_to_client(), "");
  use_server();
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayReconnect, NothingIsJudgedBeforeTheNewServersCatalogIsKnown) {
  ASSERT_TRUE(relay.lose_server());
  relay.use_server({"app"}, "");
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_TRUE(relay.wants_basis());
  EXPECT_FALSE(relay.try_basis());
  EXPECT_EQ(sent_to_server(), "");
  source.answers = source.asked;
  EXPECT_TRUE(relay.try_basis());
  client("");
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
}

TEST_F(RelayReconnect, NamesAreLookedUpWhereTheNewServerSays) {
  ASSERT_TRUE(relay.lose_server());
  use_server({"other"});
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_EQ(sent_to_client(), "E(42501) Z(I)");
}

TEST_F(RelayReconnect, OnlyNewsAreToldOfTheNewServersSettings) {
  const std::string zone = frame('S', std::string("TimeZone\0UTC\0", 13));
  const std::string other = frame('S', std::string("TimeZone\0CET\0", 13));
  ASSERT_TRUE(relay.lose_server());
  relay.use_server({"app"}, zone, zone);
  EXPECT_EQ(relay.take_to_client(), "");
  ASSERT_TRUE(relay.lose_server());
  relay.use_server({"app"}, other, zone);
  EXPECT_EQ(relay.take_to_client(), other);
  server_bytes(zone);
  (void)relay.take_to_client();
  ASSERT_TRUE(relay.lose_server());
  relay.use_server({"app"}, other, other);
  EXPECT_EQ(relay.take_to_client(), other);
}

TEST_F(RelayReconnect, WhatIsInTheServersSessionIsLostWithIt) {
  for (const auto* text :
       {"set search_path = app", "listen x", "prepare p as select * from t", "select pg_advisory_lock(1)"}) {
    run(text, "SET");
    EXPECT_FALSE(relay.lose_server()) << text;
  }
}

TEST_F(RelayReconnect, AnOpenTransactionIsLost) {
  open_transaction();
  EXPECT_FALSE(relay.lose_server());
  fatal();
  EXPECT_EQ(sent_to_client(), "E(57P01)");
}

TEST_F(RelayReconnect, WhatIsUnderWayIsLost) {
  client(bytes_of(wire::Query{"insert into t values (1)"}));
  EXPECT_FALSE(relay.lose_server());
  relay.close("the database closed the connection", base::Error{base::sqlstate::connection_failure, "gone"});
  EXPECT_EQ(sent_to_client(), "E(08006)");
  EXPECT_EQ(sink.told().back(), "connection lost -> 0");
}

TEST_F(RelayReconnect, ANamedStatementIsLostUntilItIsClosed) {
  client(bytes_of(wire::Parse{"s", "select * from t", {}}, wire::Sync{}));
  server({"1", "Z I"});
  EXPECT_FALSE(relay.lose_server());
  client(bytes_of(wire::Close{'S', "s"}, wire::Sync{}));
  server({"3", "Z I"});
  EXPECT_TRUE(relay.lose_server());
}

TEST_F(RelayReconnect, APipelineWithoutItsSyncIsLost) {
  client(bytes_of(wire::Parse{"", "select * from t", {}}));
  server({"1"});
  EXPECT_FALSE(relay.lose_server());
}

// PostgreSQL would say the same of a session that never prepared it.
TEST_F(RelayReconnect, TheUnnamedStatementOfTheOldServerIsUnknownToTheNewOne) {
  client(bytes_of(wire::Parse{"", "select * from t", {}}, wire::Sync{}));
  server({"1", "Z I"});
  ASSERT_TRUE(relay.lose_server());
  use_server();
  (void)sent_to_server();
  (void)sent_to_client();
  client(bytes_of(wire::Bind{"", "", {}, {}, {}}, wire::Execute{"", 0}, wire::Sync{}));
  EXPECT_EQ(sent_to_server().find("B(,)"), std::string::npos);
}

TEST_F(RelayReconnect, GoodbyeNeedsNoServer) {
  ASSERT_TRUE(relay.lose_server());
  client(bytes_of(wire::Terminate{}));
  EXPECT_FALSE(relay.wants_server());
  EXPECT_TRUE(relay.ended());
  EXPECT_EQ(sent_to_client(), "");
}

TEST_F(RelayReconnect, WithoutAnotherServerTheClientIsToldWhy) {
  ASSERT_TRUE(relay.lose_server());
  client(bytes_of(wire::Query{"select * from t"}));
  relay.give_up_server({base::sqlstate::cannot_connect, "cannot connect"});
  EXPECT_TRUE(relay.ended());
  EXPECT_EQ(sent_to_client(), "E(08001)");
}

}  // namespace
}  // namespace portcullis::session
