// What a configuration file may say, what it means, and what is refused at which line and column.
#include "app/config_load.hpp"

#include <sys/stat.h>

#include <thread>

#include <gmock/gmock.h>

#include "audit/key_file.hpp"
#include "audit/order_rules.hpp"
#include "tests/unit/app/sample_policy.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kUpstream =
    R"("upstream": { "database": "shop", "catalog": { "user": "gate_db" },
      "roles": { "bot": { "user": "bot_db", "password_file": "bot.pw" } } })";

class Configuration : public ::testing::Test {
 protected:
  Configuration() {
    folder_.write("policy.json", portcullis::testing::kSamplePolicy, 0644);
    folder_.write("bot.pw", "hunter2\n");
    const auto verifier =
        auth::make_verifier(base::Secret("login secret"), std::string(16, 's'), 4096).value();
    folder_.write("logins.conf", login_line("agent_bot", verifier) + "\n");
  }

  LoadedConfig load(const std::string& text, mode_t mode = 0644) {
    return load_config(folder_.write("portcullis.json", text, mode));
  }
  // The least that works, with more lines in front of it.
  LoadedConfig load_with(const std::string& more, std::string_view upstream = kUpstream) {
    return load("{" + more + (more.empty() ? "" : ",") + "\n" + std::string{upstream} + R"(,
      "logins": "logins.conf", "policy": "policy.json", "audit": { "directory": "audit" } })");
  }
  LoadedConfig load_with_upstream(const std::string& members) {
    return load_with(
        "",
        R"("upstream": { "roles": { "bot": { "user": "bot_db" } }, "database": "shop", "catalog": { "user": "gate_db" }, )" +
            members + " }");
  }
  // "line:column: message" of each problem.
  static std::vector<std::string> problems(const LoadedConfig& loaded) {
    EXPECT_EQ(loaded.config.has_value(), loaded.problems.empty());
    std::vector<std::string> texts;
    for (const auto& problem : loaded.problems) {
      texts.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                      problem.message);
    }
    return texts;
  }
  std::string problem(const LoadedConfig& loaded) {
    const auto all = problems(loaded);
    EXPECT_EQ(all.size(), 1u) << to_text(loaded.problems);
    return all.empty() ? std::string{} : all.front();
  }
  Config good(LoadedConfig loaded) {
    EXPECT_THAT(problems(loaded), IsEmpty());
    return loaded.config ? std::move(*loaded.config) : Config{};
  }

  portcullis::testing::TemporaryFolder folder_;
};

TEST_F(Configuration, HasSafeDefaults) {
  const auto config = good(load_with(""));
  EXPECT_EQ(config.listen.address, "127.0.0.1");
  EXPECT_EQ(config.listen.port, 6432);
  EXPECT_FALSE(config.listen.tls);
  EXPECT_EQ(config.upstream.host, "127.0.0.1");
  EXPECT_EQ(config.upstream.port, 5432);
  EXPECT_EQ(config.upstream.sslmode, "disable");
  EXPECT_THAT(config.upstream.search_path, ElementsAre("public"));
  EXPECT_FALSE(config.upstream.allow_superuser);
  EXPECT_EQ(config.upstream.reuse.connections, 0u);
  EXPECT_EQ(config.audit.text, audit::TextMode::sealed);
  EXPECT_EQ(config.audit.reads_within, 0ms);
  EXPECT_EQ(config.audit.origin, "portcullis");
  EXPECT_EQ(config.limits.connections, 200u);
  EXPECT_EQ(config.limits.authentication_time, 60s);
  EXPECT_EQ(config.limits.statement_bytes, 1u << 20);
  EXPECT_EQ(config.limits.message_bytes, 1u << 30);
  EXPECT_EQ(config.limits.drain_time, 10s);
  EXPECT_EQ(config.limits.idle_time, 0s);
  EXPECT_EQ(config.limits.idle_in_transaction_time, 10min);
  EXPECT_EQ(config.limits.prepared_statements, 10'000u);
  EXPECT_EQ(config.limits.portals, 10'000u);
  EXPECT_EQ(config.threads, std::clamp(std::thread::hardware_concurrency(), 1u, 16u));
  EXPECT_EQ(config.log_level, base::log::Level::info);
}

TEST_F(Configuration, SaysWhatItSays) {
  folder_.write("server.crt", "certificate", 0644);
  folder_.write("server.key", "key");
  folder_.write("ca.crt", "certificate", 0644);
  folder_.write("gate.pw", "catalog secret\n");
  const auto config = good(load(R"({
    // comments are welcome
    "listen": { "address": "0.0.0.0", "port": 0, "tls": { "certificate": "server.crt", "key": "server.key" } },
    "logins": "logins.conf",
    "upstream": {
      "host": "db.example.com", "port": 5433, "database": "shop", "sslmode": "verify-ca",
      "root_certificate": "ca.crt", "search_path": ["app", "public"], "allow_superuser": true,
      "reuse": { "connections": 4, "idle_time": "5s", "age": "1min" },
      "catalog": { "user": "gate_db", "password_file": "gate.pw", "poll": "2s", "oldest": "1min" },
      "roles": { "bot": { "user": "bot_db", "password_file": "bot.pw" } }
    },
    "policy": "policy.json",
    "audit": { "directory": "/var/lib/log", "text": "none", "origin": "gate.example.com", "reads": "50ms" },
    "limits": { "connections": 7, "authentication_time": "5s", "statement_bytes": "64KiB", "drain_time": "500ms",
                "idle_time": "1h", "idle_in_transaction_time": "0s", "prepared_statements": 5, "portals": 6 },
    "threads": 3,
    "log": { "level": "warning" }
  })"));
  EXPECT_EQ(config.file, folder_.path() / "portcullis.json");
  EXPECT_EQ(config.listen.address, "0.0.0.0");
  EXPECT_EQ(config.listen.port, 0);
  EXPECT_EQ(config.listen.tls->certificate, folder_.path() / "server.crt");
  EXPECT_EQ(config.listen.tls->key, folder_.path() / "server.key");
  EXPECT_TRUE(config.logins.contains("agent_bot"));
  EXPECT_EQ(config.upstream.host, "db.example.com");
  EXPECT_EQ(config.upstream.port, 5433);
  EXPECT_EQ(config.upstream.database, "shop");
  EXPECT_EQ(config.upstream.sslmode, "verify-ca");
  EXPECT_EQ(config.upstream.root_certificate, folder_.path() / "ca.crt");
  EXPECT_THAT(config.upstream.search_path, ElementsAre("app", "public"));
  EXPECT_TRUE(config.upstream.allow_superuser);
  EXPECT_EQ(config.upstream.reuse.connections, 4u);
  EXPECT_EQ(config.upstream.reuse.idle_time, 5s);
  EXPECT_EQ(config.upstream.reuse.age, 1min);
  EXPECT_THAT(to_json_without_secrets(config, false),
              HasSubstr(R"("reuse":{"age_ms":60000,"connections":4,"idle_time_ms":5000})"));
  EXPECT_EQ(config.upstream.roles.at("bot").user, "bot_db");
  EXPECT_EQ(config.upstream.roles.at("bot").password.reveal(), "hunter2");
  EXPECT_EQ(config.upstream.catalog.role.user, "gate_db");
  EXPECT_EQ(config.upstream.catalog.role.password.reveal(), "catalog secret");
  EXPECT_EQ(config.upstream.catalog.poll, 2s);
  EXPECT_EQ(config.upstream.catalog.oldest, 1min);
  EXPECT_EQ(config.policy->policy_name(), "sample");
  EXPECT_EQ(config.audit.directory, "/var/lib/log");
  EXPECT_EQ(config.audit.text, audit::TextMode::none);
  EXPECT_EQ(config.audit.reads_within, 50ms);
  EXPECT_EQ(config.audit.origin, "gate.example.com");
  EXPECT_EQ(config.limits.connections, 7u);
  EXPECT_EQ(config.limits.authentication_time, 5s);
  EXPECT_EQ(config.limits.statement_bytes, 65536u);
  EXPECT_EQ(config.limits.drain_time, 500ms);
  EXPECT_EQ(config.limits.idle_time, 1h);
  EXPECT_EQ(config.limits.idle_in_transaction_time, 0s);
  EXPECT_EQ(config.limits.prepared_statements, 5u);
  EXPECT_EQ(config.limits.portals, 6u);
  EXPECT_EQ(config.threads, 3u);
  EXPECT_EQ(config.log_level, base::log::Level::warning);
}

TEST_F(Configuration, ReportsEveryProblemAtItsPlace) {
  EXPECT_THAT(
      problems(load(R"({
  "listen": { "address": "everywhere", "port": 65536 },
  "upstream": {
    "port": "5432", "catalog": { "user": "gate_db", "poll": "1min", "oldest": "30s" },
    "roles": {
      "nobody": { "user": "" }
    },
    "sslmod": "disable"
  },
  "logins": "logins.conf",
  "policy": "policy.json",
  "audit": { "directory": "audit", "text": "some" },
  "limits": { "drain_time": "soon", "statement_bytes": "1GiB" },
  "log": { "level": 7 }
})")),
      UnorderedElementsAre(
          HasSubstr("2:26: \"everywhere\" is no address"), HasSubstr("2:48: \"port\" is 65536"),
          HasSubstr("3:15: upstream lacks \"database\""), HasSubstr("4:13: \"port\" must be a whole number"),
          HasSubstr("\"oldest\" must be longer than \"poll\""),
          HasSubstr("6:7: the policy has no agent \"nobody\""), HasSubstr("6:27: \"user\" is empty"),
          HasSubstr("8:5: unknown key \"sslmod\""), HasSubstr("12:44: \"some\" is no value of \"text\""),
          HasSubstr("13:29: \"soon\" is no duration"), HasSubstr("13:56: \"1GiB\" is out of range"),
          HasSubstr("14:21: \"level\" must be a string")));
}

TEST_F(Configuration, NamesWhatIsMissing) {
  EXPECT_THAT(problems(load("{}")), ElementsAre(HasSubstr("1:1: the configuration lacks \"logins\""),
                                                HasSubstr("lacks \"upstream\""),
                                                HasSubstr("lacks \"policy\""), HasSubstr("lacks \"audit\"")));
}

TEST_F(Configuration, IsOneJsonObject) {
  EXPECT_THAT(problem(load("[]")), HasSubstr("1:1: the configuration is no object"));
  EXPECT_THAT(problem(load("{\n  \"listen\": }")), HasSubstr("2:"));
  EXPECT_THAT(problem(load_with(R"("threads": 1, "threads": 2)")),
              HasSubstr("1:16: \"threads\" stands twice"));
  EXPECT_THAT(problem(load_with(R"("listen": 6432)")), HasSubstr("1:12: \"listen\" is no object"));
}

TEST_F(Configuration, ListensInTheClearOnLoopbackOnly) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    good(load_with(std::string{R"("listen": { "address": ")"} + address + "\" }"));
  }
  for (const char* address : {"0.0.0.0", "::", "192.168.0.1", "128.0.0.1", "::ffff:127.0.0.1"}) {
    EXPECT_THAT(problem(load_with(std::string{R"("listen": { "address": ")"} + address + "\" }")),
                HasSubstr("add \"tls\""));
  }
}

TEST_F(Configuration, WantsBothTlsFiles) {
  folder_.write("server.key", "key");
  EXPECT_THAT(problem(load_with(R"("listen": { "tls": { "key": "server.key" } })")),
              HasSubstr("lacks \"certificate\""));
  EXPECT_THAT(
      problem(load_with(R"("listen": { "tls": { "key": "server.key", "certificate": "none.crt" } })")),
      HasSubstr("1:59: cannot read"));
}

TEST_F(Configuration, ProvesWhoTheDatabaseIsUnlessItIsNear) {
  EXPECT_EQ(good(load_with_upstream(R"("host": "db.example.com")")).upstream.sslmode, "verify-full");
  EXPECT_EQ(good(load_with_upstream(R"("host": "::1")")).upstream.sslmode, "disable");
  EXPECT_EQ(good(load_with_upstream(R"("host": "/run/postgresql")")).upstream.sslmode, "disable");
  EXPECT_EQ(good(load_with_upstream(R"("host": "localhost", "sslmode": "require")")).upstream.sslmode,
            "require");
  for (const char* mode : {"disable", "require"}) {
    EXPECT_THAT(problem(load_with_upstream(std::string{R"("host": "10.0.0.1", "sslmode": ")"} + mode + "\"")),
                HasSubstr("does not prove who answers"));
  }
  EXPECT_THAT(problem(load_with_upstream(R"("host": "10.0.0.1", "sslmode": "verify-ca")")),
              HasSubstr("\"root_certificate\""));
  EXPECT_THAT(problem(load_with_upstream(R"("host": "/run/postgresql", "sslmode": "require")")),
              HasSubstr("a Unix socket has no TLS"));
  EXPECT_THAT(problem(load_with_upstream(R"("sslmode": "prefer")")), HasSubstr("write one of \"disable\""));
}

TEST_F(Configuration, PinsASearchPathThatMeansTheSameInEachSession) {
  for (const char* path : {R"(["$user", "app"])", R"(["pg_temp"])", R"(["pg_temp_3"])", R"([""])", "[]"}) {
    EXPECT_THAT(problem(load_with_upstream(std::string{R"("search_path": )"} + path)), HasSubstr("2:"))
        << path;
  }
}

TEST_F(Configuration, WantsRolesOfAgentsThatThePolicyKnows) {
  EXPECT_THAT(
      problem(load_with(
          "", R"("upstream": { "database": "shop", "catalog": { "user": "gate_db" }, "roles": {} })")),
      HasSubstr("no agent"));
  EXPECT_THAT(problem(load_with("", R"("upstream": { "database": "shop", "catalog": { "user": "gate_db" },
                                           "roles": { "bot": "bot_db" } })")),
              HasSubstr("write { \"user\": \"ROLE\" }"));
  EXPECT_THAT(
      problem(load_with(
          "",
          R"("upstream": { "database": "shop", "catalog": { "user": "gate_db" }, "roles": { "bot": {} } })")),
      HasSubstr("lacks \"user\""));
}

TEST_F(Configuration, RefusesFilesThatOthersMayWrite) {
  EXPECT_THAT(problem(load("{}", 0666)), HasSubstr("may be written by its group or others"));
  folder_.write("policy.json", portcullis::testing::kSamplePolicy, 0664);
  EXPECT_THAT(problem(load_with("")), HasSubstr("policy.json\" may be written"));
}

TEST_F(Configuration, RefusesSecretsThatOthersMayRead) {
  folder_.write("bot.pw", "hunter2\n", 0644);
  const auto told = problem(load_with(""));
  EXPECT_THAT(told, HasSubstr("bot.pw\" may be read by its group or others"));
  EXPECT_THAT(told, Not(HasSubstr("hunter2")));
  folder_.write("bot.pw", "hunter2\n");
  folder_.write("logins.conf", "", 0640);
  EXPECT_THAT(problem(load_with("")), HasSubstr("logins.conf\" may be read"));
}

TEST_F(Configuration, RefusesAnEmptyPassword) {
  folder_.write("bot.pw", "\nhunter2\n");
  EXPECT_THAT(problem(load_with("")), HasSubstr("is empty: write the password there"));
}

TEST_F(Configuration, ReportsProblemsOfTheFilesThatItNamesAsTheirs) {
  folder_.write("policy.json", "{\n}");
  folder_.write("logins.conf", "# fine\nagent_bot what\n");
  const auto loaded = load_with("");
  ASSERT_FALSE(loaded.config);
  EXPECT_THAT(to_text(loaded.problems), HasSubstr("policy.json:1:1: "));
  EXPECT_THAT(to_text(loaded.problems), HasSubstr("logins.conf:2:1: the verifier of \"agent_bot\""));
  EXPECT_THAT(to_text(load_config(folder_.path() / "none.json").problems),
              HasSubstr("none.json: cannot read"));
}

TEST_F(Configuration, WarnsOfAgentsThatCannotLogIn) {
  EXPECT_THAT(load_with("").warnings, IsEmpty());
  const auto verifier = auth::make_verifier(base::Secret("x"), std::string(16, 's'), 4096).value();
  folder_.write("logins.conf", login_line("somebody", verifier));
  EXPECT_THAT(load_with("").warnings, ElementsAre(HasSubstr("agent \"bot\" of the policy cannot log in"),
                                                  HasSubstr("\"somebody\" belongs to no agent")));
}

class AuditKeys : public Configuration {
 protected:
  void make(const std::string& file, const std::string& name) {
    const audit::NamedKey key{name, audit::SigningKey::generate().value()};
    ASSERT_TRUE(audit::write_key_files(folder_.path() / file, key));
  }
  LoadedConfig load_audit(const std::string& members) {
    return load("{" + std::string(kUpstream) + R"(, "logins": "logins.conf", "policy": "policy.json",
      "audit": { "directory": "audit", "origin": "gate.example.com/shop", )" +
                members + " } }");
  }
};

TEST_F(AuditKeys, AreReadFromTheirFiles) {
  make("new.key", "gate.example.com/shop");
  make("old.key", "gate.example.com/shop");
  const auto config = good(load_audit(R"("key": "new.key", "previous_key": "old.key")"));
  EXPECT_EQ(config.audit.key.key->name, "gate.example.com/shop");
  EXPECT_TRUE(config.audit.previous_key.key);
  EXPECT_THAT(to_json_without_secrets(config, false), HasSubstr("new.key"));
  EXPECT_FALSE(good(load_with("")).audit.key.key);
}

TEST_F(AuditKeys, AreRefusedWithTheReason) {
  make("other.key", "other.example.com");
  make("new.key", "gate.example.com/shop");
  folder_.write("open.key", "PRIVATE+KEY+", 0644);
  EXPECT_THAT(problems(load_audit(R"("key": "missing.key")")), ElementsAre(HasSubstr("missing.key")));
  EXPECT_THAT(problems(load_audit(R"("key": "open.key")")), ElementsAre(HasSubstr("open.key")));
  EXPECT_THAT(problems(load_audit(R"("key": "other.key")")),
              ElementsAre(HasSubstr("for the log \"other.example.com\"")));
  EXPECT_THAT(problems(load_audit(R"("previous_key": "new.key")")),
              ElementsAre(HasSubstr("\"previous_key\" needs \"key\"")));
}

TEST_F(AuditKeys, AnchorsAreAFileOrACommand) {
  make("new.key", "gate.example.com/shop");
  const auto config = good(load_audit(R"("key": "new.key", "anchors": {
    "worm": { "file": "worm.notes", "require": "deny_changes", "within": "30s" },
    "s3": { "command": ["/usr/local/bin/keep", "shop"] } })"));
  ASSERT_EQ(config.audit.anchors.size(), 2u);
  EXPECT_EQ(config.audit.anchors[0].require, "deny_changes");
  EXPECT_EQ(config.audit.anchors[0].within, 30s);
  EXPECT_EQ(config.audit.anchors[0].file, folder_.path() / "worm.notes");
  EXPECT_THAT(config.audit.anchors[1].command, ElementsAre("/usr/local/bin/keep", "shop"));
  EXPECT_THAT(to_json_without_secrets(config, false), HasSubstr(R"("worm":{"command":[],"file":)"));
}

TEST_F(AuditKeys, AnchorsAreRefusedWithTheReason) {
  make("new.key", "gate.example.com/shop");
  const auto anchors = [&](const std::string& members) {
    return problems(load_audit(R"("key": "new.key", "anchors": { )" + members + " }"));
  };
  EXPECT_THAT(anchors(R"("a": {})"), ElementsAre(HasSubstr("give one of the two")));
  EXPECT_THAT(anchors(R"("a": { "file": "x", "command": ["/bin/x"] })"),
              ElementsAre(HasSubstr("give one of the two")));
  EXPECT_THAT(anchors(R"("a": { "command": ["keep"] })"),
              ElementsAre(HasSubstr("the full path of a program")));
  EXPECT_THAT(anchors(R"("a": { "command": [] })"), ElementsAre(HasSubstr("the full path of a program")));
  EXPECT_THAT(anchors(R"("A b": { "file": "x" })"), ElementsAre(HasSubstr("cannot name an anchor")));
  EXPECT_THAT(anchors(R"("a": { "file": "x", "require": "all" })"), ElementsAre(HasSubstr("deny_changes")));
  EXPECT_THAT(problems(load_audit(R"("anchors": { "a": { "file": "x" } })")),
              ElementsAre(HasSubstr("\"anchors\" need \"key\"")));
}

TEST_F(AuditKeys, SealsTextsUnderKeysBesideTheLog) {
  EXPECT_EQ(good(load_audit(R"("text": "sealed")")).audit.sealing_keys, folder_.path() / "audit.keys");
  const auto other = good(load_audit(R"("text": "plain", "sealing_keys": "elsewhere")"));
  EXPECT_EQ(other.audit.text, audit::TextMode::plain);
  EXPECT_EQ(other.audit.sealing_keys, folder_.path() / "elsewhere");
}

TEST_F(AuditKeys, KeepsTheKeysOutOfTheLogsFolder) {
  std::filesystem::create_directory_symlink(folder_.path() / "audit", folder_.path() / "link");
  std::filesystem::create_directory(folder_.path() / "audit");
  for (const char* inside : {"audit", "audit/keys", "./audit/../audit/keys/", "link/keys"}) {
    EXPECT_THAT(problems(load_audit(R"("sealing_keys": ")" + std::string(inside) + "\"")),
                ElementsAre(HasSubstr("keys are in the folder of the log")))
        << inside;
  }
  EXPECT_THAT(problems(load_audit(R"("sealing_keys": "audit-keys")")), IsEmpty());
}

TEST_F(AuditKeys, RefusesAFolderOfKeysThatOthersMayUse) {
  std::filesystem::create_directory(folder_.path() / "audit.keys");
  std::filesystem::permissions(folder_.path() / "audit.keys", std::filesystem::perms(0750));
  EXPECT_THAT(problem(load_audit(R"("text": "sealed")")), HasSubstr("chmod 700"));
  EXPECT_THAT(problems(load_audit(R"("text": "none")")), IsEmpty());
}

std::string public_key(const std::string& name, unsigned char byte) {
  audit::Seed seed;
  seed.bytes.fill(byte);
  return audit::vkey_text(name, audit::SigningKey::from_seed(seed).value().public_key());
}

TEST_F(AuditKeys, ErasersAndRetentionAreRecordedForTheVerifier) {
  const std::string anna = public_key("anna", 1), bert = public_key("bert", 2);
  const auto config = good(load_audit(R"("erasers": [")" + anna + R"(", ")" + bert +
                                      R"("], "retention": { "text": "365d", "parameters": "1h" })"));
  EXPECT_THAT(config.audit.erasers, ElementsAre(anna, bert));
  const auto json = to_json_without_secrets(config, false);
  EXPECT_THAT(json, HasSubstr(R"("retention_ms":{"parameters":3600000,"text":31536000000})"));
  const auto powers = audit::erasure_powers(json);
  EXPECT_EQ(powers.erasers.size(), 2u);
  EXPECT_EQ(powers.retention_ms[0], 3'600'000);
  EXPECT_FALSE(powers.retention_ms[1]);
  EXPECT_EQ(good(load_with("")).audit.erasers.size() + good(load_with("")).audit.retention.size(), 0u);
}

TEST_F(AuditKeys, ErasersAreTwoPeopleOrMore) {
  const std::string anna = public_key("anna", 1);
  const auto erasers = [&](const std::string& list) {
    return problems(load_audit(R"("erasers": [)" + list + "]"));
  };
  const auto with = [&](const std::string& key) { return erasers('"' + anna + R"(", ")" + key + '"'); };
  EXPECT_THAT(erasers(""), ElementsAre(HasSubstr("two signatures")));
  EXPECT_THAT(erasers('"' + anna + '"'), ElementsAre(HasSubstr("two signatures")));
  EXPECT_THAT(with("bert"), ElementsAre(HasSubstr("no public key")));
  EXPECT_THAT(with(anna), ElementsAre(HasSubstr("are one key")));
  EXPECT_THAT(with(public_key("anna-2", 1)), ElementsAre(HasSubstr("are one key")));
  EXPECT_THAT(with(public_key("anna", 2)), ElementsAre(HasSubstr("two keys are called \"anna\"")));
  EXPECT_THAT(problems(load_audit(R"("erasers": "anna")")),
              ElementsAre(HasSubstr("must be a list"), HasSubstr("two signatures")));
}

TEST_F(AuditKeys, RetentionIsFromAnHourToAHundredYears) {
  const auto retention = [&](const std::string& members) {
    return problems(load_audit(R"("retention": { )" + members + " }"));
  };
  EXPECT_THAT(retention(R"("text": "36525d", "said": "1h")"), IsEmpty());
  EXPECT_THAT(retention(R"("text": "36526d")"), ElementsAre(HasSubstr("out of range")));
  EXPECT_THAT(retention(R"("text": "59min")"), ElementsAre(HasSubstr("out of range")));
  EXPECT_THAT(retention(R"("texts": "1h")"), ElementsAre(HasSubstr("texts")));
  EXPECT_THAT(retention(R"("text": 7)"), SizeIs(1));
}

TEST_F(Configuration, IsRecordedWithoutSecrets) {
  const auto json = to_json_without_secrets(good(load_with("")), false);
  EXPECT_THAT(json, Not(HasSubstr("hunter2")));
  EXPECT_THAT(json, Not(HasSubstr("SCRAM")));
  const auto folder = folder_.path().string();
  EXPECT_THAT(json,
              HasSubstr(R"("roles":{"bot":{"password_file":")" + folder + R"(/bot.pw","user":"bot_db"}})"));
  EXPECT_EQ(json.rfind(R"({"audit":{"anchors":{},"directory":")" + folder +
                           R"(/audit","erasers":[],"key":"","origin":"portcullis","previous_key":"",)" +
                           R"("reads_within_ms":0,"retention_ms":{},"sealing_keys":")" + folder +
                           R"(/audit.keys","segment_age_ms":86400000,)" + R"("text":"sealed"},"file":)",
                       0),
            0u);
  EXPECT_EQ(json, to_json_without_secrets(good(load_with("")), false));
  EXPECT_THAT(json, HasSubstr(R"("mode":"enforce")"));
  EXPECT_THAT(to_json_without_secrets(good(load_with("")), true), HasSubstr(R"("mode":"monitor")"));
}

}  // namespace
}  // namespace portcullis::app
