// What the configuration says of strangers: certificates, ways to log in, limits before a login, TCP.
#include "app/config_load.hpp"

#include <gmock/gmock.h>

#include "tests/unit/app/sample_policy.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NetworkConfiguration : public ::testing::Test {
 protected:
  NetworkConfiguration() {
    folder_.write("policy.json", portcullis::testing::kSamplePolicy, 0644);
    folder_.write("logins.conf", "agent_bot certificate CN=bot\n");
    for (const char* name : {"server.crt", "ca.crt"}) folder_.write(name, "certificate", 0644);
    folder_.write("server.key", "key");
  }

  // `upstream` are members of that object; `more` are whole members of the configuration.
  LoadedConfig load(const std::string& upstream, const std::string& more = "") {
    return load_config(folder_.write("portcullis.json",
                                     "{" + more + (more.empty() ? "" : ", ") + R"("upstream": {)" + upstream +
                                         (upstream.empty() ? "" : ", ") +
                                         R"("database": "shop", "catalog": { "user": "gate_db" },
        "roles": { "bot": { "user": "bot_db" } } },
        "logins": "logins.conf", "policy": "policy.json", "audit": { "directory": "audit" } })",
                                     0644));
  }
  LoadedConfig load_tls(const std::string& members) {
    return load("", R"("listen": { "tls": { "certificate": "server.crt", "key": "server.key")" +
                        (members.empty() ? "" : ", " + members) + "} }");
  }
  static Config good(LoadedConfig loaded) {
    EXPECT_THAT(loaded.problems, IsEmpty()) << to_text(loaded.problems);
    return loaded.config ? std::move(*loaded.config) : Config{};
  }
  static std::string problem(const LoadedConfig& loaded) {
    EXPECT_EQ(loaded.problems.size(), 1u) << to_text(loaded.problems);
    return to_text(loaded.problems);
  }

  portcullis::testing::TemporaryFolder folder_;
};

TEST_F(NetworkConfiguration, HasSafeDefaults) {
  const auto config = good(load(""));
  EXPECT_FALSE(config.upstream.direct_tls);
  EXPECT_EQ(config.upstream.channel_binding, "prefer");
  EXPECT_EQ(config.upstream.max_protocol_version, "3.2");
  EXPECT_EQ(config.limits.connections_per_address, 200u);
  EXPECT_EQ(config.limits.logins_pending, 400u);
  EXPECT_EQ(config.limits.login_delay, 4s);
  EXPECT_EQ(config.tcp.keepalive_idle, 60s);
  EXPECT_EQ(config.tcp.keepalive_interval, 10s);
  EXPECT_EQ(config.tcp.keepalive_count, 6u);
  EXPECT_EQ(config.tcp.user_timeout, 0s);
}

TEST_F(NetworkConfiguration, SaysWhatItSays) {
  const auto config =
      good(load(R"("host": "db.example.com", "sslnegotiation": "direct", "channel_binding": "require",
                   "max_protocol_version": "3.0")",
                R"("limits": { "connections_per_address": 5, "logins_pending": 9, "login_delay": "0s" },
                   "tcp": { "keepalive_idle": "2min", "keepalive_interval": "1s", "keepalive_count": 3,
                            "user_timeout": "90s" })"));
  EXPECT_TRUE(config.upstream.direct_tls);
  EXPECT_EQ(config.upstream.channel_binding, "require");
  EXPECT_EQ(config.upstream.max_protocol_version, "3.0");
  EXPECT_EQ(config.limits.connections_per_address, 5u);
  EXPECT_EQ(config.limits.logins_pending, 9u);
  EXPECT_EQ(config.limits.login_delay, 0s);
  EXPECT_EQ(config.tcp.keepalive_idle, 2min);
  EXPECT_EQ(config.tcp.keepalive_interval, 1s);
  EXPECT_EQ(config.tcp.keepalive_count, 3u);
  EXPECT_EQ(config.tcp.user_timeout, 90s);
  const auto json = to_json_without_secrets(config, false);
  EXPECT_THAT(json, HasSubstr(R"("channel_binding":"require")"));
  EXPECT_THAT(json, HasSubstr(R"("sslnegotiation":"direct")"));
  EXPECT_THAT(json, HasSubstr(R"("certificates":{"agent_bot":"CN=bot"})"));
}

TEST_F(NetworkConfiguration, LetsOneAddressTakeHalfOfThePlacesOfStrangers) {
  for (const auto& [connections, here, all] : {std::tuple{3, 20u, 40u}, std::tuple{1000, 1000u, 2000u}}) {
    const auto limits =
        good(load("", R"("limits": { "connections": )" + std::to_string(connections) + "}")).limits;
    EXPECT_EQ(limits.connections_per_address, here);
    EXPECT_EQ(limits.logins_pending, all);
  }
}

TEST_F(NetworkConfiguration, AsksForCertificatesOfItsAuthorities) {
  const auto optional = good(load_tls(R"("client_ca": "ca.crt")"));
  EXPECT_EQ(optional.listen.tls->client_ca, folder_.path() / "ca.crt");
  EXPECT_FALSE(optional.listen.tls->certificate_required);
  const auto required = good(load_tls(R"("client_ca": "ca.crt", "client_certificate": "required")"));
  EXPECT_TRUE(required.listen.tls->certificate_required);
  EXPECT_THAT(problem(load_tls(R"("client_certificate": "required")")), HasSubstr("needs \"client_ca\""));
  EXPECT_THAT(problem(load_tls(R"("client_ca": "none.crt")")), HasSubstr("none.crt"));
  folder_.write("ca.crt", "certificate", 0666);
  EXPECT_THAT(problem(load_tls(R"("client_ca": "ca.crt")")), HasSubstr("may be written"));
}

TEST_F(NetworkConfiguration, WarnsOfCertificatesThatNobodyIsAskedFor) {
  EXPECT_THAT(load_tls("").warnings, Contains(HasSubstr("set \"listen.tls.client_ca\"")));
  EXPECT_THAT(load_tls(R"("client_ca": "ca.crt")").warnings, Not(Contains(HasSubstr("client_ca"))));
}

TEST_F(NetworkConfiguration, RefusesWhatNeedsTlsWithoutIt) {
  EXPECT_THAT(problem(load(R"("sslnegotiation": "direct")")), HasSubstr("set \"sslmode\""));
  EXPECT_THAT(problem(load(R"("channel_binding": "require")")), HasSubstr("\"require\" needs TLS"));
  EXPECT_THAT(problem(load(R"("channel_binding": "require", "host": "/run/postgresql")")),
              HasSubstr("\"require\" needs TLS"));
  good(load(R"("channel_binding": "require", "sslmode": "require")"));
}

TEST_F(NetworkConfiguration, RefusesWordsAndNumbersThatAreNone) {
  EXPECT_THAT(problem(load(R"("channel_binding": "yes")")), HasSubstr("write one of"));
  EXPECT_THAT(problem(load(R"("max_protocol_version": "3.1")")), HasSubstr("write one of"));
  EXPECT_THAT(problem(load("", R"("limits": { "login_delay": "1h" })")), HasSubstr("out of range"));
  EXPECT_FALSE(load("", R"("limits": { "connections_per_address": 0 })").config);
  EXPECT_FALSE(load("", R"("tcp": { "keepalive_idle": "0s" })").config);
  EXPECT_FALSE(load("", R"("tcp": { "keepalives": 1 })").config);
}

TEST_F(NetworkConfiguration, KnowsTheServerThatCopiesAreMadeIn) {
  folder_.write("copies.pw", "a secret\n");
  const auto config =
      good(load("", R"("shadow": { "mode": "database", "server": { "host": "copies.example.com",
      "port": 5433, "user": "copies", "password_file": "copies.pw", "channel_binding": "require" } })"));
  ASSERT_TRUE(config.shadow.server);
  EXPECT_EQ(config.shadow.server->host, "copies.example.com");
  EXPECT_EQ(config.shadow.server->port, 5433);
  EXPECT_EQ(config.shadow.server->sslmode, "verify-full");
  EXPECT_EQ(config.shadow.server->channel_binding, "require");
  EXPECT_EQ(config.shadow.server->role.password.reveal(), "a secret");
  EXPECT_EQ(config.upstream.host, "127.0.0.1");
  const auto json = to_json_without_secrets(config, false);
  EXPECT_THAT(json, HasSubstr(R"("host":"copies.example.com")"));
  EXPECT_THAT(json, Not(HasSubstr("a secret")));
}

TEST_F(NetworkConfiguration, RefusesAServerForCopiesThatIsNotOne) {
  const auto shadow = [&](const std::string& members) {
    return problem(load("", R"("shadow": { )" + members + " }"));
  };
  EXPECT_THAT(shadow(R"("mode": "database")"), HasSubstr("\"database\" needs a \"server\""));
  EXPECT_THAT(shadow(R"("server": { "user": "copies" })"), HasSubstr("set \"mode\" to that"));
  EXPECT_THAT(shadow(R"("mode": "database", "server": { "host": "127.0.0.1" })"), HasSubstr("\"user\""));
  EXPECT_THAT(
      shadow(R"("mode": "database", "server": { "user": "copies", "host": "a.b", "sslmode": "require" })"),
      HasSubstr("does not prove who answers"));
  EXPECT_THAT(shadow(R"("mode": "database", "account": "nobody", "server": { "user": "copies" })"),
              HasSubstr("leave it out"));
}

}  // namespace
}  // namespace portcullis::app
