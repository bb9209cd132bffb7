#include "net/waiters.hpp"

#include <gtest/gtest.h>

#include <exception>

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;

class WaitersTest : public testing::Test {
 protected:
  // Sets `over` when the wait has ended.
  void start(const void* who, bool& over, std::chrono::milliseconds longest = 1h) {
    asio::co_spawn(context, waiters.wait(who, longest),
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

TEST_F(WaitersTest, WakesAllWhoWait) {
  start(&me, first);
  start(&other, second);
  EXPECT_FALSE(first || second);
  waiters.notify();
  waiters.notify();
  run();
  EXPECT_TRUE(first && second);
}

TEST_F(WaitersTest, InterruptsOneAlone) {
  start(&me, first);
  start(&other, second);
  waiters.interrupt(&me);
  run();
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
}

TEST_F(WaitersTest, EndsWhenTheTimeIsUp) {
  start(&me, first, 0ms);
  context.restart();
  context.run_one();
  EXPECT_TRUE(first);
}

}  // namespace
}  // namespace portcullis::net
