#include "audit/range_tree.hpp"

#include <bit>

namespace portcullis::audit {

std::optional<RangeTree> RangeTree::from_frontier(std::uint64_t size, std::span<const Hash> hashes) {
  if (static_cast<std::size_t>(std::popcount(size)) != hashes.size()) return std::nullopt;
  RangeTree tree(0);
  std::uint64_t rest = size;
  for (const Hash& hash : hashes) {
    const auto level = static_cast<unsigned>(std::bit_width(rest)) - 1;
    tree.subtrees_.push_back({level, hash});
    rest ^= std::uint64_t{1} << level;
  }
  tree.end_ = size;
  return tree;
}

bool RangeTree::merge(const RangeTree& right) {
  if (right.begin_ != end_) return false;
  for (const Subtree& subtree : right.subtrees_) push(subtree);
  return true;
}

// Two neighbours of one size are one subtree where the left of them is a left child.
void RangeTree::push(Subtree subtree) {
  std::uint64_t start = end_;
  end_ += std::uint64_t{1} << subtree.level;
  while (!subtrees_.empty() && subtrees_.back().level == subtree.level &&
         ((start >> subtree.level) & 1u) != 0) {
    start -= std::uint64_t{1} << subtree.level;
    subtree = {subtree.level + 1, node_hash(subtrees_.back().root, subtree.root)};
    subtrees_.pop_back();
  }
  subtrees_.push_back(subtree);
}

std::optional<Hash> RangeTree::root() const {
  if (begin_ != 0) return std::nullopt;
  if (subtrees_.empty()) return empty_root();
  Hash root = subtrees_.back().root;
  for (std::size_t i = subtrees_.size() - 1; i-- > 0;) root = node_hash(subtrees_[i].root, root);
  return root;
}

std::vector<Hash> RangeTree::hashes() const {
  std::vector<Hash> hashes;
  hashes.reserve(subtrees_.size());
  for (const Subtree& subtree : subtrees_) hashes.push_back(subtree.root);
  return hashes;
}

}  // namespace portcullis::audit
