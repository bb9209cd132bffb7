#include "audit/leaf_run.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

namespace portcullis::audit {

void LeafRun::restart(std::uint64_t begin) {
  end_ = begin;
  for (Level& level : levels_) level.roots.clear();
}

void LeafRun::append(const Hash& leaf) {
  push(0, leaf);
  Hash root = leaf;
  for (unsigned level = 0; ((end_ >> level) & 1u) != 0; ++level) {
    const auto& roots = levels_[level].roots;
    if (roots.size() < 2) break;  // its left neighbour lies before the run
    root = node_hash(roots[roots.size() - 2], root);
    push(level + 1, root);
  }
  ++end_;
}

// The next one of its size, which ends with the leaf at end_.
void LeafRun::push(unsigned level, const Hash& root) {
  if (level == levels_.size()) levels_.emplace_back();
  Level& into = levels_[level];
  if (into.roots.empty()) into.first = end_ >> level;
  into.roots.push_back(root);
}

void LeafRun::add_to(RangeTree& tree, std::uint64_t end) const {
  while (tree.end() < end) {
    // The largest subtree that begins here and does not end behind `end`.
    const std::uint64_t at = tree.end();
    const auto room = static_cast<unsigned>(std::bit_width(end - at)) - 1;
    const unsigned level = at == 0 ? room : std::min(room, static_cast<unsigned>(std::countr_zero(at)));
    const Level& all = levels_[level];
    tree.append(level, all.roots[static_cast<std::size_t>((at >> level) - all.first)]);
  }
}

void LogTree::begin(std::uint64_t size, std::span<const Hash> frontier) {
  auto tree = RangeTree::from_frontier(size, frontier);
  const std::vector<Hash> none(static_cast<std::size_t>(std::popcount(size)));
  tree_ = tree ? std::move(*tree) : *RangeTree::from_frontier(size, none);
  end_ = size;
}

}  // namespace portcullis::audit
