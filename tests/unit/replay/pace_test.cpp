#include "replay/pace.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/unit/replay/entry_of.hpp"

namespace portcullis::replay {
namespace {

using testing::EntryOf;

constexpr std::int64_t kStart = 1'790'000'000'000'000, kSecond = 1'000'000;

policy::PolicySet with_limits(const std::string& limits) {
  auto loaded = policy::PolicySet::load(
      R"({"version": 1, "name": "p", "agents": {"bot": {"login": "b"}}, "limits": {"*": )" + limits +
      R"(}, "rules": [{"id": "read", "allow": ["select"], "on": ["app.t"], "to": ["*"],
                        "limits": {"rate": "2/minute"}}]})");
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
  return *std::move(loaded.policy);
}

audit::DecisionRecord decision(std::size_t statements = 1) {
  audit::DecisionRecord record;
  record.session = 1;
  record.agent = "bot";
  record.message = "Query";
  record.verdict = "allow";
  record.kinds.assign(statements, "SELECT");
  return record;
}

TEST(Pace, WhatIsWithinARateIsSureToPass) {
  Pace pace(with_limits(R"({"statements": "3/minute"})"));
  for (int i = 0; i < 3; ++i) {
    pace.take(*EntryOf(decision(), kStart + i));
    EXPECT_EQ(pace.may_be_over("bot", nullptr), "");
  }
  pace.take(*EntryOf(decision(), kStart + 4));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "\"statements\"");
  // A third of it is back after twenty seconds.
  pace.take(*EntryOf(decision(), kStart + 21 * kSecond));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "");
  pace.take(*EntryOf(decision(), kStart + 22 * kSecond));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "\"statements\"");
}

TEST(Pace, EachStatementOfATextCounts) {
  Pace pace(with_limits(R"({"ddl": "3/minute"})"));
  pace.take(*EntryOf(decision(4), kStart));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "\"ddl\"");
}

TEST(Pace, WhoPassedALimitPassesALooserOne) {
  Pace pace(with_limits(R"({"statements": "3/minute"})"));
  pace.take(*EntryOf(decision(9), kStart));
  policy::AgentLimits then;
  then.statements = {*policy::parse_rate("4/minute")};
  EXPECT_EQ(pace.may_be_over("bot", &then), "\"statements\"");
  then.statements = {*policy::parse_rate("3/minute")};
  EXPECT_EQ(pace.may_be_over("bot", &then), "");
  then.statements = {*policy::parse_rate("2/hour")};
  EXPECT_EQ(pace.may_be_over("bot", &then), "");
}

TEST(Pace, RatesOfRulesAndOfStrangers) {
  Pace pace(with_limits(R"({"connections": 9})"));
  pace.take(*EntryOf(decision(2), kStart));
  EXPECT_FALSE(pace.may_be_over("bot", "read"));
  pace.take(*EntryOf(decision(1), kStart));
  EXPECT_TRUE(pace.may_be_over("bot", "read"));
  EXPECT_FALSE(pace.may_be_over("bot", "write"));
  EXPECT_FALSE(pace.may_be_over("nobody", "read"));
  EXPECT_EQ(pace.may_be_over("nobody", nullptr), "");
}

TEST(Pace, FailuresWithinTheWindow) {
  Pace pace(with_limits(R"({"same_statement_failures": "2/minute"})"));
  audit::OutcomeRecord failed;
  failed.session = 1;
  failed.result = "error";
  pace.take(*EntryOf(decision(), kStart));
  pace.take(*EntryOf(failed, kStart + kSecond));
  pace.take(*EntryOf(decision(), kStart + 2 * kSecond));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "");
  pace.take(*EntryOf(failed, kStart + 3 * kSecond));
  pace.take(*EntryOf(decision(), kStart + 4 * kSecond));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "\"same_statement_failures\"");
  pace.take(*EntryOf(decision(), kStart + 70 * kSecond));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "");
}

TEST(Pace, OpenSessionsBoundWhatRunsAtOnce) {
  Pace pace(with_limits(R"({"concurrent": 1})"));
  audit::SessionRecord login;
  login.event = "login";
  login.agent = "bot";
  pace.take(*EntryOf(login, kStart));
  pace.take(*EntryOf(decision(), kStart));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "");
  pace.take(*EntryOf(login, kStart));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "\"concurrent\"");
  login.event = "end";
  pace.take(*EntryOf(login, kStart));
  EXPECT_EQ(pace.may_be_over("bot", nullptr), "");
}

}  // namespace
}  // namespace portcullis::replay
