#include "net/log_waiters.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

namespace portcullis::net {
namespace {

class LogWaitersTest : public testing::Test {
 protected:
  LogWaitersTest() {
    waiters.ask([this] {
      ++looks;
      return durable.load();
    });
  }
  // Sets `over` when the wait has ended.
  void start(const void* who, std::uint64_t index, bool& over) {
    asio::co_spawn(context, waiters.wait(who, index),
                   [&over](std::exception_ptr failure) { over = !failure; });
    run();
  }
  // All that can be done without waiting.
  void run() {
    context.restart();
    context.poll();
  }
  void reach(std::uint64_t entries) {
    durable = entries;
    waiters.notify();
    run();
  }

  std::atomic<std::uint64_t> durable{0};
  int looks = 0;
  asio::io_context context{1};
  LogWaiters waiters{context};
  bool first = false, second = false;
  int me = 0, other = 0;
};

TEST_F(LogWaitersTest, WakesThoseWhoseEntryIsDurable) {
  start(&me, 1, first);
  start(&other, 2, second);
  durable = 2;
  run();
  EXPECT_FALSE(first);  // nobody has said so
  waiters.notify();
  run();
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  reach(3);
  EXPECT_TRUE(second);
}

TEST_F(LogWaitersTest, DoesNotWaitForWhatIsDurable) {
  durable = 6;
  start(&me, 5, first);
  EXPECT_TRUE(first);
}

TEST_F(LogWaitersTest, AFailedLogWakesAll) {
  start(&me, 1, first);
  start(&other, 1'000, second);
  reach(std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(first && second);
}

TEST_F(LogWaitersTest, InterruptsOneAlone) {
  start(&me, 1, first);
  start(&other, 1, second);
  waiters.interrupt(&me);
  EXPECT_FALSE(first);  // not from within
  run();
  EXPECT_TRUE(first);
  EXPECT_FALSE(second);
  reach(2);
  EXPECT_TRUE(second);
}

TEST_F(LogWaitersTest, SeveralNotificationsInARowLookOnce) {
  start(&me, 9, first);
  const int before = looks;
  for (int i = 0; i < 5; ++i) waiters.notify();
  run();
  EXPECT_EQ(looks, before + 1);
  waiters.notify();
  run();
  EXPECT_EQ(looks, before + 2);
}

TEST_F(LogWaitersTest, NobodyIsWokenWhereNobodyWaits) {
  start(&me, 0, first);
  reach(1);
  const int before = looks;
  waiters.notify();
  context.restart();
  EXPECT_EQ(context.poll(), 0u);
  EXPECT_EQ(looks, before);
}

asio::awaitable<void> wait_often(LogWaiters& waiters, const void* who, int times, std::atomic<int>& done) {
  for (int i = 0; i < times; ++i) {
    co_await waiters.wait(who, static_cast<std::uint64_t>(i));
    ++done;
  }
}

TEST_F(LogWaitersTest, WhoeverGoesOnMayWaitAnew) {
  std::atomic<int> done{0};
  asio::co_spawn(context, wait_often(waiters, &me, 3, done), [](std::exception_ptr) {});
  run();
  for (int i = 1; i <= 3; ++i) {
    reach(static_cast<std::uint64_t>(i));
    EXPECT_EQ(done, i);
  }
}

// Each entry becomes durable at the moment at which the wait for it begins: none may be slept over.
TEST_F(LogWaitersTest, NoWakeIsLostBetweenTwoThreads) {
  constexpr int kEntries = 20'000;
  waiters.ask([this] { return durable.load(); });
  std::atomic<int> done{0};
  auto work = asio::make_work_guard(context);
  asio::co_spawn(context, wait_often(waiters, &me, kEntries, done),
                 [&work](std::exception_ptr) { work.reset(); });
  std::thread writer([this, &done] {
    for (int i = 0; i < kEntries; ++i) {
      while (done < i) std::this_thread::yield();
      durable.fetch_add(1, std::memory_order_release);
      waiters.notify();
    }
  });
  context.restart();
  context.run_for(std::chrono::seconds(60));
  writer.join();
  EXPECT_EQ(done, kEntries);
}

TEST_F(LogWaitersTest, WhoStillWaitsAtTheEndIsLetGo) {
  auto own_context = std::make_unique<asio::io_context>(1);
  auto own = std::make_unique<LogWaiters>(*own_context);
  own->ask([] { return std::uint64_t{0}; });
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = held;
  asio::co_spawn(*own_context, own->wait(held.get(), 1), [held = std::move(held)](std::exception_ptr) {});
  own_context->poll();
  EXPECT_FALSE(weak.expired());
  own.reset();
  own_context.reset();
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace portcullis::net
