// Both trees, the writer's and the verifier's, against the definition and against each other.
#include "audit/tree.hpp"

#include <gmock/gmock.h>

#include "audit/range_tree.hpp"
#include "tests/unit/audit/merkle.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::example_leaves;
using portcullis::testing::mth;
using portcullis::testing::some_leaves;
using ::testing::ElementsAreArray;

constexpr std::size_t kMost = 130;

// The leaves that the implementations of Certificate Transparency test with, and the roots of the first n.
const std::vector<std::string> kKnownLeaves{
    "",
    std::string(1, '\0'),
    "\x10",
    "\x20\x21",
    "\x30\x31",
    "\x40\x41\x42\x43",
    "\x50\x51\x52\x53\x54\x55\x56\x57",
    "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
constexpr std::string_view kKnownRoots[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

Frontier frontier_of(std::span<const Hash> leaves) {
  Frontier frontier;
  for (const Hash& leaf : leaves) frontier.append(leaf);
  return frontier;
}

RangeTree range_of(std::span<const Hash> leaves, std::size_t begin, std::size_t end) {
  RangeTree range(begin);
  for (std::size_t i = begin; i < end; ++i) range.append(leaves[i]);
  return range;
}

TEST(Frontier, HasTheRootsOfTheExample) {
  Frontier frontier;
  EXPECT_EQ(to_hex(frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const auto leaves = example_leaves();
  frontier.append(leaves[0]);
  EXPECT_EQ(frontier.root(), leaves[0]);
  frontier.append(leaves[1]);
  EXPECT_EQ(to_hex(frontier.root()), "373c8c7521b3dcb9676578f3130a3094a4d73efd57bb608779b9b3ab901d4f21");
  frontier.append(leaves[2]);
  EXPECT_EQ(to_hex(frontier.root()), "480753836f149e4a918132be7fc8273e21ae2948665f4b2053b47225cdd0128a");
}

TEST(Frontier, HasTheRootsThatOtherImplementationsHave) {
  Frontier frontier;
  for (std::size_t i = 0; i < kKnownLeaves.size(); ++i) {
    frontier.append(leaf_hash(kKnownLeaves[i]));
    EXPECT_EQ(to_hex(frontier.root()), kKnownRoots[i]) << i;
  }
}

TEST(Frontier, HasTheRootOfTheDefinitionAtEverySize) {
  const auto leaves = some_leaves(kMost);
  Frontier frontier;
  for (std::size_t n = 0; n <= kMost; ++n) {
    EXPECT_EQ(frontier.size(), n);
    EXPECT_EQ(frontier.root(), mth(std::span(leaves).first(n))) << n;
    if (n < kMost) frontier.append(leaves[n]);
  }
}

TEST(Frontier, GoesOnFromItsHashes) {
  const auto leaves = some_leaves(kMost);
  for (std::size_t n = 0; n <= kMost; ++n) {
    const Frontier kept = frontier_of(std::span(leaves).first(n));
    auto again = Frontier::from(kept.size(), kept.hashes());
    ASSERT_TRUE(again) << n;
    for (std::size_t i = n; i < kMost; ++i) again->append(leaves[i]);
    EXPECT_EQ(again->root(), mth(leaves)) << n;
  }
}

TEST(Frontier, KeepsTheRootsOfTheFullSubtreesFromLeftToRight) {
  const auto leaves = some_leaves(13);
  const auto all = std::span(leaves);
  const Frontier frontier = frontier_of(all);
  EXPECT_THAT(frontier.hashes(), ElementsAreArray({mth(all.first(8)), mth(all.subspan(8, 4)), leaves[12]}));
}

TEST(Frontier, IsNotMadeFromAnotherNumberOfHashes) {
  const std::vector<Hash> hashes(64);
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{6}, std::uint64_t{255}}) {
    for (std::size_t count = 0; count <= hashes.size(); ++count) {
      const bool fits = count == static_cast<std::size_t>(std::popcount(size));
      EXPECT_EQ(Frontier::from(size, std::span(hashes).first(count)).has_value(), fits)
          << size << ' ' << count;
      EXPECT_EQ(RangeTree::from_frontier(size, std::span(hashes).first(count)).has_value(), fits);
    }
  }
}

TEST(RangeTree, HasTheRootAndTheFrontierThatTheWriterHas) {
  const auto leaves = some_leaves(kMost);
  Frontier frontier;
  RangeTree range(0);
  for (std::size_t n = 0; n <= kMost; ++n) {
    EXPECT_EQ(range.end(), n);
    EXPECT_EQ(range.root(), mth(std::span(leaves).first(n))) << n;
    EXPECT_THAT(range.hashes(), ElementsAreArray(frontier.hashes())) << n;
    if (n == kMost) break;
    range.append(leaves[n]);
    frontier.append(leaves[n]);
  }
}

TEST(RangeTree, IsTheSameInHowManyPartsItIsRead) {
  const auto leaves = some_leaves(40);
  for (std::size_t a = 0; a <= leaves.size(); ++a) {
    for (std::size_t b = a; b <= leaves.size(); ++b) {
      RangeTree whole = range_of(leaves, 0, a);
      RangeTree end = range_of(leaves, a, b);
      ASSERT_TRUE(end.merge(range_of(leaves, b, leaves.size())));
      EXPECT_EQ(end.hashes(), range_of(leaves, a, leaves.size()).hashes()) << a << ' ' << b;
      ASSERT_TRUE(whole.merge(end));
      EXPECT_EQ(whole.end(), leaves.size());
      EXPECT_EQ(whole.root(), mth(leaves)) << a << ' ' << b;
    }
  }
}

TEST(RangeTree, GoesOnFromAFrontier) {
  const auto leaves = some_leaves(kMost);
  for (std::size_t n = 0; n <= kMost; ++n) {
    auto range = RangeTree::from_frontier(n, frontier_of(std::span(leaves).first(n)).hashes());
    ASSERT_TRUE(range && range->merge(range_of(leaves, n, kMost))) << n;
    EXPECT_EQ(range->root(), mth(leaves)) << n;
  }
}

TEST(RangeTree, JoinsOnlyWithItsNeighbour) {
  const auto leaves = some_leaves(8);
  RangeTree left = range_of(leaves, 0, 3);
  const auto before = left.hashes();
  for (const std::size_t begin : {0u, 2u, 4u}) EXPECT_FALSE(left.merge(range_of(leaves, begin, 8))) << begin;
  EXPECT_EQ(left.hashes(), before);
  EXPECT_EQ(left.end(), 3u);
}

TEST(RangeTree, HasNoRootWithoutTheBeginning) {
  const auto leaves = some_leaves(8);
  EXPECT_EQ(range_of(leaves, 4, 8).root(), std::nullopt);
  EXPECT_EQ(RangeTree(0).root(), empty_root());
}

// Else a leaf could be made that passes for a whole subtree.
TEST(NodeHash, IsNeverThatOfALeafOfTheSameBytes) {
  const auto leaves = example_leaves();
  std::string both;
  for (const std::size_t i : {0u, 1u}) {
    both.append(reinterpret_cast<const char*>(leaves[i].data()), leaves[i].size());
  }
  EXPECT_NE(node_hash(leaves[0], leaves[1]), leaf_hash(both));
  EXPECT_NE(node_hash(leaves[0], leaves[1]), node_hash(leaves[1], leaves[0]));
}

}  // namespace
}  // namespace portcullis::audit
