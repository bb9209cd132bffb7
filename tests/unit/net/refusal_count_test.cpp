#include "net/refusal_count.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;
using Next = RefusalCount::Next;
using Lines = std::vector<std::string>;

constexpr RefusalCount::Time kStart{std::chrono::hours(1)};

Lines lines(const std::vector<RefusalCount::Counted>& counted) {
  Lines made;
  for (const auto& one : counted)
    made.push_back(one.address + " " + one.sqlstate + " " + std::to_string(one.count));
  return made;
}

TEST(RefusalCount, TheFirstOfEachAddressAndCodeHasAnEntry) {
  RefusalCount refusals;
  EXPECT_EQ(refusals.note("a", "28P01", kStart), Next::record);
  EXPECT_EQ(refusals.note("b", "28P01", kStart), Next::record);
  EXPECT_EQ(refusals.note("a", "53300", kStart), Next::record);
  EXPECT_EQ(refusals.note("a", "28P01", kStart), Next::count_first);
  EXPECT_EQ(refusals.note("a", "28P01", kStart + 900ms), Next::count);
  EXPECT_EQ(refusals.note("b", "28P01", kStart + 900ms), Next::count_first);
  EXPECT_EQ(lines(refusals.take(kStart + 1s)), (Lines{"a 28P01 2", "b 28P01 1"}));
  EXPECT_EQ(lines(refusals.take(kStart + 9s)), Lines{});
}

TEST(RefusalCount, IsToldOnceASecondWhileTheyGoOn) {
  RefusalCount refusals;
  EXPECT_EQ(refusals.note("a", "28P01", kStart), Next::record);
  EXPECT_EQ(refusals.note("a", "28P01", kStart + 500ms), Next::count_first);
  EXPECT_EQ(lines(refusals.take(kStart + 999ms)), Lines{});
  EXPECT_EQ(lines(refusals.take(kStart + 1500ms)), Lines{"a 28P01 1"});
  EXPECT_EQ(refusals.note("a", "28P01", kStart + 2400ms), Next::count_first);
  EXPECT_EQ(lines(refusals.take(kStart + 2400ms)), Lines{});
  EXPECT_EQ(lines(refusals.take(kStart + 3400ms)), Lines{"a 28P01 1"});
  // A second without any, and the next one is the first again.
  EXPECT_EQ(refusals.note("a", "28P01", kStart + 4400ms), Next::record);
}

TEST(RefusalCount, WhatWasNotToldIsNotForgotten) {
  RefusalCount refusals;
  EXPECT_EQ(refusals.note("a", "28P01", kStart), Next::record);
  EXPECT_EQ(refusals.note("a", "28P01", kStart), Next::count_first);
  EXPECT_EQ(refusals.note("a", "28P01", kStart + 1h), Next::count);
  const auto taken = refusals.take(kStart + 1h);
  ASSERT_EQ(lines(taken), Lines{"a 28P01 2"});
  refusals.put_back(taken.front(), kStart + 1h);
  EXPECT_EQ(refusals.note("a", "28P01", kStart + 1h), Next::count);
  EXPECT_EQ(lines(refusals.take(kStart + 1h)), Lines{});
  EXPECT_EQ(lines(refusals.take(kStart + 1h + 1s)), Lines{"a 28P01 3"});
}

// An entry that the log did not take.
TEST(RefusalCount, TheFirstCanBePutBackToo) {
  RefusalCount refusals;
  EXPECT_EQ(refusals.note("a", "28P01", kStart), Next::record);
  refusals.put_back({"a", "28P01", 1}, kStart);
  EXPECT_EQ(refusals.note("a", "28P01", kStart), Next::count);
  EXPECT_EQ(lines(refusals.take_all()), Lines{"a 28P01 2"});
}

TEST(RefusalCount, ManyAddressesShareOne) {
  RefusalCount refusals;
  std::size_t alone = 0;
  for (int i = 0; i < 1'000; ++i)
    alone += refusals.note("a" + std::to_string(i), "28P01", kStart) == Next::record ? 1 : 0;
  EXPECT_EQ(alone, RefusalCount::kMostFloods);
  const auto others = "  " + std::to_string(1'000 - alone);
  EXPECT_EQ(lines(refusals.take(kStart + 1s)), Lines{others});
  // Those who are known by then keep their own.
  EXPECT_EQ(refusals.note("a0", "28P01", kStart + 999ms), Next::count_first);
  EXPECT_EQ(lines(refusals.take(kStart + 2s)), Lines{"a0 28P01 1"});
}

TEST(RefusalCount, LosesNoneAmongThreads) {
  RefusalCount refusals;
  std::atomic<std::uint64_t> recorded{0}, counted{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 5'000; ++i) {
        const auto now = kStart + std::chrono::milliseconds(i);
        if (refusals.note(std::to_string((i + thread) % 30), "28P01", now) == Next::record) ++recorded;
        if (i % 50 != 0) continue;
        for (const auto& one : refusals.take(now)) counted += one.count;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& one : refusals.take_all()) counted += one.count;
  EXPECT_EQ(recorded + counted, 20'000U);
}

}  // namespace
}  // namespace portcullis::net
