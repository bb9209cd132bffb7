#include "net/accepting.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;

constexpr SecondlyCount::Time kStart{std::chrono::hours(1)};

TEST(IndexOfLeast, IsThatOfTheSmallestNumber) {
  for (std::size_t first = 0; first < 6; ++first) {
    EXPECT_EQ(index_of_least({3, 1, 2}, first), 1u);
    EXPECT_EQ(index_of_least({7}, first), 0u);
  }
}

TEST(IndexOfLeast, GoesRoundAmongEquals) {
  EXPECT_EQ(index_of_least({2, 2, 2}, 0), 0u);
  EXPECT_EQ(index_of_least({2, 2, 2}, 1), 1u);
  EXPECT_EQ(index_of_least({2, 2, 2}, 3), 0u);
  EXPECT_EQ(index_of_least({2, 5, 2}, 1), 2u);
}

// As a health probe does that looks in before every session.
TEST(IndexOfLeast, SpreadsWhatStaysWhateverGoesInBetween) {
  std::vector<std::size_t> sessions(2);
  std::size_t first = 0;
  const auto come = [&] {
    const auto chosen = index_of_least(sessions, first);
    first = chosen + 1;
    ++sessions[chosen];
    return chosen;
  };
  for (int i = 0; i < 8; ++i) {
    const auto probe = come();
    --sessions[probe];
    come();
  }
  EXPECT_EQ(sessions, (std::vector<std::size_t>{4, 4}));
}

TEST(Places, AreGivenBackAtTheirEnd) {
  Places places(2);
  auto one = places.take();
  {
    const auto two = places.take();
    ASSERT_TRUE(one && two);
    EXPECT_FALSE(places.take());
    const auto moved = std::move(*one);
    EXPECT_EQ(places.taken(), 2u);
  }
  one.reset();
  EXPECT_EQ(places.taken(), 0u);
}

TEST(Places, AreNeverMoreThanThereAre) {
  Places places(3);
  std::atomic<std::size_t> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        const auto place = places.take();
        if (const auto taken = places.taken(); taken > most) most = taken;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 3u);
  EXPECT_EQ(places.taken(), 0u);
}

TEST(SecondlyCount, TellsAtOnceAndThenOnceASecondHowOften) {
  SecondlyCount count;
  EXPECT_EQ(count.note(kStart), 1u);
  for (int i = 1; i <= 9; ++i) EXPECT_FALSE(count.note(kStart + i * 100ms));
  EXPECT_EQ(count.note(kStart + 1s), 10u);
  EXPECT_FALSE(count.note(kStart + 1999ms));
  EXPECT_EQ(count.note(kStart + 60s), 2u);
}

TEST(SpareDescriptor, IsLentOnce) {
  SpareDescriptor spare;
  EXPECT_TRUE(spare.lend());
  EXPECT_FALSE(spare.lend());
  spare.take_back();
  EXPECT_TRUE(spare.lend());
}

}  // namespace
}  // namespace portcullis::net
