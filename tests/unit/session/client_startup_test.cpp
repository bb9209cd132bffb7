#include "session/client_startup.hpp"

#include <gtest/gtest.h>

#include "base/secret.hpp"
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using Next = ClientStartup::Next;

ClientStartupOptions options(bool tls = false, bool required = false) {
  ClientStartupOptions made;
  made.tls_available = tls;
  made.tls_required = required;
  made.login_of = [](std::string_view login) -> std::optional<auth::Login> {
    if (login != "robot") return std::nullopt;
    return auth::Login{*auth::make_verifier(base::Secret("correct horse"), "0123456789abcdef"), ""};
  };
  made.mock_of = [](std::string_view login) { return auth::mock_verifier(login, "mock"); };
  made.nonce = "servernonce";
  return made;
}

std::string startup_packet(std::vector<std::pair<std::string, std::string>> parameters) {
  wire::StartupMessage message;
  message.parameters = std::move(parameters);
  return bytes_of(message);
}

// Gives all bytes; the machine's last word.
Next feed(ClientStartup& machine, std::string bytes) {
  Next next = Next::read;
  std::size_t consumed = 1;
  while (next == Next::read && consumed > 0 && !bytes.empty()) {
    next = machine.on_bytes(bytes, consumed);
    bytes.erase(0, consumed);
  }
  return next;
}

// The data of the only 'R' message in `bytes` that follows its 4-byte code.
std::string sasl_data(const std::string& bytes) {
  return bytes.substr(9);
}

Next log_in(ClientStartup& machine, const std::string& user, const std::string& password) {
  EXPECT_EQ(feed(machine, startup_packet({{"user", user}, {"database", "shop"}})), Next::read);
  (void)machine.take_out();
  auth::ScramClient scram(base::Secret(password), "clientnonce");
  const std::string first = scram.first();
  EXPECT_EQ(feed(machine, bytes_of(wire::SaslInitialResponse{auth::kScramSha256, first})), Next::read);
  const auto last = scram.last(sasl_data(machine.take_out()));
  EXPECT_TRUE(last);
  return feed(machine, bytes_of(wire::SaslResponse{*last}));
}

TEST(ClientStartup, LetsTheRightPasswordIn) {
  ClientStartup machine(options());
  EXPECT_EQ(log_in(machine, "robot", "correct horse"), Next::done);
  EXPECT_EQ(machine.login(), "robot");
  EXPECT_EQ(backend_text(machine.take_out()), "R R");
}

TEST(ClientStartup, WrongPasswordAndUnknownLoginLookTheSame) {
  ClientStartup wrong(options()), unknown(options());
  EXPECT_EQ(log_in(wrong, "robot", "battery staple"), Next::close);
  EXPECT_EQ(log_in(unknown, "ghost", "correct horse"), Next::close);
  EXPECT_EQ(backend_text(wrong.take_out()), "E(28P01)");
  EXPECT_EQ(backend_text(unknown.take_out()), "E(28P01)");
  EXPECT_TRUE(wrong.login_failed() && unknown.login_failed());
}

TEST(ClientStartup, AnswersEncryptionRequests) {
  ClientStartup plain(options());
  EXPECT_EQ(feed(plain, bytes_of(wire::SslRequest{})), Next::read);
  EXPECT_EQ(plain.take_out(), "N");
  EXPECT_EQ(feed(plain, std::string("\0\0\0\x08\x04\xd2\x16\x30", 8)), Next::read);
  EXPECT_EQ(plain.take_out(), "N");

  ClientStartup encrypted(options(true));
  EXPECT_EQ(feed(encrypted, bytes_of(wire::SslRequest{})), Next::start_tls);
  EXPECT_EQ(encrypted.take_out(), "S");
}

TEST(ClientStartup, RefusesBytesStuffedBehindAnSslRequest) {
  ClientStartup machine(options(true));
  EXPECT_EQ(feed(machine, bytes_of(wire::SslRequest{}) + "x"), Next::close);
  EXPECT_EQ(backend_text(machine.take_out()), "E(08P01)");
}

TEST(ClientStartup, RefusesASecondSslRequest) {
  ClientStartup machine(options());
  EXPECT_EQ(feed(machine, bytes_of(wire::SslRequest{})), Next::read);
  EXPECT_EQ(feed(machine, bytes_of(wire::SslRequest{})), Next::close);
}

TEST(ClientStartup, RefusesReplicationAndPlainTextWhereTlsIsDemanded) {
  ClientStartup replication(options());
  EXPECT_EQ(feed(replication, startup_packet({{"user", "robot"}, {"replication", "true"}})), Next::close);
  EXPECT_EQ(backend_text(replication.take_out()), "E(0A000)");
  ClientStartup plain(options(true, true));
  EXPECT_EQ(feed(plain, startup_packet({{"user", "robot"}})), Next::close);
  EXPECT_EQ(backend_text(plain.take_out()), "E(28000)");
}

TEST(ClientStartup, PassesOnACancelRequest) {
  ClientStartup machine(options());
  EXPECT_EQ(feed(machine, bytes_of(wire::CancelRequest{42, "abcd"})), Next::cancel);
  EXPECT_EQ(machine.cancel_request()->process_id, 42u);
  EXPECT_EQ(machine.cancel_request()->secret_key, "abcd");
}

TEST(ClientStartup, RefusesQueriesBeforeTheLogin) {
  ClientStartup machine(options());
  (void)feed(machine, startup_packet({{"user", "robot"}}));
  (void)machine.take_out();
  EXPECT_EQ(feed(machine, bytes_of(wire::Query{"select 1"})), Next::close);
  EXPECT_EQ(backend_text(machine.take_out()), "E(08P01)");
}

TEST(ClientStartup, EveryTruncationWaitsAndEveryMutationEndsCleanly) {
  const std::string packet = startup_packet({{"user", "robot"}, {"database", "shop"}});
  for (std::size_t size = 0; size < packet.size(); ++size) {
    ClientStartup machine(options());
    std::size_t consumed = 0;
    EXPECT_EQ(machine.on_bytes(packet.substr(0, size), consumed), Next::read) << size;
  }
  for (std::size_t at = 0; at < packet.size(); ++at) {
    ClientStartup machine(options());
    std::string mutated = packet;
    mutated[at] = static_cast<char>(mutated[at] ^ 0x55);
    (void)feed(machine, mutated);  // whatever it says, it says it without crashing
    EXPECT_FALSE(machine.login_failed());
  }
}

TEST(ClientStartup, AGoodbyeBeforeTheFirstPacketIsAnsweredByClosingAlone) {
  ClientStartup machine(options());
  EXPECT_EQ(feed(machine, bytes_of(wire::Terminate{}) + startup_packet({{"user", "robot"}})), Next::close);
  EXPECT_EQ(machine.take_out(), "");
}

}  // namespace
}  // namespace portcullis::session
