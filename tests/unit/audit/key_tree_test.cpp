// What is erased of a tree of keys is gone, and all else is what it was.
#include "audit/key_tree.hpp"

#include <random>
#include <set>

#include <gmock/gmock.h>

#include "tests/unit/audit/sealing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::key_of_bytes;

const KeyTree kWhole(key_of_bytes(3));

// The slots whose keys are looked at: around each erased one, and some by chance.
std::set<std::uint32_t> slots_to_ask(const std::set<std::uint32_t>& erased, std::mt19937& random) {
  std::set<std::uint32_t> asked{0, kSlots / 2, kSlots - 1};
  for (const auto slot : erased) {
    if (asked.size() > 300) break;
    asked.insert({slot, slot > 0 ? slot - 1 : 0, std::min(slot + 1, kSlots - 1), slot ^ 1u});
  }
  for (int i = 0; i < 100; ++i) asked.insert(static_cast<std::uint32_t>(random() % kSlots));
  return asked;
}

void expect_erased(const KeyTree& tree, const std::set<std::uint32_t>& erased, std::mt19937& random) {
  for (const auto slot : slots_to_ask(erased, random)) {
    const auto key = tree.key_of(slot);
    ASSERT_EQ(key.has_value(), erased.count(slot) == 0) << slot;
    ASSERT_EQ(tree.has(slot), key.has_value()) << slot;
    ASSERT_TRUE(!key || key == kWhole.key_of(slot)) << slot;
  }
}

TEST(KeyTree, HasAKeyOfEachSlot) {
  EXPECT_TRUE(kWhole.has(0));
  EXPECT_TRUE(kWhole.has(kSlots - 1));
  EXPECT_FALSE(kWhole.has(kSlots));
  EXPECT_FALSE(kWhole.key_of(UINT64_MAX));
  EXPECT_NE(kWhole.key_of(0), kWhole.key_of(1));
  EXPECT_FALSE(KeyTree().has(0));
  EXPECT_TRUE(KeyTree().is_empty());
}

TEST(KeyTree, LeavesTwentyNodesBesideOneSlot) {
  for (const std::uint32_t slot : {0u, 5u, kSlots / 2 - 1, kSlots - 1}) {
    KeyTree tree = kWhole;
    tree.erase(slot, slot);
    EXPECT_EQ(tree.nodes().size(), kTreeDepth);
    std::mt19937 random(slot);
    expect_erased(tree, {slot}, random);
  }
}

TEST(KeyTree, HasNothingLeftOfWhatIsErasedAsAWhole) {
  KeyTree tree = kWhole;
  tree.erase(0, kSlots - 1);
  EXPECT_TRUE(tree.is_empty());
  tree = kWhole;
  tree.erase_all();
  EXPECT_FALSE(tree.has(7));
}

TEST(KeyTree, ErasesWhatWasErasedOnceMore) {
  KeyTree tree = kWhole;
  tree.erase(9, 9);
  const std::size_t nodes = tree.nodes().size();
  tree.erase(9, 9);
  tree.erase(9, 8);
  EXPECT_EQ(tree.nodes().size(), nodes);
}

TEST(KeyTree, ErasesByChance) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    KeyTree tree = kWhole;
    std::set<std::uint32_t> erased;
    for (int step = 0; step < 12; ++step) {
      const auto first = static_cast<std::uint32_t>(random() % kSlots);
      const std::uint32_t length = random() % 3 == 0 ? static_cast<std::uint32_t>(random() % 200) : 0;
      const std::uint32_t last = std::min(first + length, kSlots - 1);
      const std::size_t before = tree.nodes().size();
      tree.erase(first, last);
      EXPECT_LE(tree.nodes().size(), before + (length == 0 ? kTreeDepth - 1 : 2 * kTreeDepth));
      for (std::uint32_t slot = first; slot <= last; ++slot) erased.insert(slot);
    }
    ASSERT_NO_FATAL_FAILURE(expect_erased(tree, erased, random)) << "seed " << seed;
  }
}

TEST(KeyTree, IsMadeAgainOfItsNodes) {
  KeyTree tree = kWhole;
  tree.erase(100, 5'000);
  tree.erase(70'000, 70'000);
  KeyTree again;
  for (const auto& node : tree.nodes()) ASSERT_TRUE(again.append(node));
  std::mt19937 random(1);
  std::set<std::uint32_t> erased{70'000};
  for (std::uint32_t slot = 100; slot <= 5'000; ++slot) erased.insert(slot);
  expect_erased(again, erased, random);
}

TEST(KeyTree, TakesNoNodeThatIsNoneOrOverlaps) {
  KeyTree tree;
  EXPECT_FALSE(tree.append({21, 0, {}}));
  EXPECT_FALSE(tree.append({0, 1, {}}));
  EXPECT_FALSE(tree.append({20, kSlots, {}}));
  ASSERT_TRUE(tree.append({2, 1, {}}));
  EXPECT_FALSE(tree.append({2, 1, {}}));
  EXPECT_FALSE(tree.append({2, 0, {}}));
  EXPECT_FALSE(tree.append({1, 0, {}}));
  EXPECT_FALSE(tree.append({20, kSlots / 2 - 1, {}})) << "within the node before";
  EXPECT_TRUE(tree.append({20, kSlots / 2, {}}));
  EXPECT_EQ(tree.nodes().size(), 2u);
}

}  // namespace
}  // namespace portcullis::audit
