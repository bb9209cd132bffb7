#include "audit/proof_check.hpp"

#include <bit>

namespace portcullis::audit {
namespace {

// A node on the way up: its number in its level, and the number of the level's last node. The names fn and sn
// of RFC 9162.
struct Position {
  std::uint64_t node, last;

  // Whether the next hash of the path stands to the left.
  [[nodiscard]] bool has_left_sibling() const { return (node & 1u) != 0 || node == last; }
  // A last node without a sibling is its own parent: up to where it has one on its left.
  void skip_levels_without_sibling() {
    while ((node & 1u) == 0 && node != 0) up();
  }
  void up() {
    node >>= 1;
    last >>= 1;
  }
};

// Equal sizes and the empty tree: nothing to prove but the roots themselves.
bool extends_at_the_edge(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root) {
  if (old_size == 0 && old_root != empty_root()) return false;
  return old_size < size || old_root == root;
}

}  // namespace

bool includes(const Hash& leaf, std::uint64_t index, std::uint64_t size, const Hash& root,
              std::span<const Hash> path) {
  if (index >= size) return false;
  Position at{index, size - 1};
  Hash made = leaf;
  for (const Hash& sibling : path) {
    if (at.last == 0) return false;
    if (at.has_left_sibling()) {
      made = node_hash(sibling, made);
      at.skip_levels_without_sibling();
    } else {
      made = node_hash(made, sibling);
    }
    at.up();
  }
  return at.last == 0 && made == root;
}

bool extends(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root,
             std::span<const Hash> path) {
  if (old_size > size) return false;
  if (old_size == 0 || old_size == size) {
    return path.empty() && extends_at_the_edge(old_size, old_root, size, root);
  }
  Position at{old_size - 1, size - 1};
  while ((at.node & 1u) != 0) at.up();
  // The largest full subtree at the old tree's end. Where that is the old tree, the path leaves it out.
  const bool is_whole_old_tree = std::has_single_bit(old_size);
  if (!is_whole_old_tree && path.empty()) return false;
  Hash made = is_whole_old_tree ? old_root : path.front();
  Hash made_old = made;
  for (const Hash& sibling : is_whole_old_tree ? path : path.subspan(1)) {
    if (at.last == 0) return false;
    if (at.has_left_sibling()) {
      made_old = node_hash(sibling, made_old);
      made = node_hash(sibling, made);
      at.skip_levels_without_sibling();
    } else {
      made = node_hash(made, sibling);
    }
    at.up();
  }
  return at.last == 0 && made_old == old_root && made == root;
}

}  // namespace portcullis::audit
