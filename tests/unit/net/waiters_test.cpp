#include "net/waiters.hpp"

#include <gtest/gtest.h>

#include <exception>

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;

class WaitersTest : public testing::Test {
 protected:
  // Sets `over` when the wait has ended.
  void start(const void* who, Waiters::Check is_due, bool& over,
             std::optional<std::chrono::milliseconds> longest = std::nullopt) {
    asio::co_spawn(context, waiters.wait(who, std::move(is_due), longest),
                   [&over](std::exception_ptr failure) { over = !failure; });
    run();
  }
  // All that can be done without waiting.
  void run() {
    context.restart();
    context.poll();
  }

  asio::io_context context{1};
  Waiters waiters{context};
  bool first = false, second = false;
  int me = 0, other = 0;
};

TEST_F(WaitersTest, WakesThoseWhoseTimeHasCome) {
  int durable = 1;
  start(
      &me, [&] { return durable > 1; }, first);
  start(
      &other, [&] { return durable > 2; }, second);
  durable = 2;
  run();
  EXPECT_FALSE(first);  // nobody has said so
  waiters.notify();
  run();
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  durable = 3;
  waiters.notify();
  run();
  EXPECT_TRUE(second);
}

TEST_F(WaitersTest, InterruptsOneAlone) {
  start(
      &me, [] { return false; }, first);
  start(
      &other, [] { return false; }, second);
  waiters.interrupt(&me);
  run();
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
}

TEST_F(WaitersTest, EndsWhenTheTimeIsUp) {
  start(
      &me, [] { return false; }, first, 0ms);
  context.restart();
  context.run_one();
  EXPECT_TRUE(first);
}

TEST_F(WaitersTest, SeveralNotificationsInARowLookOnce) {
  int looks = 0;
  const auto look = [&] {
    ++looks;
    return false;
  };
  start(&me, look, first);
  for (int i = 0; i < 5; ++i) waiters.notify();
  run();
  EXPECT_EQ(looks, 1);
  waiters.notify();
  run();
  EXPECT_EQ(looks, 2);
}

TEST_F(WaitersTest, WhoWaitsAfterANotificationThatIsOnItsWayIsLookedAtToo) {
  waiters.notify();
  bool has_come = false;
  asio::co_spawn(context, waiters.wait(&me, [&] { return has_come; }),
                 [this](std::exception_ptr) { first = true; });
  has_come = true;
  waiters.notify();
  run();
  waiters.notify();
  run();
  EXPECT_TRUE(first);
}

}  // namespace
}  // namespace portcullis::net
