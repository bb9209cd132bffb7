#include "app/user_command.hpp"

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "app/logins.hpp"
#include "auth/scram.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;

bool knows(const Logins& logins, std::string_view login, const std::string& password) {
  const auto& made = *logins.at(std::string{login}).verifier;
  return auth::make_verifier(base::Secret(password), made.salt, made.iterations).value() == made;
}

Logins read(const std::string& text) {
  std::vector<Problem> problems;
  auto logins = parse_logins(text, "f", problems);
  EXPECT_TRUE(problems.empty()) << to_text(problems);
  return logins;
}

class UserCommand : public ::testing::Test {
 protected:
  portcullis::testing::TemporaryFolder folder_;
};

TEST_F(UserCommand, PrintsALineThatVerifiesThePassword) {
  ScriptedConsole script("open sesame\nignored\n");
  EXPECT_EQ(make_user({"agent_bot", {}, {}}, script.console), kSuccess);
  const auto logins = read(script.out.str());
  EXPECT_TRUE(knows(logins, "agent_bot", "open sesame"));
  EXPECT_FALSE(knows(logins, "agent_bot", "open sesame "));
  EXPECT_THAT(script.out.str(), Not(HasSubstr("sesame")));
}

TEST_F(UserCommand, SaltsEachLineAnew) {
  ScriptedConsole first("same\n"), second("same\n");
  EXPECT_EQ(make_user({"a", {}, {}}, first.console), kSuccess);
  EXPECT_EQ(make_user({"a", {}, {}}, second.console), kSuccess);
  EXPECT_NE(first.out.str(), second.out.str());
}

TEST_F(UserCommand, ReplacesTheLineInTheFile) {
  const auto file = folder_.path() / "logins.conf";
  for (const char* password : {"old", "new"}) {
    ScriptedConsole script(password);
    EXPECT_EQ(make_user({"a", file, {}}, script.console), kSuccess) << script.err.str();
  }
  ScriptedConsole other("other");
  EXPECT_EQ(make_user({"b", file, {}}, other.console), kSuccess);
  const auto logins = read(folder_.read("logins.conf"));
  EXPECT_EQ(logins.size(), 2u);
  EXPECT_TRUE(knows(logins, "a", "new"));
  EXPECT_TRUE(knows(logins, "b", "other"));
}

TEST_F(UserCommand, TakesThePasswordFromAFileThatOnlyItsOwnerReads) {
  ScriptedConsole script("from the console\n");
  EXPECT_EQ(make_user({"a", {}, folder_.write("pw", "from the file\r\n")}, script.console), kSuccess);
  EXPECT_TRUE(knows(read(script.out.str()), "a", "from the file"));

  ScriptedConsole refused;
  EXPECT_EQ(make_user({"a", {}, folder_.write("open.pw", "x", 0644)}, refused.console), kFailure);
  EXPECT_THAT(refused.err.str(), HasSubstr("chmod 600"));
  EXPECT_EQ(refused.out.str(), "");
}

TEST_F(UserCommand, RefusesNamesAndPasswordsThatCannotBeUsed) {
  for (const auto& [name, password] :
       {std::pair{"a b", "secret"}, {"", "secret"}, {"a", ""}, {"a", "\xc3\xa4"}}) {
    ScriptedConsole script(password);
    EXPECT_EQ(make_user({name, {}, {}}, script.console), kUsage) << name << ": " << password;
    EXPECT_EQ(script.out.str(), "");
    EXPECT_NE(script.err.str(), "");
  }
}

}  // namespace
}  // namespace portcullis::app
