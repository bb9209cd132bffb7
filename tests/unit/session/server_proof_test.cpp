// The gate's login at the database: versions of the protocol, channel binding, and servers that take either
// away.
#include <gtest/gtest.h>

#include "relay_fixture.hpp"
#include "session/server_startup.hpp"

namespace portcullis::session {
namespace {

using auth::BindingMode;
using Next = ServerStartup::Next;

const std::string kBinding(32, 'b');
const std::string kPlain = bytes_of(wire::AuthenticationSasl{{"SCRAM-SHA-256"}});
const std::string kBoth = bytes_of(wire::AuthenticationSasl{{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}});

ServerStartupOptions options(BindingMode mode = BindingMode::prefer, std::string binding = kBinding) {
  ServerStartupOptions made;
  made.user = "agent_db";
  made.password = base::Secret("pencil");
  made.database = "shop";
  made.nonce = "clientnonce";
  made.binding_mode = mode;
  made.tls = true;
  made.channel_is_private = true;
  made.channel_binding = std::move(binding);
  return made;
}

Next feed(ServerStartup& machine, const std::string& bytes) {
  std::size_t consumed = 0;
  return machine.on_bytes(bytes, consumed);
}

// What the gate answers to an offer: the mechanism and the beginning of its message, or "" and nothing sent.
std::string answer_to(const std::string& offer, ServerStartupOptions with) {
  ServerStartup machine(std::move(with));
  (void)machine.take_out();
  if (feed(machine, offer) != Next::read) {
    EXPECT_EQ(machine.take_out(), "");
    EXPECT_EQ(machine.failure().code.view(), "08001");
    return "";
  }
  const std::string out = machine.take_out();
  const auto initial = wire::decode<wire::SaslInitialResponse>(std::string_view(out).substr(5)).value();
  return std::string(initial.mechanism) + " " + std::string(initial.response->substr(0, 3));
}

TEST(ServerChannelBinding, IsUsedWhereBothCan) {
  EXPECT_EQ(answer_to(kBoth, options()), "SCRAM-SHA-256-PLUS p=t");
  EXPECT_EQ(answer_to(kBoth, options(BindingMode::require)), "SCRAM-SHA-256-PLUS p=t");
}

TEST(ServerChannelBinding, TellsAServerThatOfferedNoneThatItCouldHave) {
  EXPECT_EQ(answer_to(kPlain, options()), "SCRAM-SHA-256 y,,");
}

TEST(ServerChannelBinding, IsNotClaimedWhereItCannotBe) {
  EXPECT_EQ(answer_to(kBoth, options(BindingMode::prefer, "")), "SCRAM-SHA-256 n,,");
  EXPECT_EQ(answer_to(kBoth, options(BindingMode::disable)), "SCRAM-SHA-256 n,,");
  EXPECT_EQ(answer_to(kPlain, options(BindingMode::disable)), "SCRAM-SHA-256 n,,");
  auto clear = options();
  clear.tls = false;
  EXPECT_EQ(answer_to(kBoth, std::move(clear)), "SCRAM-SHA-256 n,,");
}

TEST(ServerChannelBinding, RequiredGivesNoProofWithoutIt) {
  EXPECT_EQ(answer_to(kPlain, options(BindingMode::require)), "");
  EXPECT_EQ(answer_to(kBoth, options(BindingMode::require, "")), "");
  EXPECT_EQ(answer_to(bytes_of(wire::AuthenticationCleartextPassword{}), options(BindingMode::require)), "");
  EXPECT_EQ(answer_to(bytes_of(wire::AuthenticationMd5Password{"salt"}), options(BindingMode::require)), "");
  EXPECT_EQ(answer_to(bytes_of(wire::AuthenticationOk{}), options(BindingMode::require)), "");
  auto clear = options(BindingMode::require);
  clear.tls = false;
  EXPECT_EQ(answer_to(kBoth, std::move(clear)), "");
}

// A server with the password, bound to `its_binding`; how the gate's login ends.
Next log_in_at(const std::string& its_binding, ServerStartup& machine) {
  (void)machine.take_out();
  auth::ScramServer server(*auth::make_verifier(base::Secret("pencil"), "0123456789abcdef", 16),
                           "servernonce", its_binding);
  EXPECT_EQ(feed(machine, kBoth), Next::read);
  const std::string initial = machine.take_out();
  const auto first = server.first(
      *wire::decode<wire::SaslInitialResponse>(std::string_view(initial).substr(5))->response, true);
  EXPECT_TRUE(first);
  EXPECT_EQ(feed(machine, bytes_of(wire::AuthenticationSaslContinue{*first})), Next::read);
  const std::string response = machine.take_out();
  const auto last = server.last(std::string_view(response).substr(5));
  if (!last) return feed(machine, bytes_of(wire::to_error_response(last.error(), "FATAL")));
  return feed(machine, bytes_of(wire::AuthenticationSaslFinal{*last}, wire::AuthenticationOk{}));
}

TEST(ServerChannelBinding, SucceedsAtTheServerOfTheCertificateAlone) {
  ServerStartup right(options(BindingMode::require)), relayed(options());
  EXPECT_EQ(log_in_at(kBinding, right), Next::read);
  EXPECT_EQ(log_in_at(std::string(32, 'x'), relayed), Next::failed);
  EXPECT_EQ(relayed.failure().code.view(), "08001");
}

TEST(ServerChannelBinding, IsNotBegunTwice) {
  ServerStartup machine(options());
  EXPECT_EQ(feed(machine, kBoth), Next::read);
  EXPECT_EQ(feed(machine, kPlain), Next::failed);
}

TEST(ServerProtocol, AsksForTheNewestAndTakesAnOlderOne) {
  ServerStartup newest(options()), old(options());
  EXPECT_EQ(newest.take_out().substr(4, 4), std::string("\0\3\0\2", 4));
  (void)old.take_out();
  EXPECT_EQ(feed(old, bytes_of(wire::NegotiateProtocolVersion{wire::kProtocol30, {}}) + kBoth), Next::read);
  EXPECT_EQ(frontend_text(old.take_out()), "p");
  auto cautious = options();
  cautious.protocol = wire::kProtocol30;
  EXPECT_EQ(ServerStartup(std::move(cautious)).take_out().substr(4, 4), std::string("\0\3\0\0", 4));
}

TEST(ServerProtocol, RefusesANegotiationThatMakesNoSense) {
  const auto older = bytes_of(wire::NegotiateProtocolVersion{wire::kProtocol30, {}});
  for (const auto& bytes : {bytes_of(wire::NegotiateProtocolVersion{wire::kProtocol30 + 1, {}}),
                            bytes_of(wire::NegotiateProtocolVersion{wire::kProtocol32, {}}),
                            bytes_of(wire::NegotiateProtocolVersion{wire::kProtocol32 + 1, {}}),
                            bytes_of(wire::NegotiateProtocolVersion{0, {}}),
                            bytes_of(wire::NegotiateProtocolVersion{wire::kProtocol30, {"_pq_.x"}}),
                            older + older, kBoth + older}) {
    ServerStartup machine(options());
    EXPECT_EQ(feed(machine, bytes), Next::failed);
    EXPECT_EQ(machine.failure().code.view(), "08P01");
  }
  auto cautious = options();
  cautious.protocol = wire::kProtocol30;
  ServerStartup machine(std::move(cautious));
  EXPECT_EQ(feed(machine, older), Next::failed);
}

TEST(ServerProtocol, KeepsAKeyOfAnyLength) {
  for (const std::size_t size : {4u, 32u, 255u, 256u}) {
    const std::string key(size, 'k');
    ServerStartup machine(options());
    (void)feed(machine, bytes_of(wire::AuthenticationOk{}, wire::BackendKeyData{7, key}));
    EXPECT_EQ(machine.secret_key(), key);
  }
  for (const std::size_t size : {0u, 3u, 257u}) {
    const std::string key(size, 'k');
    ServerStartup machine(options());
    EXPECT_EQ(feed(machine, bytes_of(wire::AuthenticationOk{}, wire::BackendKeyData{7, key})), Next::failed);
  }
}

}  // namespace
}  // namespace portcullis::session
