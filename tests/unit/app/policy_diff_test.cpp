#include "app/policy_diff.hpp"

#include <gmock/gmock.h>

#include "app/exit_code.hpp"
#include "tests/unit/app/sample_shop.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::sample_shop;
using portcullis::testing::ScriptedConsole;
using portcullis::testing::shop_policy;
using ::testing::HasSubstr;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

class PolicyDiff : public ::testing::Test {
 protected:
  int diff(const std::string& from, const std::string& to, bool catalog = false) {
    DiffOptions options{folder_.write("old.json", from), folder_.write("new.json", to), {}};
    if (catalog) options.catalog = folder_.write("shop.catalog", sample_shop().dump());
    ScriptedConsole script;
    const int code = diff_policies(options, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }

  portcullis::testing::TemporaryFolder folder_;
  std::string out_, err_;
};

TEST_F(PolicyDiff, IsNoneWhereOnlyNamesAndOrderChange) {
  const std::string renamed = replaced(shop_policy(), "\"id\": \"read\"", "\"id\": \"look\"");
  EXPECT_EQ(diff(shop_policy(), renamed), kSuccess);
  EXPECT_EQ(out_, "no difference\n");
  EXPECT_EQ(diff(shop_policy(), renamed, true), kSuccess);
}

TEST_F(PolicyDiff, SaysForWhomWhatComesAndGoes) {
  const std::string rule =
      R"({ "id": "x", "allow": ["select", "truncate"], "on": ["other.*"], "to": ["idle"] },)";
  std::string changed = replaced(shop_policy(rule), "\"app.users\", ", "");
  changed = replaced(changed, ", \"require\": [\"where\"]", "");
  changed = replaced(changed, "work_mem", "temp_buffers");
  EXPECT_EQ(diff(shop_policy(), changed), kDifferent) << err_;
  EXPECT_EQ(out_, R"(everyone
  - allow setting work_mem
  - protect app.users
  + allow setting temp_buffers
agent bot
  - allow insert on app.orders (with WHERE)
  - allow update on app.orders (with WHERE)
  + allow insert on app.orders
  + allow update on app.orders
agent idle
  + allow select on other.*
  + allow truncate on other.*
)");
}

TEST_F(PolicyDiff, NamesAgentsThatComeAndGo) {
  const std::string other =
      replaced(shop_policy(), R"("idle": { "login": "agent_idle" })", R"("newly": { "login": "n" })");
  EXPECT_EQ(diff(shop_policy(), other), kDifferent) << err_;
  EXPECT_EQ(out_, "agent idle (gone)\nagent newly (new)\n");
  EXPECT_EQ(diff(shop_policy(), replaced(shop_policy(), "agent_idle", "lazy")), kDifferent);
  EXPECT_EQ(out_, "agent idle\n  login agent_idle -> lazy\n");
}

TEST_F(PolicyDiff, PutsBothToADatabase) {
  const std::string changed = replaced(shop_policy(), "\"app.users\", ", "");
  EXPECT_EQ(diff(shop_policy(), changed, true), kDifferent) << err_;
  EXPECT_THAT(out_, HasSubstr("  app.users: select: deny -> allow\n"));
  EXPECT_EQ(diff(changed, shop_policy(), true), kDifferent);
  EXPECT_EQ(out_, R"(everyone
  + protect app.users
agent bot
  app.people: select: allow -> deny, for select on app.users (through view app.people) is protected
  app.users: select: allow -> deny, for select on app.users is protected
)");
}

TEST_F(PolicyDiff, NeedsTwoPoliciesThatLoad) {
  EXPECT_EQ(diff(shop_policy(), "{"), kUsage);
  EXPECT_THAT(err_, HasSubstr("new.json:1:"));
  EXPECT_EQ(out_, "");
}

}  // namespace
}  // namespace portcullis::app
