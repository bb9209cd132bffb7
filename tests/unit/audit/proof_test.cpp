// Proofs, made and checked by code that shares only the hash: every one of up to 130 leaves, and every way of
// spoiling one.
#include <gmock/gmock.h>

#include "audit/proof_check.hpp"
#include "audit/proof_make.hpp"
#include "tests/unit/audit/merkle.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::example_leaves;
using portcullis::testing::mth;
using portcullis::testing::some_leaves;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Path = std::vector<Hash>;

constexpr std::size_t kMost = 130;

// Answers from memory, and holds the maker to what its contract says of the ranges.
class LeavesInMemory : public LeafSource {
 public:
  explicit LeavesInMemory(std::vector<Hash> leaves) : leaves_(std::move(leaves)) {}

  base::Result<Path> range_roots(std::span<const LeafRange> ranges) override {
    ++asked;
    Path roots;
    std::uint64_t end = 0;
    for (const LeafRange& range : ranges) {
      EXPECT_LE(end, range.begin);
      EXPECT_LT(range.begin, range.end);
      end = range.end;
      roots.push_back(mth(std::span(leaves_).subspan(range.begin, range.end - range.begin)));
    }
    EXPECT_LE(end, leaves_.size());
    return roots;
  }

  int asked = 0;

 private:
  std::vector<Hash> leaves_;
};

struct Forest {
  explicit Forest(std::size_t count) : leaves(some_leaves(count)), source(leaves) {
    for (std::size_t n = 0; n <= count; ++n) roots.push_back(mth(std::span(leaves).first(n)));
  }
  Path leaves;
  LeavesInMemory source;
  Path roots;  // by size
};

// PATH(m, D[n]) and SUBPROOF(m, D[n], b) of RFC 6962, section 2.1, word by word.
Path path_by_definition(std::size_t m, std::span<const Hash> d) {
  if (d.size() == 1) return {};
  const std::size_t k = std::bit_floor(d.size() - 1);
  Path path = m < k ? path_by_definition(m, d.first(k)) : path_by_definition(m - k, d.subspan(k));
  path.push_back(m < k ? mth(d.subspan(k)) : mth(d.first(k)));
  return path;
}

Path subproof_by_definition(std::size_t m, std::span<const Hash> d, bool b) {
  if (m == d.size()) return b ? Path{} : Path{mth(d)};
  const std::size_t k = std::bit_floor(d.size() - 1);
  Path path =
      m <= k ? subproof_by_definition(m, d.first(k), b) : subproof_by_definition(m - k, d.subspan(k), false);
  path.push_back(m <= k ? mth(d.subspan(k)) : mth(d.first(k)));
  return path;
}

// What remains of a path with one bit changed, one hash left out, doubled, or put on one of its ends. A
// changed bit of every hash; all of its bits where `thorough`.
template <class Check>
void expect_only_the_path_itself(const Path& path, bool thorough, const Check& holds) {
  EXPECT_TRUE(holds(path));
  for (std::size_t i = 0; i < path.size(); ++i) {
    for (std::size_t bit = thorough ? 0 : (i * 37 + path.size() * 11) % 256; bit < 256;
         bit += thorough ? 1 : 256) {
      Path changed = path;
      changed[i][bit / 8] = static_cast<unsigned char>(changed[i][bit / 8] ^ (1u << (bit % 8)));
      EXPECT_FALSE(holds(changed)) << "bit " << bit << " of hash " << i;
    }
    const auto at = static_cast<Path::difference_type>(i);
    Path without = path, twice = path;
    without.erase(without.begin() + at);
    twice.insert(twice.begin() + at, path[i]);
    EXPECT_FALSE(holds(without)) << i;
    EXPECT_FALSE(holds(twice)) << i;
    if (i == 0) continue;
    Path swapped = path;
    std::swap(swapped[i - 1], swapped[i]);
    EXPECT_FALSE(holds(swapped)) << i;
  }
  for (const Hash& other : {Hash{}, empty_root()}) {
    Path longer = path;
    longer.push_back(other);
    EXPECT_FALSE(holds(longer));
    longer = path;
    longer.insert(longer.begin(), other);
    EXPECT_FALSE(holds(longer));
  }
}

TEST(Inclusion, OfTheExample) {
  const auto l = example_leaves();
  LeavesInMemory source(l);
  EXPECT_THAT(inclusion_path(source, 0, 3).value(), ElementsAre(l[1], l[2]));
  EXPECT_THAT(inclusion_path(source, 2, 3).value(), ElementsAre(node_hash(l[0], l[1])));
  EXPECT_TRUE(includes(l[0], 0, 3, mth(l), Path{l[1], l[2]}));
  EXPECT_TRUE(includes(l[2], 2, 3, mth(l), Path{node_hash(l[0], l[1])}));
}

TEST(Inclusion, IsProvenOfEveryLeafAndOfNothingElse) {
  Forest forest(kMost);
  for (std::size_t n = 1; n <= kMost; ++n) {
    for (std::size_t i = 0; i < n; ++i) {
      SCOPED_TRACE("leaf " + std::to_string(i) + " of " + std::to_string(n));
      const auto path = inclusion_path(forest.source, i, n).value();
      ASSERT_EQ(path, path_by_definition(i, std::span(forest.leaves).first(n)));
      expect_only_the_path_itself(
          path, n <= 12, [&](const Path& p) { return includes(forest.leaves[i], i, n, forest.roots[n], p); });
      for (std::size_t other = 0; other < kMost; ++other) {
        if (other == i) continue;
        ASSERT_FALSE(includes(forest.leaves[i], other, n, forest.roots[n], path)) << "index " << other;
        ASSERT_FALSE(includes(forest.leaves[other], i, n, forest.roots[n], path)) << "leaf " << other;
      }
    }
  }
}

// With the root of that size: a root alone does not fix how many leaves are under it.
TEST(Inclusion, IsRefusedForAnotherSize) {
  Forest forest(70);
  for (std::size_t n = 1; n <= 70; ++n) {
    for (std::size_t i = 0; i < n; ++i) {
      const auto path = inclusion_path(forest.source, i, n).value();
      for (std::size_t other = 0; other <= 70; ++other) {
        if (other == n) continue;
        ASSERT_FALSE(includes(forest.leaves[i], i, other, forest.roots[other], path))
            << i << ' ' << n << ' ' << other;
      }
    }
  }
}

// With a root that is what the hashes come to: only the path's length is wrong.
TEST(Inclusion, IsRefusedOfAPathThatIsTooLongOrTooShort) {
  Forest forest(40);
  const Hash more = leaf_hash("more");
  for (std::size_t n = 1; n <= 40; ++n) {
    for (std::size_t i = 0; i < n; ++i) {
      Path path = inclusion_path(forest.source, i, n).value();
      path.push_back(more);
      for (const Hash& above : {node_hash(more, forest.roots[n]), node_hash(forest.roots[n], more)}) {
        ASSERT_FALSE(includes(forest.leaves[i], i, n, above, path)) << i << ' ' << n;
      }
      if (n == 1) continue;
      path.resize(path.size() - 2);
      const std::size_t k = std::bit_floor(n - 1);
      const auto child =
          i < k ? std::span(forest.leaves).first(k) : std::span(forest.leaves).subspan(k, n - k);
      ASSERT_FALSE(includes(forest.leaves[i], i, n, mth(child), path)) << i << ' ' << n;
    }
  }
}

TEST(Inclusion, AtTheEdges) {
  Forest forest(3);
  EXPECT_THAT(inclusion_path(forest.source, 0, 1).value(), IsEmpty());
  EXPECT_EQ(forest.source.asked, 0);
  EXPECT_TRUE(includes(forest.leaves[0], 0, 1, forest.leaves[0], {}));
  EXPECT_FALSE(includes(forest.leaves[0], 0, 1, forest.leaves[0], Path{forest.leaves[1]}));
  EXPECT_FALSE(includes(forest.leaves[0], 0, 0, empty_root(), {}));
  EXPECT_FALSE(includes(empty_root(), 0, 0, empty_root(), {}));
  EXPECT_FALSE(includes(forest.leaves[0], UINT64_MAX, UINT64_MAX, forest.leaves[0], {}));
  EXPECT_FALSE(includes(forest.leaves[0], UINT64_MAX - 1, UINT64_MAX, forest.roots[3], Path(64)));
  EXPECT_FALSE(includes(forest.leaves[0], 0, UINT64_MAX, forest.roots[3], Path(65)));
}

TEST(Inclusion, IsNotMadeOfALeafThatThereIsNot) {
  LeavesInMemory source(some_leaves(3));
  for (const std::uint64_t size : {0u, 2u, 3u}) {
    const auto path = inclusion_path(source, size, size);
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().code, base::sqlstate::invalid_parameter_value);
    EXPECT_THAT(path.error().message, HasSubstr("give an index below"));
  }
  EXPECT_EQ(source.asked, 0);
}

TEST(Consistency, OfTheExample) {
  const auto l = example_leaves();
  LeavesInMemory source(l);
  EXPECT_THAT(consistency_path(source, 1, 3).value(), ElementsAre(l[1], l[2]));
  EXPECT_THAT(consistency_path(source, 2, 3).value(), ElementsAre(l[2]));
  EXPECT_TRUE(extends(1, l[0], 3, mth(l), Path{l[1], l[2]}));
  EXPECT_TRUE(extends(2, node_hash(l[0], l[1]), 3, mth(l), Path{l[2]}));
}

TEST(Consistency, IsProvenOfEveryPairAndOfNothingElse) {
  Forest forest(kMost);
  for (std::size_t n = 1; n <= kMost; ++n) {
    for (std::size_t m = 1; m < n; ++m) {
      SCOPED_TRACE(std::to_string(m) + " of " + std::to_string(n));
      const auto path = consistency_path(forest.source, m, n).value();
      ASSERT_EQ(path, subproof_by_definition(m, std::span(forest.leaves).first(n), true));
      expect_only_the_path_itself(
          path, n <= 12, [&](const Path& p) { return extends(m, forest.roots[m], n, forest.roots[n], p); });
    }
  }
}

TEST(Consistency, IsRefusedForOtherSizesAndRoots) {
  constexpr std::size_t most = 48;
  Forest forest(most);
  const auto& roots = forest.roots;
  for (std::size_t n = 1; n <= most; ++n) {
    for (std::size_t m = 1; m < n; ++m) {
      const auto path = consistency_path(forest.source, m, n).value();
      for (std::size_t other = 0; other <= most; ++other) {
        SCOPED_TRACE(std::to_string(m) + " of " + std::to_string(n) + ", " + std::to_string(other));
        ASSERT_EQ(extends(other, roots[other], n, roots[n], path), other == m);
        ASSERT_EQ(extends(m, roots[m], other, roots[other], path), other == n);
        ASSERT_EQ(extends(m, roots[other], n, roots[n], path), other == m);
        ASSERT_EQ(extends(m, roots[m], n, roots[other], path), other == n);
      }
    }
  }
}

// As for inclusion: roots that the hashes come to.
TEST(Consistency, IsRefusedOfAPathThatIsTooLongOrTooShort) {
  Forest forest(40);
  const auto& roots = forest.roots;
  const Hash more = leaf_hash("more");
  for (std::size_t n = 2; n <= 40; ++n) {
    for (std::size_t m = 1; m < n; ++m) {
      Path path = consistency_path(forest.source, m, n).value();
      path.push_back(more);
      ASSERT_FALSE(extends(m, node_hash(more, roots[m]), n, node_hash(more, roots[n]), path))
          << m << ' ' << n;
      ASSERT_FALSE(extends(m, roots[m], n, node_hash(roots[n], more), path)) << m << ' ' << n;
      const std::size_t k = std::bit_floor(n - 1);
      if (m > k) continue;
      path.resize(path.size() - 2);
      ASSERT_FALSE(extends(m, roots[m], n, roots[k], path)) << m << ' ' << n;
    }
  }
}

// Two histories that part at one leaf, where the old tree has it.
TEST(Consistency, IsRefusedWhereTheOldLeavesAreOthers) {
  Forest told(33);
  for (std::size_t changed = 0; changed < 33; ++changed) {
    auto leaves = told.leaves;
    leaves[changed] = leaf_hash("another story");
    LeavesInMemory source(leaves);
    for (std::size_t m = changed + 1; m < 33; ++m) {
      const auto path = consistency_path(source, m, 33).value();
      EXPECT_FALSE(extends(m, told.roots[m], 33, mth(leaves), path)) << changed << ' ' << m;
      const auto honest = consistency_path(told.source, m, 33).value();
      EXPECT_FALSE(extends(m, told.roots[m], 33, mth(leaves), honest)) << changed << ' ' << m;
    }
  }
}

TEST(Consistency, OfEqualSizesIsThatOfTheRoots) {
  Forest forest(9);
  for (std::size_t n = 0; n <= 9; ++n) {
    EXPECT_THAT(consistency_path(forest.source, n, n).value(), IsEmpty());
    EXPECT_TRUE(extends(n, forest.roots[n], n, forest.roots[n], {})) << n;
    EXPECT_FALSE(extends(n, forest.roots[n], n, leaf_hash("other"), {})) << n;
    EXPECT_FALSE(extends(n, forest.roots[n], n, forest.roots[n], Path{forest.roots[n]})) << n;
  }
  // Equal, and yet no tree's root.
  EXPECT_FALSE(extends(0, leaf_hash("x"), 0, leaf_hash("x"), {}));
}

TEST(Consistency, WithTheEmptyTreeNeedsItsRootAndNothingElse) {
  Forest forest(9);
  for (std::size_t n = 0; n <= 9; ++n) {
    EXPECT_THAT(consistency_path(forest.source, 0, n).value(), IsEmpty());
    EXPECT_TRUE(extends(0, empty_root(), n, forest.roots[n], {})) << n;
    EXPECT_FALSE(extends(0, Hash{}, n, forest.roots[n], {})) << n;
    EXPECT_FALSE(extends(0, empty_root(), n, forest.roots[n], Path{forest.roots[n]})) << n;
  }
  EXPECT_EQ(forest.source.asked, 0);
}

TEST(Consistency, NeverGoesBack) {
  Forest forest(9);
  for (std::size_t n = 0; n < 9; ++n) {
    const auto path = consistency_path(forest.source, 9, n);
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().code, base::sqlstate::invalid_parameter_value);
    EXPECT_FALSE(extends(9, forest.roots[9], n, forest.roots[n], {})) << n;
    const auto forth = consistency_path(forest.source, n, 9).value();
    EXPECT_FALSE(extends(9, forest.roots[9], n, forest.roots[n], forth)) << n;
  }
}

TEST(Consistency, EndsWithTheLargestSizesToo) {
  EXPECT_FALSE(extends(UINT64_MAX - 1, Hash{}, UINT64_MAX, Hash{}, Path(64)));
  EXPECT_FALSE(extends(std::uint64_t{1} << 63, Hash{}, UINT64_MAX, Hash{}, Path(64)));
  EXPECT_FALSE(extends(UINT64_MAX >> 1, Hash{}, UINT64_MAX, Hash{}, Path(65)));
  EXPECT_FALSE(extends(3, Hash{}, 5, Hash{}, {}));
}

// A source that cannot read, and one that answers something else than it was asked.
class BrokenSource : public LeafSource {
 public:
  explicit BrokenSource(base::Result<Path> answer) : answer_(std::move(answer)) {}
  base::Result<Path> range_roots(std::span<const LeafRange>) override { return answer_; }

 private:
  base::Result<Path> answer_;
};

TEST(ProofMaker, HandsOnWhatTheSourceSays) {
  BrokenSource unreadable(base::Error{base::sqlstate::io_error, "no disk"});
  EXPECT_EQ(inclusion_path(unreadable, 1, 3).error().message, "no disk");
  EXPECT_EQ(consistency_path(unreadable, 1, 3).error().message, "no disk");
  BrokenSource short_of_one(Path(1));
  EXPECT_EQ(inclusion_path(short_of_one, 1, 3).error().code, base::sqlstate::internal_error);
}

}  // namespace
}  // namespace portcullis::audit
