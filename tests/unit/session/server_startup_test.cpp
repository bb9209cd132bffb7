#include "session/server_startup.hpp"

#include <gtest/gtest.h>

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using Next = ServerStartup::Next;

ServerStartupOptions options(std::string password = "pencil", bool is_private = false) {
  ServerStartupOptions made;
  made.user = "agent_db";
  made.password = base::Secret(std::move(password));
  made.database = "shop";
  made.channel_is_private = is_private;
  made.nonce = "clientnonce";
  return made;
}

Next feed(ServerStartup& machine, const std::string& bytes) {
  std::size_t consumed = 0;
  return machine.on_bytes(bytes, consumed);
}

const std::string kWelcome = bytes_of(wire::ParameterStatus{"server_version", "15.3"},
                                      wire::BackendKeyData{7, "abcd"}, wire::ReadyForQuery{'I'});

const std::string kSchemas = bytes_of(wire::DataRow{{"pg_catalog"}}, wire::DataRow{{"Odd, \"one\""}},
                                      wire::CommandComplete{"SELECT 2"}) +
                             from_server({"Z I"});

// Up to what the server says behind the first message of SCRAM.
std::string challenge_of(auth::ScramServer& server, ServerStartup& machine) {
  (void)machine.take_out();
  EXPECT_EQ(feed(machine, bytes_of(wire::AuthenticationSasl{{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}})),
            Next::read);
  const std::string initial = machine.take_out();
  const auto first =
      server.first(*wire::decode<wire::SaslInitialResponse>(std::string_view(initial).substr(5))->response);
  EXPECT_TRUE(first);
  return bytes_of(wire::AuthenticationSaslContinue{*first});
}

TEST(ServerStartup, LetsThePasswordBeSaltedElsewhere) {
  auto elsewhere = options();
  elsewhere.salts_elsewhere = true;
  ServerStartup machine(std::move(elsewhere));
  auth::ScramServer server(*auth::make_verifier(base::Secret("pencil"), "0123456789abcdef"), "servernonce");
  const std::string challenge = challenge_of(server, machine);
  std::size_t consumed = 1;
  ASSERT_EQ(machine.on_bytes(challenge, consumed), Next::salt);
  EXPECT_EQ(consumed, 0u);
  EXPECT_EQ(machine.take_out(), "");
  ASSERT_TRUE(machine.wants_salted());
  machine.give_salted(auth::salted_password(*machine.wants_salted()));
  EXPECT_FALSE(machine.wants_salted());
  ASSERT_EQ(machine.on_bytes(challenge, consumed), Next::read);
  EXPECT_EQ(consumed, challenge.size());
  EXPECT_TRUE(server.last(std::string_view(machine.take_out()).substr(5)));
}

TEST(ServerStartup, LogsInWithScramAndAsksForTheRole) {
  ServerStartup machine(options());
  auth::ScramServer server(*auth::make_verifier(base::Secret("pencil"), "0123456789abcdef"), "servernonce");
  ASSERT_EQ(feed(machine, challenge_of(server, machine)), Next::read);
  const std::string response = machine.take_out();
  const auto last = server.last(std::string_view(response).substr(5));
  ASSERT_TRUE(last);
  ASSERT_EQ(
      feed(machine, bytes_of(wire::AuthenticationSaslFinal{*last}, wire::AuthenticationOk{}) + kWelcome),
      Next::read);
  EXPECT_EQ(frontend_text(machine.take_out()).substr(0, 9), "Q(SELECT ");
  EXPECT_EQ(feed(machine, from_server({"T", "C SELECT 0", "Z I"})), Next::read);
  EXPECT_EQ(frontend_text(machine.take_out()).substr(0, 9), "Q(SELECT ");
  EXPECT_EQ(feed(machine, kSchemas), Next::ready);
  EXPECT_EQ(machine.schemas(), (std::vector<std::string>{"pg_catalog", "Odd, \"one\""}));
  EXPECT_EQ(machine.process_id(), 7u);
  EXPECT_EQ(machine.secret_key(), "abcd");
  EXPECT_EQ(backend_text(machine.for_client()), "S");
}

TEST(ServerStartup, RefusesAServerThatSkipsItsProof) {
  ServerStartup machine(options());
  ASSERT_EQ(feed(machine, bytes_of(wire::AuthenticationSasl{{"SCRAM-SHA-256"}})), Next::read);
  EXPECT_EQ(feed(machine, bytes_of(wire::AuthenticationOk{})), Next::failed);
  EXPECT_EQ(machine.failure().code.view(), "28000");
}

TEST(ServerStartup, GivesClearTextAndMd5OnlyWhereNobodyListens) {
  for (const auto& request : {bytes_of(wire::AuthenticationCleartextPassword{}),
                              bytes_of(wire::AuthenticationMd5Password{"salt"})}) {
    ServerStartup open(options("pencil", false)), closed(options("pencil", true));
    (void)closed.take_out();
    EXPECT_EQ(feed(open, request), Next::failed);
    EXPECT_EQ(feed(closed, request), Next::read);
    EXPECT_EQ(frontend_text(closed.take_out()), "p");
  }
}

TEST(ServerStartup, RefusesARoleThatNoPolicyCanHold) {
  ServerStartup machine(options(""));
  ASSERT_EQ(feed(machine, bytes_of(wire::AuthenticationOk{}) + kWelcome), Next::read);
  EXPECT_EQ(feed(machine, from_server({"T", "D", "C SELECT 1", "Z I"})), Next::failed);
  EXPECT_EQ(machine.failure().code.view(), "28000");
}

TEST(ServerStartup, RefusesAnAnswerThatIsNoListOfSchemas) {
  for (const auto& row : {wire::DataRow{{"a", "b"}}, wire::DataRow{{std::nullopt}}, wire::DataRow{}}) {
    auto superuser = options("");
    superuser.allow_superuser = true;
    ServerStartup machine(std::move(superuser));
    ASSERT_EQ(feed(machine, bytes_of(wire::AuthenticationOk{}) + kWelcome), Next::read);
    EXPECT_EQ(feed(machine, bytes_of(row)), Next::failed);
    EXPECT_EQ(machine.failure().code.view(), "08P01");
  }
}

TEST(ServerStartup, RefusesASuperuserBySaying) {
  ServerStartup machine(options(""));
  const auto status = bytes_of(wire::ParameterStatus{"is_superuser", "on"});
  ASSERT_EQ(feed(machine, bytes_of(wire::AuthenticationOk{}) + status + kWelcome), Next::read);
  EXPECT_EQ(feed(machine, from_server({"T", "C SELECT 0", "Z I"})), Next::failed);
}

TEST(ServerStartup, KeepsTheServersSqlstateButNotItsPasswordErrors) {
  ServerStartup full(options()), wrong(options());
  EXPECT_EQ(feed(full, from_server({"E 53300"})), Next::failed);
  EXPECT_EQ(full.failure().code.view(), "53300");
  EXPECT_EQ(feed(wrong, from_server({"E 28P01"})), Next::failed);
  EXPECT_EQ(wrong.failure().code.view(), "08001");
}

TEST(ServerStartup, RefusesWhatDoesNotBelongThere) {
  for (const auto& bytes : {from_server({"Z I"}), from_server({"D"}), std::string("\xff\0\0\0\4", 5),
                            bytes_of(wire::AuthenticationSaslFinal{"v=x"})}) {
    ServerStartup machine(options());
    EXPECT_EQ(feed(machine, bytes), Next::failed);
  }
}

}  // namespace
}  // namespace portcullis::session
