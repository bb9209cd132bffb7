#include "app/audit_command.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "audit/log.hpp"
#include "base/clock.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::ScriptedConsole;
using ::testing::EndsWith;
using ::testing::HasSubstr;

audit::DecisionRecord decision(std::string agent, std::string verdict, std::string text) {
  audit::DecisionRecord record;
  record.session = 1;
  record.agent = std::move(agent);
  record.role = "bot_db";
  record.message = "Query";
  record.verdict = std::move(verdict);
  record.text = std::move(text);
  record.text_length = record.text.size();
  if (record.verdict == "deny") record.sqlstate = "42501";
  if (record.verdict == "deny") record.reason = "portcullis: denied";
  return record;
}

class AuditCommand : public ::testing::Test {
 protected:
  AuditCommand() {
    auto log = audit::Log::open({.directory = directory_, .origin = "test"}, clock_);
    EXPECT_TRUE(log);
    const auto allowed = (*log)->append(decision("bot", "allow", "SELECT 'one'"));
    EXPECT_TRUE(allowed) << allowed.error().message;
    audit::OutcomeRecord outcome;
    outcome.session = 1;
    outcome.decision = *allowed;
    outcome.result = "ok";
    EXPECT_TRUE((*log)->append(outcome));
    EXPECT_TRUE((*log)->append(decision("other", "deny", "SELECT 'two\x1b[2J'")));
  }

  int show(ShowOptions options) {
    options.directory = directory_;
    ScriptedConsole script;
    const int code = show_audit(options, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }
  int verify() { return verify({.directory = directory_}); }
  int verify(const VerifyAuditOptions& options) {
    ScriptedConsole script;
    const int code = verify_audit(options, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }
  [[nodiscard]] std::filesystem::path segment() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      if (entry.path().extension() == ".jsonl") return entry.path();
    }
    return {};
  }

  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path directory_ = folder_.path() / "audit";
  base::SystemClock clock_;
  std::string out_, err_;
};

// Nobody signed it or stands by it, and that is all that there is to say of it.
TEST_F(AuditCommand, VerifiesAnUntouchedLog) {
  EXPECT_EQ(verify(), 2) << out_;
  EXPECT_THAT(out_,
              ::testing::MatchesRegex(
                  "unsigned, entry 6: nobody signs this log: [^\n]+\n"
                  "no anchor, entry 6: [^\n]+\n"
                  "INCOMPLETE: 6 entries in 1 segments, 2 decisions, 1 outcomes; root [0-9a-f]+; last leaf "
                  "[0-9a-f]+\n"));
}

TEST_F(AuditCommand, TellsOfCrashesAndWhatTheyLeft) {
  std::string text = folder_.read(std::filesystem::relative(segment(), folder_.path()).string());
  text.resize(text.rfind('\n', text.size() - 2) + 1);  // without its "close"
  std::ofstream(segment(), std::ios::binary | std::ios::trunc) << text;
  {
    auto log = audit::Log::open({.directory = directory_, .origin = "test"}, clock_);
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->append(decision("bot", "allow", "select 1")));
  }
  EXPECT_EQ(verify(), 2) << out_;
  EXPECT_THAT(out_, HasSubstr("crashes: 1;"));
  EXPECT_THAT(out_, HasSubstr("unresolved: 1 allowed statements have no outcome"));
}

TEST_F(AuditCommand, NamesWhatWasChanged) {
  std::string text = folder_.read(std::filesystem::relative(segment(), folder_.path()).string());
  text.replace(text.find("one"), 3, "ten");
  std::ofstream(segment(), std::ios::binary | std::ios::trunc) << text;
  EXPECT_EQ(verify(), 1);
  EXPECT_THAT(out_, HasSubstr(segment().filename().string()));
  EXPECT_THAT(out_, HasSubstr("\nTAMPERED: "));
}

TEST_F(AuditCommand, FindsNoEvidenceWhereThereIsNone) {
  std::filesystem::remove_all(directory_);
  EXPECT_EQ(verify(), 2);
  EXPECT_THAT(out_, HasSubstr("INCOMPLETE: "));
}

TEST_F(AuditCommand, ShowsWhatTheFiltersLetThrough) {
  EXPECT_EQ(show({.filter = {.agent = "bot"}}), kSuccess) << err_;
  EXPECT_THAT(out_, HasSubstr("'one'"));
  EXPECT_THAT(out_, Not(HasSubstr("'two")));
  EXPECT_EQ(show({.filter = {.verdict = "deny"}}), kSuccess);
  EXPECT_THAT(out_, HasSubstr("'two"));
  EXPECT_EQ(show({.filter = {.type = "decision"}}), kSuccess);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 2);
}

TEST_F(AuditCommand, ShowsEntriesAsTheyStandInTheLog) {
  EXPECT_EQ(show({.filter = {.agent = "bot"}, .json = true}), kSuccess);
  EXPECT_THAT(out_, ::testing::StartsWith("{"));
  EXPECT_THAT(out_, EndsWith("}\n"));
  EXPECT_THAT(folder_.read(std::filesystem::relative(segment(), folder_.path()).string()), HasSubstr(out_));
}

TEST_F(AuditCommand, LetsNothingDriveTheTerminal) {
  EXPECT_EQ(show({}), kSuccess);
  EXPECT_EQ(out_.find('\x1b'), std::string::npos);
}

TEST_F(AuditCommand, SaysWhenALogCannotBeRead) {
  ShowOptions options;
  options.directory = folder_.path() / "none";
  ScriptedConsole script;
  EXPECT_EQ(show_audit(options, script.console), kFailure);
  EXPECT_NE(script.err.str(), "");
}

}  // namespace
}  // namespace portcullis::app
