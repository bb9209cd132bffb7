// "Until when", at the edges of the clock.
#include "portcullis/base/deadline.hpp"

#include <gtest/gtest.h>

namespace portcullis::base {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::Clock;
using Point = Clock::time_point;

constexpr Point kNow{1h};

TEST(Deadline, IsNeverReachedByDefault) {
  EXPECT_TRUE(Deadline{}.is_never());
  EXPECT_FALSE(Deadline{}.reached(kNow));
  EXPECT_FALSE(Deadline{}.reached(Point::max() - 1ns));
}

TEST(Deadline, IsReachedAtItsPointAndAfter) {
  const Deadline deadline = Deadline::after(kNow, 5s);
  EXPECT_FALSE(deadline.is_never());
  EXPECT_EQ(deadline.at(), kNow + 5s);
  EXPECT_FALSE(deadline.reached(kNow + 5s - 1ns));
  EXPECT_TRUE(deadline.reached(kNow + 5s));
  EXPECT_TRUE(deadline.reached(kNow + 6s));
}

TEST(Deadline, AfterADelayBeyondTheClockIsNever) {
  // In a constant expression an overflow would not compile.
  constexpr Deadline longest = Deadline::after(kNow, Clock::duration::max());
  constexpr Deadline just_too_long = Deadline::after(kNow, Point::max() - kNow);
  constexpr Deadline just_in_time = Deadline::after(kNow, Point::max() - kNow - 1ns);
  EXPECT_TRUE(longest.is_never());
  EXPECT_TRUE(just_too_long.is_never());
  EXPECT_FALSE(just_in_time.is_never());
  EXPECT_EQ(just_in_time.at(), Point::max() - 1ns);
}

TEST(Deadline, AfterANegativeDelayHasPassed) {
  constexpr Deadline least = Deadline::after(kNow, Clock::duration::min());
  EXPECT_TRUE(least.reached(kNow));
  EXPECT_TRUE(Deadline::after(kNow, -1ns).reached(kNow));
  EXPECT_TRUE(Deadline::after(kNow, 0ns).reached(kNow));
}

TEST(Deadline, SortsByTimeWithNeverLast) {
  EXPECT_LT(Deadline::after(kNow, 1s), Deadline::after(kNow, 2s));
  EXPECT_LT(Deadline::after(kNow, 100h), Deadline{});
  EXPECT_EQ(Deadline{kNow}, Deadline::after(kNow, 0s));
}

}  // namespace
}  // namespace portcullis::base
