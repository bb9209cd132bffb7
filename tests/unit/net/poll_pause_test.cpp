#include "net/poll_pause.hpp"

#include <gtest/gtest.h>

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;
using Duration = std::chrono::steady_clock::duration;

TEST(PollPause, QuickLooksAreAsFrequentAsAskedFor) {
  EXPECT_EQ(pause_after(0ms, 1s, 30s), 1s);
  EXPECT_EQ(pause_after(10ms, 1s, 30s), 1s);
}

TEST(PollPause, SlowLooksTakeAHundredthOfTheTime) {
  EXPECT_EQ(pause_after(100ms, 1s, 30s), 9'900ms);
  EXPECT_EQ(pause_after(1s, 1s, 10min), 99s);
  for (const Duration took : {1ms, 11ms, 50ms, 149ms}) {
    EXPECT_LE(took * 100, took + pause_after(took, 1s, 30s)) << took.count();
  }
}

TEST(PollPause, TheNextLookIsOverAtHalfTheAgeThatIsTrusted) {
  for (const Duration took : {150ms, 151ms, 2000ms, 13000ms}) {
    EXPECT_EQ(took + pause_after(took, 1s, 30s), 15s) << took.count();
  }
}

TEST(PollPause, IsNeverShorterThanAskedFor) {
  EXPECT_EQ(pause_after(14s + 500ms, 1s, 30s), 1s);
  EXPECT_EQ(pause_after(10min, 1s, 30s), 1s);
  EXPECT_EQ(pause_after(1s, 29s, 30s), 29s);
}

TEST(PollPause, NoTimeIsTooLongToBeReckonedWith) {
  EXPECT_EQ(pause_after(Duration::max(), 1s, 24h), 1s);
  EXPECT_EQ(pause_after(Duration::max() / 50, 1s, Duration::max()),
            Duration::max() / 2 - Duration::max() / 50);
}

}  // namespace
}  // namespace portcullis::net
