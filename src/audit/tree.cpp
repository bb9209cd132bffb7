#include "audit/tree.hpp"

#include <bit>

namespace portcullis::audit {

std::optional<Frontier> Frontier::from(std::uint64_t size, std::span<const Hash> hashes) {
  if (hashes.size() != static_cast<std::size_t>(std::popcount(size))) return std::nullopt;
  Frontier frontier;
  frontier.size_ = size;
  frontier.hashes_.assign(hashes.begin(), hashes.end());
  return frontier;
}

// As adding one to a binary number: a leaf joins one full subtree for every bit that carries.
void Frontier::append(const Hash& leaf) {
  Hash carried = leaf;
  for (std::uint64_t bits = size_; (bits & 1u) != 0; bits >>= 1) {
    carried = node_hash(hashes_.back(), carried);
    hashes_.pop_back();
  }
  hashes_.push_back(carried);
  ++size_;
}

Hash Frontier::root() const {
  if (hashes_.empty()) return empty_root();
  Hash root = hashes_.back();
  for (auto left = hashes_.rbegin() + 1; left != hashes_.rend(); ++left) root = node_hash(*left, root);
  return root;
}

}  // namespace portcullis::audit
