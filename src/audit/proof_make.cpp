#include "audit/proof_make.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace portcullis::audit {
namespace {

base::Error refuse(std::string message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(message)};
}

// Where a tree parts into its children: behind the largest power of two that is smaller than its size.
std::uint64_t middle(const LeafRange& tree) {
  return tree.begin + std::bit_floor(tree.end - tree.begin - 1);
}

// The definitions go from the root down and put what they find there last. Here the ranges stand in that
// order, the root's child first.
std::vector<LeafRange> inclusion_ranges(std::uint64_t index, LeafRange tree) {
  std::vector<LeafRange> ranges;
  while (tree.end - tree.begin > 1) {
    const std::uint64_t between = middle(tree);
    const LeafRange left{tree.begin, between}, right{between, tree.end};
    ranges.push_back(index < between ? right : left);
    tree = index < between ? left : right;
  }
  return ranges;
}

// SUBPROOF(old_size, tree, true). What is left at the end is a subtree of both trees: named, unless it is the
// old tree itself, whose root the other side has.
std::vector<LeafRange> consistency_ranges(std::uint64_t old_size, LeafRange tree) {
  std::vector<LeafRange> ranges;
  while (tree.end != old_size) {
    const std::uint64_t between = middle(tree);
    const LeafRange left{tree.begin, between}, right{between, tree.end};
    ranges.push_back(old_size <= between ? right : left);
    tree = old_size <= between ? left : right;
  }
  if (tree.begin != 0) ranges.push_back(tree);
  return ranges;
}

// From the ranges in the order of the definitions to their hashes in the order of the path.
base::Result<std::vector<Hash>> path_of(LeafSource& source, const std::vector<LeafRange>& ranges) {
  if (ranges.empty()) return std::vector<Hash>{};
  std::vector<LeafRange> ascending = ranges;
  std::sort(ascending.begin(), ascending.end(),
            [](const LeafRange& a, const LeafRange& b) { return a.begin < b.begin; });
  const auto roots = source.range_roots(ascending);
  if (!roots) return roots.error();
  if (roots->size() != ascending.size()) {
    return base::Error{base::sqlstate::internal_error,
                       "a proof got another number of hashes than it asked for"};
  }
  std::vector<Hash> path;
  path.reserve(ranges.size());
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    const auto at = std::find(ascending.begin(), ascending.end(), *range) - ascending.begin();
    path.push_back((*roots)[static_cast<std::size_t>(at)]);
  }
  return path;
}

}  // namespace

base::Result<std::vector<Hash>> inclusion_path(LeafSource& source, std::uint64_t index, std::uint64_t size) {
  if (index >= size) {
    return refuse("there is no entry " + std::to_string(index) + " among the first " + std::to_string(size) +
                  ": give an index below that");
  }
  return path_of(source, inclusion_ranges(index, {0, size}));
}

base::Result<std::vector<Hash>> consistency_path(LeafSource& source, std::uint64_t old_size,
                                                 std::uint64_t size) {
  if (old_size > size) {
    return refuse("a tree of " + std::to_string(size) + " entries cannot begin with one of " +
                  std::to_string(old_size) + ": give the older note first");
  }
  if (old_size == 0) return std::vector<Hash>{};
  return path_of(source, consistency_ranges(old_size, {0, size}));
}

}  // namespace portcullis::audit
