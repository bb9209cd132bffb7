// The command line: which words reach which command, and what the shell is told.
#include "app/cli.hpp"

#include <vector>

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "tests/unit/app/sample_policy.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;

class CommandLineTest : public ::testing::Test {
 protected:
  int run_words(std::vector<std::string> words, const std::string& input = {}) {
    std::vector<const char*> argv{"portcullis"};
    for (const auto& word : words) argv.push_back(word.c_str());
    ScriptedConsole script(input);
    NetworkCommands network;
    network.serve = [this](const Config& config) {
      served_ = config.upstream.database;
      return 7;
    };
    network.dump_catalog = [](const Config& config) -> base::Result<std::string> {
      return "the catalog of " + config.upstream.database + "\n";
    };
    const int code = run(static_cast<int>(argv.size()), argv.data(), script.console, network);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }

  portcullis::testing::TemporaryFolder folder_;
  std::string out_, err_, served_;
};

TEST_F(CommandLineTest, ExplainsEveryCommandWithAnExample) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"serve"},
                                                  {"check"},
                                                  {"policy", "test"},
                                                  {"policy", "explain"},
                                                  {"policy", "diff"},
                                                  {"audit", "verify"},
                                                  {"audit", "show"},
                                                  {"audit", "query"},
                                                  {"audit", "report", "access"},
                                                  {"audit", "report", "integrity"},
                                                  {"audit", "export"},
                                                  {"audit", "check-export"},
                                                  {"audit", "keygen"},
                                                  {"audit", "prove"},
                                                  {"audit", "check-proof"},
                                                  {"audit", "drill"},
                                                  {"audit", "replay"},
                                                  {"policy", "learn"},
                                                  {"user"},
                                                  {"version"}}) {
    auto words = command;
    words.push_back("--help");
    EXPECT_EQ(run_words(words), kSuccess);
    EXPECT_THAT(out_, HasSubstr("Example:\n  portcullis " + command.front())) << command.front();
  }
  EXPECT_EQ(run_words({"--help"}), kSuccess);
  EXPECT_THAT(out_, HasSubstr("serve"));
}

TEST_F(CommandLineTest, AnswersSixtyFourToWhatItCannotUnderstand) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{},
        {"dance"},
        {"serve"},
        {"serve", "--config"},
        {"check", "--agent", "a"},
        {"policy"},
        {"policy", "test"},
        {"policy", "explain", "p"},
        {"policy", "diff", "p"},
        {"policy", "learn"},
        {"policy", "learn", "d", "--until", "2026-02-30"},
        {"audit", "replay", "d"},
        {"audit", "replay", "d", "--policy", "p", "--since", "yesterday"},
        {"audit"},
        {"audit", "verify"},
        {"audit", "show", "d", "--from", "x"},
        {"audit", "query"},
        {"audit", "query", "d", "--since", "noon"},
        {"audit", "report"},
        {"audit", "report", "approvals", "d"},
        {"audit", "report", "gaps", "d", "--agent", "a"},
        {"audit", "export", "d", "--out", "f"},
        {"audit", "export", "d", "--format", "xml", "--out", "f"},
        {"audit", "check-export"},
        {"audit", "keygen"},
        {"audit", "keygen", "--name", "gate.example"},
        {"audit", "keygen", "--out", "log.key"},
        {"audit", "prove"},
        {"audit", "prove", "d"},
        {"audit", "prove", "d", "-1"},
        {"audit", "prove", "d", "x"},
        {"audit", "prove", "d", "1", "--from", "old.note"},
        {"audit", "check-proof", "p"},
        {"audit", "check-proof", "--key", "k"},
        {"audit", "drill"},
        {"user"},
        {"check", "--policy", "p", "--agent", "a", "--format", "xml"},
        {"version", "--verbose"}}) {
    EXPECT_EQ(run_words(words), kUsage) << (words.empty() ? "" : words.front());
    EXPECT_NE(err_, "");
    EXPECT_EQ(out_, "");
  }
}

TEST_F(CommandLineTest, NamesACommandThatThereIsNot) {
  EXPECT_EQ(run_words({"dance", "--now"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("no command \"dance\""));
}

TEST_F(CommandLineTest, PrintsItsVersion) {
  EXPECT_EQ(run_words({"version"}), kSuccess);
  EXPECT_THAT(out_, ::testing::MatchesRegex("portcullis [0-9.]+, grammar of PostgreSQL [0-9]+\n"));
}

TEST_F(CommandLineTest, GivesCheckItsStatementAndItsSearchPath) {
  const auto policy = folder_.write("policy.json", portcullis::testing::kSamplePolicy).string();
  EXPECT_EQ(run_words({"check", "--policy", policy, "--agent", "bot", "--search-path", "app,app",
                       "SELECT id FROM orders"}),
            0)
      << out_;
  EXPECT_EQ(run_words({"check", "--policy", policy, "--agent", "bot"}, "DROP TABLE app.users"), 1);
  EXPECT_EQ(run_words({"check", "--policy", policy, "--agent", "bot", "--format", "json", "SELECT 1"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"verdict\": \"allow\""));
}

TEST_F(CommandLineTest, AnswersForAPolicysTests) {
  const auto policy = folder_.write("policy.json", portcullis::testing::kSamplePolicy).string();
  EXPECT_EQ(run_words({"policy", "test", policy, policy}), 0) << err_;
  EXPECT_EQ(run_words({"policy", "test", policy, "--catalog", "none"}), kUsage);
  EXPECT_EQ(run_words({"policy", "diff", policy, policy}), 0) << err_;
  EXPECT_EQ(run_words({"policy", "explain", policy, "--agent", "bot", "--format", "json"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("\"agent\": \"bot\""));
}

TEST_F(CommandLineTest, MakesAUser) {
  EXPECT_EQ(run_words({"user", "agent_bot"}, "secret\n"), 0);
  EXPECT_THAT(out_, ::testing::StartsWith("agent_bot SCRAM-SHA-256$4096:"));
}

TEST_F(CommandLineTest, VerifiesAndShowsALog) {
  EXPECT_EQ(run_words({"audit", "verify", (folder_.path() / "none").string()}), 2);
  EXPECT_THAT(out_, HasSubstr("INCOMPLETE: 0 entries"));
  EXPECT_EQ(run_words({"audit", "show", folder_.path().string(), "--verdict", "maybe"}), kUsage);
  EXPECT_EQ(run_words({"audit", "show", folder_.path().string(), "--type", "gossip"}), kUsage);
}

TEST_F(CommandLineTest, MakesAKeyForALog) {
  const auto file = (folder_.path() / "log.key").string();
  EXPECT_EQ(run_words({"audit", "keygen", "--name", "gate.example/shop", "--out", file}), kSuccess) << err_;
  EXPECT_THAT(out_, ::testing::StartsWith(folder_.read("log.key.pub")));
  EXPECT_THAT(folder_.read("log.key"), ::testing::StartsWith("PRIVATE+KEY+gate.example/shop+"));
}

class ServeCommand : public CommandLineTest {
 protected:
  int serve(const std::string& policy) {
    folder_.write("policy.json", policy);
    folder_.write("logins.conf", "");
    return run_words({"serve", "--config",
                      folder_
                          .write("portcullis.json", R"({
      "upstream": { "database": "shop", "catalog": { "user": "gate_db" }, "roles": { "bot": { "user": "bot_db" } } },
      "logins": "logins.conf", "policy": "policy.json", "audit": { "directory": "audit" } })")
                          .string()});
  }
};

TEST_F(ServeCommand, HandsOverWhatItLoaded) {
  EXPECT_EQ(serve(std::string{portcullis::testing::kSamplePolicy}), 7) << err_;
  EXPECT_EQ(served_, "shop");
}

TEST_F(ServeCommand, DoesNotStartWithAPolicyThatFailsItsOwnTests) {
  std::string policy{portcullis::testing::kSamplePolicy};
  policy.replace(policy.find(R"("expect": "allow")"), 17, R"("expect": "deny")");
  EXPECT_EQ(serve(policy), kConfiguration);
  EXPECT_THAT(err_, HasSubstr("policy.json:14:"));
  EXPECT_EQ(served_, "");
}

TEST_F(ServeCommand, DoesNotStartWithAConfigurationThatIsWrong) {
  EXPECT_EQ(serve("{"), kConfiguration);
  EXPECT_THAT(err_, HasSubstr("policy.json:1:"));
  EXPECT_EQ(run_words({"serve", "--config", (folder_.path() / "none.json").string()}), kConfiguration);
  EXPECT_EQ(served_, "");
}

}  // namespace
}  // namespace portcullis::app
