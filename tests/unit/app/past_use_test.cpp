// What a gate remembers of the limits of its agents when it starts again.
#include "app/past_use.hpp"

#include <gtest/gtest.h>

#include "audit/log.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using std::chrono::hours;

class MovedClock final : public base::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::time_point(std::chrono::hours(500'000)) + since;
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::hours(100)) + since;
  }
  std::chrono::minutes since{0};
};

class PastUse : public ::testing::Test {
 protected:
  static policy::PolicySet policy_with(const std::string& limits) {
    auto loaded = policy::PolicySet::load(R"({"version": 1, "name": "t", "agents": {"bot": {"login": "b"}},
      "limits": {"bot": )" + limits + R"(}, "rules": [{"id": "columns", "allow": ["alter table add column"],
      "on": ["app.t"], "to": ["bot"], "limits": {"rate": "3/day"}}]})");
    EXPECT_TRUE(loaded.policy) << policy::to_text(loaded.problems, "policy");
    return std::move(*loaded.policy);
  }

  // One run of a gate.
  void write(const std::vector<audit::Record>& records) {
    audit::LogOptions options;
    options.directory = folder_.path() / "audit";
    options.origin = "test";
    auto log = audit::Log::open(options, clock_);
    ASSERT_TRUE(log) << log.error().message;
    for (const auto& record : records) {
      const auto index = (*log)->append(record);
      ASSERT_TRUE(index) << index.error().message;
    }
  }

  static audit::DecisionRecord decision(std::string message, std::vector<std::string> kinds = {"SELECT"}) {
    audit::DecisionRecord record;
    record.session = 1;
    record.agent = "bot";
    record.message = std::move(message);
    record.verdict = "allow";
    record.kinds = std::move(kinds);
    return record;
  }
  static audit::DecisionRecord add_column() {
    auto record = decision("Query", {"ALTER TABLE"});
    record.effects.push_back({"alter table add column", "app.t", "allow", "other", ""});
    record.rates = {"columns"};
    return record;
  }
  static audit::OutcomeRecord given(std::uint64_t rows, std::uint64_t bytes) {
    audit::OutcomeRecord record;
    record.session = 1;
    record.decision = 2;
    record.result = "ok";
    record.rows = rows;
    record.bytes = bytes;
    return record;
  }

  void start_again(const std::string& limits) {
    const auto policy = policy_with(limits);
    limits_.emplace(policy);
    const auto remembered = remember_past_use(folder_.path() / "audit", policy, clock_, *limits_);
    ASSERT_TRUE(remembered) << remembered.error().message;
  }
  // How many more are admitted.
  int left(guard::Demand demand) {
    int count = 0;
    while (count < 100 && !limits_->admit("bot", demand, clock_.steady())) ++count;
    return count;
  }
  static guard::Demand statement() {
    guard::Demand demand;
    demand.statements = 1;
    return demand;
  }

  testing::TemporaryFolder folder_;
  MovedClock clock_;
  std::optional<guard::RateLimiter> limits_;
};

TEST_F(PastUse, StatementsOfTheDayAreRemembered) {
  auto denied = decision("Query");
  denied.verdict = "deny";
  write({decision("Query"), decision("Query", {"SELECT", "INSERT", "COMMIT"}), denied,
         audit::CountedRecord{1, 50, "bot", "", "53400"}, decision("Query", {"ROLLBACK"})});
  start_again(R"({"statements": "10/day"})");
  EXPECT_EQ(left(statement()), 7);
}

TEST_F(PastUse, ATextAndItsFirstBindAreOne) {
  // Entry 0 begins the segment, entry 1 the run.
  auto bind = decision("Bind");
  bind.statement = 2;
  write({decision("Parse"), bind});
  start_again(R"({"statements": "10/day"})");
  EXPECT_EQ(left(statement()), 9);
}

TEST_F(PastUse, EachFurtherBindIsOneMore) {
  auto bind = decision("Bind");
  bind.statement = 2;
  write({decision("Parse"), bind, bind, bind, decision("Execute")});
  start_again(R"({"statements": "10/day"})");
  EXPECT_EQ(left(statement()), 7);
}

TEST_F(PastUse, DdlAndRulesHaveTheirOwn) {
  write({add_column(), add_column()});
  start_again(R"({"ddl": "5/day"})");
  guard::Demand ddl = statement();
  ddl.ddl = 1;
  EXPECT_EQ(left(ddl), 3);
  start_again(R"({"connections": 1})");
  guard::Demand use = statement();
  use.rules.push_back({"columns", 1});
  EXPECT_EQ(left(use), 1);
}

TEST_F(PastUse, WhatWasGivenIsRemembered) {
  write({decision("Query"), given(60, 6'000)});
  start_again(R"({"rows_returned": "100/day", "bytes_returned": "10KiB/day"})");
  EXPECT_TRUE(limits_->give("bot", 41, 1, clock_.steady()));
  EXPECT_TRUE(limits_->give("bot", 1, 4'241, clock_.steady()));
  EXPECT_FALSE(limits_->give("bot", 40, 4'240, clock_.steady()));
}

TEST_F(PastUse, TimeGivesItBack) {
  write({decision("Query"), decision("Query"), decision("Query"), decision("Query")});
  clock_.since += hours(12);
  start_again(R"({"statements": "4/day"})");
  EXPECT_EQ(left(statement()), 2);
  clock_.since += hours(13);
  start_again(R"({"statements": "4/day"})");
  EXPECT_EQ(left(statement()), 4);
}

TEST_F(PastUse, AClockThatWasSetBackMakesNothingLater) {
  write({decision("Query"), decision("Query")});
  clock_.since -= hours(48);
  start_again(R"({"statements": "4/day"})");
  EXPECT_EQ(left(statement()), 2);
}

TEST_F(PastUse, MoreThanThereIsLeavesNothing) {
  write({decision("Query"), decision("Query"), decision("Query")});
  start_again(R"({"statements": "2/day"})");
  EXPECT_EQ(left(statement()), 0);
}

TEST_F(PastUse, ALogThatCannotBeReadIsAnError) {
  write({decision("Query")});
  folder_.write("audit/00000000000000000000.jsonl", "no entry\nno entry\n");
  const auto policy = policy_with(R"({"statements": "2/day"})");
  guard::RateLimiter limits(policy);
  const auto remembered = remember_past_use(folder_.path() / "audit", policy, clock_, limits);
  ASSERT_FALSE(remembered);
  EXPECT_EQ(remembered.error().code, base::sqlstate::io_error);
}

}  // namespace
}  // namespace portcullis::app
