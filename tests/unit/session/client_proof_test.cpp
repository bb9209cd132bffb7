// Versions of the protocol, TLS from the first byte on, channel binding and certificates at the beginning of
// a client's connection.
#include <gmock/gmock.h>

#include "relay_fixture.hpp"
#include "session/client_startup.hpp"

namespace portcullis::session {
namespace {

using Next = ClientStartup::Next;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Names = std::optional<std::vector<std::string>>;

const std::string kBinding(32, 'b');

// "robot" has a password, "clerk" a certificate, "vault" both.
std::optional<auth::Login> login_named(std::string_view login) {
  const auto verifier = *auth::make_verifier(base::Secret("correct horse"), "0123456789abcdef", 16);
  if (login == "robot") return auth::Login{verifier, ""};
  if (login == "clerk") return auth::Login{std::nullopt, "CN=clerk"};
  if (login == "vault") return auth::Login{verifier, "DNS:vault.example.com"};
  return std::nullopt;
}

ClientStartupOptions options() {
  ClientStartupOptions made;
  made.tls_available = true;
  made.channel_binding = kBinding;
  made.login_of = login_named;
  made.mock_of = [](std::string_view login) {
    return auth::mock_verifier(login, "mock", std::vector<auth::VerifierShape>{{16, 16}});
  };
  made.nonce = "servernonce";
  return made;
}

Next give(ClientStartup& machine, const std::string& bytes) {
  std::size_t consumed = 0;
  return machine.on_bytes(bytes, consumed);
}

std::string startup_packet(const std::string& user, std::uint32_t protocol = wire::kProtocol30,
                           std::vector<std::pair<std::string, std::string>> more = {}) {
  wire::StartupMessage message;
  message.protocol = protocol;
  message.parameters = {{"user", user}, {"database", "shop"}};
  message.parameters.insert(message.parameters.end(), more.begin(), more.end());
  return bytes_of(message);
}

// A connection whose TLS handshake is done.
ClientStartup encrypted(const Names& names = {}, ClientStartupOptions with = options()) {
  ClientStartup machine(std::move(with));
  EXPECT_EQ(give(machine, bytes_of(wire::SslRequest{})), Next::start_tls);
  EXPECT_EQ(machine.take_out(), "S");
  EXPECT_TRUE(machine.on_tls("", names));
  return machine;
}

// SCRAM behind the start-up packet; the machine's last word.
Next prove(ClientStartup& machine, std::string_view mechanism, const auth::ChannelBinding& binding,
           const std::string& password = "correct horse") {
  (void)machine.take_out();
  auth::ScramClient scram(base::Secret(password), "clientnonce");
  const std::string first = scram.first(binding);
  const Next next = give(machine, bytes_of(wire::SaslInitialResponse{mechanism, first}));
  if (next != Next::read) return next;
  const auto last = scram.last(machine.take_out().substr(9));
  EXPECT_TRUE(last);
  return give(machine, bytes_of(wire::SaslResponse{*last}));
}

const auth::ChannelBinding kNone{}, kUnoffered{auth::ChannelBinding::Use::unoffered},
    kBound{auth::ChannelBinding::Use::bound, kBinding};

std::string code(const ClientStartup& machine) {
  return std::string(machine.failure().code.view());
}

// --- versions ---

struct Negotiated {
  std::uint32_t version = 0;
  std::vector<std::string> options;
};

// What the first message behind the start-up packet says, if it is a negotiation.
std::optional<Negotiated> negotiated(std::uint32_t protocol,
                                     std::vector<std::pair<std::string, std::string>> more = {}) {
  ClientStartup machine(options());
  EXPECT_EQ(give(machine, startup_packet("robot", protocol, std::move(more))), Next::read);
  const std::string out = machine.take_out();
  const auto header = wire::peek_backend(out).value().value();
  if (header.type != wire::backend_type::negotiate_protocol_version) {
    EXPECT_EQ(backend_text(out), "R");
    return std::nullopt;
  }
  EXPECT_EQ(backend_text(out), "v R");
  const auto answer =
      wire::decode<wire::NegotiateProtocolVersion>(std::string_view(out).substr(5, header.body_size)).value();
  return Negotiated{answer.version, {answer.unrecognized.begin(), answer.unrecognized.end()}};
}

TEST(ClientProtocol, OlderAndEqualVersionsNeedNoAnswer) {
  for (const std::uint32_t minor : {0u, 1u, 2u}) EXPECT_FALSE(negotiated(wire::kProtocol30 + minor)) << minor;
}

TEST(ClientProtocol, NewerVersionsAreToldTheWholeNumberOfTheNewest) {
  for (const std::uint32_t minor : {3u, 4u, 9999u, 0xffffu}) {
    const auto answer = negotiated(wire::kProtocol30 + minor);
    ASSERT_TRUE(answer) << minor;
    EXPECT_EQ(answer->version, wire::kProtocol32);
    EXPECT_THAT(answer->options, IsEmpty());
  }
}

TEST(ClientProtocol, EveryOptionOfTheProtocolIsNamedAndNoOther) {
  const auto answer =
      negotiated(wire::kProtocol30, {{"_pq_.b", "1"}, {"application_name", "x"}, {"_pq_.a", ""}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->version, wire::kProtocol30);
  EXPECT_THAT(answer->options, ElementsAre("_pq_.b", "_pq_.a"));
  EXPECT_FALSE(negotiated(wire::kProtocol30, {{"_pq", "x"}}));
}

TEST(ClientProtocol, IsTheOlderOfTheTwo) {
  for (const auto& [asked, spoken] :
       {std::pair{wire::kProtocol30, wire::kProtocol30}, std::pair{wire::kProtocol32, wire::kProtocol32},
        std::pair{wire::kProtocol32 + 7, wire::kProtocol32}}) {
    ClientStartup machine(options());
    (void)give(machine, startup_packet("robot", asked));
    EXPECT_EQ(machine.protocol(), spoken);
  }
}

// --- TLS at once ---

TEST(ClientDirectTls, NeedsTheNameOfTheProtocol) {
  for (const char* alpn : {"", "http/1.1", "postgresq"}) {
    ClientStartup machine(options());
    EXPECT_EQ(machine.begin_direct_tls(), Next::start_tls);
    EXPECT_EQ(machine.take_out(), "");
    EXPECT_FALSE(machine.on_tls(alpn, std::nullopt)) << alpn;
    EXPECT_EQ(give(machine, startup_packet("robot")), Next::close);
    EXPECT_EQ(machine.take_out(), "");
  }
  ClientStartup machine(options());
  EXPECT_EQ(machine.begin_direct_tls(), Next::start_tls);
  EXPECT_TRUE(machine.on_tls("postgresql", std::nullopt));
  EXPECT_EQ(give(machine, startup_packet("robot")), Next::read);
  EXPECT_EQ(prove(machine, auth::kScramSha256Plus, kBound), Next::done);
}

TEST(ClientDirectTls, ComesFirstOrNotAtAll) {
  ClientStartupOptions without = options();
  without.tls_available = false;
  ClientStartup none(std::move(without));
  EXPECT_EQ(none.begin_direct_tls(), Next::close);
  EXPECT_EQ(none.take_out(), "");
  auto late = encrypted();
  EXPECT_EQ(late.begin_direct_tls(), Next::close);
  ClientStartup again(options());
  (void)again.begin_direct_tls();
  EXPECT_TRUE(again.on_tls("postgresql", std::nullopt));
  EXPECT_EQ(give(again, bytes_of(wire::SslRequest{})), Next::close);
  EXPECT_EQ(backend_text(again.take_out()), "E(08P01)");
}

// --- channel binding ---

std::vector<std::string> offered(ClientStartup machine) {
  EXPECT_EQ(give(machine, startup_packet("robot")), Next::read);
  const std::string out = machine.take_out();
  const auto offer = wire::decode<wire::AuthenticationSasl>(std::string_view(out).substr(5)).value();
  return {offer.mechanisms.begin(), offer.mechanisms.end()};
}

TEST(ClientChannelBinding, IsOfferedOverTlsWhereTheCertificateHasOne) {
  EXPECT_THAT(offered(encrypted()), ElementsAre("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"));
  EXPECT_THAT(offered(ClientStartup(options())), ElementsAre("SCRAM-SHA-256"));
  auto without = options();
  without.channel_binding.clear();
  EXPECT_THAT(offered(encrypted({}, std::move(without))), ElementsAre("SCRAM-SHA-256"));
}

TEST(ClientChannelBinding, ProvesAndIsNamed) {
  auto bound = encrypted(), unbound = encrypted();
  EXPECT_EQ(give(bound, startup_packet("robot")), Next::read);
  EXPECT_EQ(prove(bound, auth::kScramSha256Plus, kBound), Next::done);
  EXPECT_EQ(bound.proof(), "scram-sha-256-plus");
  EXPECT_EQ(give(unbound, startup_packet("robot")), Next::read);
  EXPECT_EQ(prove(unbound, auth::kScramSha256, kNone), Next::done);
  EXPECT_EQ(unbound.proof(), "scram-sha-256");
}

TEST(ClientChannelBinding, DowngradeAndAnotherCertificateAreRefused) {
  auto stripped = encrypted(), relayed = encrypted();
  EXPECT_EQ(give(stripped, startup_packet("robot")), Next::read);
  EXPECT_EQ(prove(stripped, auth::kScramSha256, kUnoffered), Next::close);
  EXPECT_EQ(code(stripped), "28000");
  EXPECT_TRUE(stripped.refused());
  auth::ChannelBinding another = kBound;
  another.data[0] = 'x';
  EXPECT_EQ(give(relayed, startup_packet("robot")), Next::read);
  EXPECT_EQ(prove(relayed, auth::kScramSha256Plus, another), Next::close);
  EXPECT_EQ(code(relayed), "28000");
}

TEST(ClientChannelBinding, MayNotBeChosenWhereItIsNotOffered) {
  ClientStartup plain(options());
  EXPECT_EQ(give(plain, startup_packet("robot")), Next::read);
  EXPECT_EQ(prove(plain, auth::kScramSha256Plus, kBound), Next::close);
  EXPECT_EQ(code(plain), "08P01");
}

// --- certificates ---

Next log_in_by_certificate(ClientStartup& machine, const std::string& user) {
  const Next next = give(machine, startup_packet(user));
  return next;
}

TEST(ClientCertificate, IsProofEnoughForALoginWithoutAPassword) {
  auto machine = encrypted(std::vector<std::string>{"CN=somebody", "CN=clerk"});
  EXPECT_EQ(log_in_by_certificate(machine, "clerk"), Next::done);
  EXPECT_EQ(backend_text(machine.take_out()), "R");
  EXPECT_EQ(machine.proof(), "certificate");
}

TEST(ClientCertificate, OfAnotherNameIsRefused) {
  for (const char* name : {"", "CN=clerk2", "DNS:clerk", "CN=Clerk", "CN=cler"}) {
    auto machine = encrypted(std::vector<std::string>{name});
    EXPECT_EQ(log_in_by_certificate(machine, "clerk"), Next::close);
    EXPECT_EQ(backend_text(machine.take_out()), "E(28000)");
    EXPECT_TRUE(machine.refused() && machine.login_failed());
  }
}

TEST(ClientCertificate, AloneIsNotEnoughWhereAPasswordIsAskedForToo) {
  const Names right = std::vector<std::string>{"DNS:vault.example.com"};
  auto machine = encrypted(right), wrong = encrypted(right);
  EXPECT_EQ(log_in_by_certificate(machine, "vault"), Next::read);
  EXPECT_EQ(prove(machine, auth::kScramSha256Plus, kBound), Next::done);
  EXPECT_EQ(machine.proof(), "certificate+scram-sha-256-plus");
  EXPECT_EQ(log_in_by_certificate(wrong, "vault"), Next::read);
  EXPECT_EQ(prove(wrong, auth::kScramSha256, kNone, "battery staple"), Next::close);
  EXPECT_EQ(code(wrong), "28P01");
}

TEST(ClientCertificate, WithoutOneEveryLoginLooksTheSame) {
  for (const char* login : {"clerk", "vault", "ghost"}) {
    for (const bool tls : {true, false}) {
      ClientStartup machine = tls ? encrypted() : ClientStartup(options());
      EXPECT_EQ(log_in_by_certificate(machine, login), Next::read);
      EXPECT_EQ(prove(machine, auth::kScramSha256, kNone), Next::close) << login;
      EXPECT_EQ(backend_text(machine.take_out()), "E(28P01)");
      EXPECT_EQ(machine.failure().message,
                "password authentication failed for user \"" + std::string(login) + "\"");
    }
  }
}

TEST(ClientCertificate, OfSomebodyElseIsNoObstacleToAPassword) {
  auto machine = encrypted(std::vector<std::string>{"CN=clerk"});
  EXPECT_EQ(log_in_by_certificate(machine, "robot"), Next::read);
  EXPECT_EQ(prove(machine, auth::kScramSha256Plus, kBound), Next::done);
  EXPECT_EQ(machine.proof(), "scram-sha-256-plus");
}

TEST(ClientCertificate, MayBeDemandedOfEverybody) {
  for (const char* login : {"robot", "clerk", "ghost"}) {
    auto demanding = options();
    demanding.certificate_required = true;
    auto machine = encrypted({}, std::move(demanding));
    EXPECT_EQ(log_in_by_certificate(machine, login), Next::close);
    EXPECT_EQ(backend_text(machine.take_out()), "E(28000)");
    EXPECT_TRUE(machine.refused());
    EXPECT_FALSE(machine.login_failed());
  }
}

TEST(ClientRefusals, AreToldFromViolations) {
  ClientStartup replication(options()), garbage(options());
  EXPECT_EQ(give(replication, startup_packet("robot", wire::kProtocol30, {{"replication", "database"}})),
            Next::close);
  EXPECT_TRUE(replication.refused());
  EXPECT_EQ(replication.login(), "robot");
  EXPECT_EQ(give(garbage, bytes_of(wire::Query{"select 1"})), Next::close);
  EXPECT_FALSE(garbage.refused());
}

}  // namespace
}  // namespace portcullis::session
