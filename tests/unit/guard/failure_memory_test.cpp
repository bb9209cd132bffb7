#include "guard/failure_memory.hpp"

#include <gtest/gtest.h>

#include <random>

namespace portcullis::guard {
namespace {

using base::SqlState;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = FailureMemory::Time;

const Time kStart = Time{} + seconds{5'000};
const SqlState kNoColumn{"42703"};
const SqlState kNoTable{"42P01"};

std::vector<policy::Rate> rates(std::initializer_list<const char*> texts) {
  std::vector<policy::Rate> all;
  for (const char* text : texts) all.push_back(policy::parse_rate(text).value());
  return all;
}

TEST(FailureMemory, BlocksTheNthFailureUntilTheFirstIsAWindowAgo) {
  const auto limit = rates({"3/10min"});
  FailureMemory memory;
  memory.failed(1, kNoTable, kStart, 3);
  memory.failed(1, kNoColumn, kStart + minutes{1}, 3);
  EXPECT_FALSE(memory.blocks(1, limit, kStart + minutes{1}));
  memory.failed(1, kNoColumn, kStart + minutes{2}, 3);
  const auto block = memory.blocks(1, limit, kStart + minutes{2});
  ASSERT_TRUE(block);
  EXPECT_EQ(block->rate, &limit.front());
  EXPECT_EQ(block->last, kNoColumn);
  EXPECT_EQ(block->wait, microseconds(minutes{8}));
  EXPECT_TRUE(memory.blocks(1, limit, kStart + minutes{10} - nanoseconds{1}));
  EXPECT_FALSE(memory.blocks(1, limit, kStart + minutes{10}));
  EXPECT_FALSE(memory.blocks(2, limit, kStart + minutes{2}));
}

TEST(FailureMemory, BlocksAgainWhenTheNextTryFails) {
  const auto limit = rates({"2/10min"});
  FailureMemory memory;
  memory.failed(1, kNoTable, kStart, 2);
  memory.failed(1, kNoTable, kStart + minutes{4}, 2);
  EXPECT_FALSE(memory.blocks(1, limit, kStart + minutes{10}));
  memory.failed(1, kNoTable, kStart + minutes{11}, 2);
  const auto block = memory.blocks(1, limit, kStart + minutes{11});
  ASSERT_TRUE(block);
  EXPECT_EQ(block->wait, microseconds(minutes{3}));
}

TEST(FailureMemory, ASuccessForgetsThemAll) {
  const auto limit = rates({"1/hour"});
  FailureMemory memory;
  memory.failed(1, kNoTable, kStart, 1);
  memory.failed(2, kNoTable, kStart, 1);
  memory.succeeded(1);
  memory.succeeded(7);
  EXPECT_FALSE(memory.blocks(1, limit, kStart));
  EXPECT_TRUE(memory.blocks(2, limit, kStart));
  EXPECT_EQ(memory.size(), 1U);
}

TEST(FailureMemory, TellsOfTheRateThatBlocksLongest) {
  const auto limits = rates({"2/minute", "3/hour"});
  FailureMemory memory;
  for (int i = 0; i < 2; ++i) memory.failed(1, kNoTable, kStart, 3);
  EXPECT_EQ(memory.blocks(1, limits, kStart)->rate, &limits[0]);
  memory.failed(1, kNoTable, kStart, 3);
  EXPECT_EQ(memory.blocks(1, limits, kStart)->rate, &limits[1]);
  EXPECT_FALSE(memory.blocks(1, {}, kStart));
}

TEST(FailureMemory, CountsOnlyWhatSpeaksAgainstTheStatement) {
  for (const SqlState code : {SqlState{"40001"}, SqlState{"40P01"}, SqlState{"25P02"}, SqlState{"57P01"},
                              SqlState{"57P03"}, SqlState{"08006"}}) {
    EXPECT_FALSE(FailureMemory::counts(code)) << code.view();
    FailureMemory memory;
    memory.failed(1, code, kStart, 1);
    EXPECT_EQ(memory.size(), 0U);
  }
  for (const SqlState code : {SqlState{"42703"}, SqlState{"57014"}, SqlState{"23505"}, SqlState{"25006"}}) {
    EXPECT_TRUE(FailureMemory::counts(code)) << code.view();
  }
}

TEST(FailureMemory, ForgetsTheOneWhoseFailureIsLongestAgo) {
  const auto limit = rates({"1/day"});
  FailureMemory memory;
  for (std::uint64_t i = 0; i < FailureMemory::kMostStatements; ++i) memory.failed(i, kNoTable, kStart, 1);
  memory.failed(0, kNoTable, kStart + seconds{1}, 1);
  memory.failed(FailureMemory::kMostStatements, kNoTable, kStart + seconds{2}, 1);
  EXPECT_EQ(memory.size(), FailureMemory::kMostStatements);
  EXPECT_TRUE(memory.blocks(0, limit, kStart + seconds{2}));
  EXPECT_FALSE(memory.blocks(1, limit, kStart + seconds{2}));
  EXPECT_TRUE(memory.blocks(2, limit, kStart + seconds{2}));
  EXPECT_TRUE(memory.blocks(FailureMemory::kMostStatements, limit, kStart + seconds{2}));
}

TEST(FailureMemory, StandsATimeThatGoesBack) {
  const auto limit = rates({"2/minute"});
  FailureMemory memory;
  memory.failed(1, kNoTable, kStart, 2);
  memory.failed(1, kNoTable, kStart - minutes{5}, 2);
  EXPECT_TRUE(memory.blocks(1, limit, kStart));
  EXPECT_FALSE(memory.blocks(1, limit, kStart + minutes{1}));
}

// One who tries whenever it may, and always fails, fails at most N times in any window.
TEST(FailureMemoryProperties, NeverLetsMoreThanNFailInAWindow) {
  std::mt19937_64 dice(43);
  for (int round = 0; round < 100; ++round) {
    policy::Rate rate;
    rate.count = static_cast<std::uint32_t>(1 + dice() % 5);
    rate.window = seconds{1 + dice() % 20};
    const std::vector<policy::Rate> limit{rate};
    FailureMemory memory;
    std::vector<Time> failures;
    Time now = kStart;
    for (int step = 0; step < 200; ++step) {
      now += nanoseconds{dice() % 3'000'000'000};
      const auto block = memory.blocks(1, limit, now);
      if (block) {
        EXPECT_FALSE(memory.blocks(1, limit, now + block->wait));
        continue;
      }
      memory.failed(1, kNoTable, now, rate.count);
      failures.push_back(now);
    }
    for (std::size_t i = rate.count; i < failures.size(); ++i)
      EXPECT_GE(failures[i] - failures[i - rate.count], rate.window);
  }
}

}  // namespace
}  // namespace portcullis::guard
