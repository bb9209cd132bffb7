#include "guard/token_bucket.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "policy/limits.hpp"

namespace portcullis::guard {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = TokenBucket::Time;

const Time kStart = Time{} + seconds{1'000'000};

TEST(TokenBucket, IsFullAtFirstAndGivesNotOneMore) {
  TokenBucket bucket(3, seconds{60});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(1, kStart));
  EXPECT_FALSE(bucket.take(1, kStart));
  EXPECT_EQ(bucket.wait_for(1, kStart), microseconds{20'000'000});
  EXPECT_FALSE(bucket.take(1, kStart + seconds{20} - nanoseconds{1}));
  EXPECT_TRUE(bucket.take(1, kStart + seconds{20}));
  EXPECT_FALSE(bucket.take(1, kStart + seconds{20}));
}

TEST(TokenBucket, TakesAllOrNone) {
  TokenBucket bucket(3, seconds{3});
  EXPECT_TRUE(bucket.take(2, kStart));
  EXPECT_FALSE(bucket.take(2, kStart));
  EXPECT_TRUE(bucket.take(1, kStart));
}

TEST(TokenBucket, NeverHoldsMoreThanItsCount) {
  TokenBucket bucket(3, seconds{60});
  EXPECT_TRUE(bucket.take(3, kStart));
  const Time later = kStart + seconds{3'000'000};
  EXPECT_TRUE(bucket.take(3, later));
  EXPECT_FALSE(bucket.take(1, later));
}

TEST(TokenBucket, SaysThatMoreThanItsCountAreNeverThere) {
  TokenBucket bucket(3, seconds{60});
  EXPECT_FALSE(bucket.wait_for(4, kStart));
  EXPECT_FALSE(bucket.take(4, kStart));
  EXPECT_TRUE(bucket.take(3, kStart));
}

TEST(TokenBucket, GivesNothingForATimeThatGoesBack) {
  TokenBucket bucket(1, seconds{10});
  EXPECT_TRUE(bucket.take(1, kStart));
  EXPECT_FALSE(bucket.take(1, kStart - seconds{3'600}));
  EXPECT_EQ(bucket.wait_for(1, kStart - seconds{5}), microseconds{15'000'000});
  EXPECT_FALSE(bucket.take(1, kStart + seconds{9}));
  EXPECT_TRUE(bucket.take(1, kStart + seconds{10}));
}

TEST(TokenBucket, TakesNoneAtAnyTime) {
  TokenBucket bucket(1, seconds{10});
  EXPECT_TRUE(bucket.take(1, kStart));
  EXPECT_TRUE(bucket.take(0, kStart));
  EXPECT_EQ(bucket.wait_for(0, kStart), microseconds{0});
}

TEST(TokenBucket, ReckonsWithinItsBoundsAtTheLargestRate) {
  TokenBucket bucket(policy::kMostInRate, policy::kLongestWindow);
  for (const auto start : {Time{}, Time::max() - policy::kLongestWindow, Time::max()}) {
    TokenBucket other = bucket;
    EXPECT_TRUE(other.take(policy::kMostInRate, start));
    EXPECT_EQ(other.wait_for(policy::kMostInRate, start), microseconds(policy::kLongestWindow));
    EXPECT_EQ(other.wait_for(1, start), microseconds{2'678'400});
  }
  TokenBucket negative(1, seconds{1});
  EXPECT_TRUE(negative.take(1, Time::min()));
  EXPECT_TRUE(negative.take(1, Time::max()));
}

// In any span of length L at most N + N * L / window, whatever is asked for and when.
TEST(TokenBucketProperties, NeverGivesMoreThanTheRateInAnySpan) {
  std::mt19937_64 dice(41);
  for (int round = 0; round < 60; ++round) {
    const auto count = static_cast<std::uint32_t>(1 + dice() % 9);
    const auto window = static_cast<std::int64_t>(1 + dice() % 7);
    TokenBucket bucket(count, seconds{window});
    std::vector<std::pair<std::int64_t, std::uint32_t>> taken;  // nanoseconds, tokens
    std::int64_t now = static_cast<std::int64_t>(dice() % 1'000'000'000);
    for (int step = 0; step < 300; ++step) {
      now += static_cast<std::int64_t>(dice() % 400'000'000);
      const auto tokens = static_cast<std::uint32_t>(dice() % (count + 2));
      if (bucket.take(tokens, Time{} + nanoseconds{now})) taken.emplace_back(now, tokens);
    }
    for (std::size_t from = 0; from < taken.size(); ++from) {
      std::int64_t sum = 0;
      for (std::size_t to = from; to < taken.size(); ++to) {
        sum += taken[to].second;
        // Times are cut to microseconds: a span is longer by one at most.
        const std::int64_t length = (taken[to].first - taken[from].first) / 1'000 + 1;
        EXPECT_LE((sum - count) * window * 1'000'000, count * length);
        if (length < window * 1'000'000) {
          EXPECT_LE(sum, 2 * count);
        }
      }
    }
  }
}

TEST(TokenBucket, GivesWhatThereIsToWhoeverCannotBeRefused) {
  TokenBucket bucket(10, seconds{10});
  bucket.take_up_to(4, kStart);
  EXPECT_FALSE(bucket.take(7, kStart));
  bucket.take_up_to(1'000, kStart);
  EXPECT_FALSE(bucket.take(1, kStart));
  EXPECT_TRUE(bucket.take(3, kStart + seconds{3}));
  EXPECT_FALSE(bucket.take(1, kStart + seconds{3}));
}

// The wait that it names is right to the microsecond: then they are there, and not before.
TEST(TokenBucketProperties, NamesTheWaitExactly) {
  std::mt19937_64 dice(42);
  for (int round = 0; round < 2'000; ++round) {
    const auto count = static_cast<std::uint32_t>(1 + dice() % 1'000);
    TokenBucket bucket(count, seconds{1 + dice() % 100'000});
    Time now = kStart;
    for (int step = 0; step < 5; ++step) {
      const auto tokens = static_cast<std::uint32_t>(1 + dice() % count);
      const auto wait = bucket.wait_for(tokens, now);
      ASSERT_TRUE(wait);
      EXPECT_EQ(bucket.wait_for(tokens, now + *wait), microseconds{0});
      if (*wait > microseconds{0}) {
        EXPECT_EQ(bucket.wait_for(tokens, now + *wait - microseconds{1}), microseconds{1});
        EXPECT_FALSE(bucket.take(tokens, now + *wait - microseconds{1}));
      }
      EXPECT_TRUE(bucket.take(tokens, now + *wait));
      now += *wait + microseconds{dice() % 1'000'000};
    }
  }
}

// Whoever asks often gets as much in the long run as one who asks rarely: nothing is lost to rounding.
TEST(TokenBucketProperties, LosesNothingToRounding) {
  TokenBucket bucket(7, seconds{3'600});
  ASSERT_TRUE(bucket.take(7, kStart));
  int taken = 0;
  for (std::int64_t step = 1; step <= 7 * 36'000; ++step) {
    if (bucket.take(1, kStart + microseconds{step * 100'001})) ++taken;
  }
  EXPECT_EQ(taken, 49);
}

}  // namespace
}  // namespace portcullis::guard
