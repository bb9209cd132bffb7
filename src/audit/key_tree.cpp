#include "audit/key_tree.hpp"

#include <algorithm>

namespace portcullis::audit {
namespace {

KeyTree::Node child(const KeyTree::Node& node, bool right) {
  return {node.level + 1, node.number << 1 | (right ? 1u : 0u), child_key(right, node.key)};
}

// What is left of a node that the erased slots overlap.
void keep_around(const KeyTree::Node& node, std::uint32_t first, std::uint32_t last,
                 std::vector<KeyTree::Node>& kept) {
  if (last < node.first() || first > node.last()) return kept.push_back(node);
  if (first <= node.first() && node.last() <= last) return;
  keep_around(child(node, false), first, last, kept);
  keep_around(child(node, true), first, last, kept);
}

}  // namespace

KeyTree::Node step_to(const KeyTree::Node& node, std::uint32_t slot) {
  return child(node, (slot >> (kTreeDepth - node.level - 1) & 1u) != 0);
}

bool KeyTree::append(const Node& node) {
  if (node.level > kTreeDepth || node.number >= std::uint32_t{1} << node.level) return false;
  if (!nodes_.empty() && node.first() <= nodes_.back().last()) return false;
  nodes_.push_back(node);
  return true;
}

const KeyTree::Node* KeyTree::above(std::uint64_t slot) const noexcept {
  const auto behind = std::partition_point(nodes_.begin(), nodes_.end(),
                                           [slot](const Node& node) { return node.first() <= slot; });
  if (behind == nodes_.begin()) return nullptr;
  const Node& node = *(behind - 1);
  return slot <= node.last() ? &node : nullptr;
}

std::optional<SecretKey> KeyTree::key_of(std::uint64_t slot) const {
  const Node* const from = above(slot);
  if (from == nullptr) return std::nullopt;
  Node node = *from;
  while (node.level < kTreeDepth) node = step_to(node, static_cast<std::uint32_t>(slot));
  return node.key;
}

// A node that goes is wiped by its destructor, in the old vector too.
void KeyTree::erase(std::uint32_t first, std::uint32_t last) {
  if (first > last) return;
  std::vector<Node> kept;
  kept.reserve(nodes_.size() + 2 * kTreeDepth);
  for (const Node& node : nodes_) keep_around(node, first, last, kept);
  nodes_ = std::move(kept);
}

}  // namespace portcullis::audit
