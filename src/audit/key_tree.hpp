// The keys of an epoch's slots, as a tree in which each key leads to those below it and to no other: what is
// left of it behind erasures. docs/audit-sealing.md, "Keys" and "Erasing".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "audit/sealing_crypto.hpp"

namespace portcullis::audit {

inline constexpr std::uint32_t kTreeDepth = 20;
inline constexpr std::uint32_t kSlots = std::uint32_t{1} << kTreeDepth;

class KeyTree {
 public:
  // Of level l (0: the root) and number n: it leads to the slots from n * 2^(20-l) on, 2^(20-l) of them.
  struct Node {
    std::uint32_t level = 0, number = 0;
    SecretKey key{};
    [[nodiscard]] std::uint32_t first() const noexcept { return number << (kTreeDepth - level); }
    [[nodiscard]] std::uint32_t last() const noexcept {
      return first() + ((std::uint32_t{1} << (kTreeDepth - level)) - 1);
    }
  };

  KeyTree() = default;  // all is erased
  explicit KeyTree(const SecretKey& root) { nodes_.push_back({0, 0, root}); }

  // False, and nothing is changed, unless there is such a node and its slots are behind all that are there.
  [[nodiscard]] bool append(const Node& node);
  // By their slots, which do not overlap.
  [[nodiscard]] std::span<const Node> nodes() const noexcept { return nodes_; }
  [[nodiscard]] bool is_empty() const noexcept { return nodes_.empty(); }

  // Nothing where it was erased, or is none of 0 to kSlots - 1.
  [[nodiscard]] std::optional<SecretKey> key_of(std::uint64_t slot) const;
  [[nodiscard]] bool has(std::uint64_t slot) const noexcept { return above(slot) != nullptr; }

  // No key that is left leads to a slot from `first` to `last`, and those of all others are what they were.
  // It is gone from memory, too. For one slot this leaves at most 19 nodes more than there were.
  void erase(std::uint32_t first, std::uint32_t last);
  void erase_all() noexcept { nodes_.clear(); }

 private:
  [[nodiscard]] const Node* above(std::uint64_t slot) const noexcept;

  std::vector<Node> nodes_;
};

// The node below `node` on the way to `slot`.
[[nodiscard]] KeyTree::Node step_to(const KeyTree::Node& node, std::uint32_t slot);

}  // namespace portcullis::audit
