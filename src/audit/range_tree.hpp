// The verifier's part of the Merkle tree: the subtrees of the leaves from `begin` on ("compact range"). Parts
// of a log can be read apart, each into one of these, and joined: the tree is then that of one pass over all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "audit/hash.hpp"

namespace portcullis::audit {

class RangeTree {
 public:
  explicit RangeTree(std::uint64_t begin) noexcept : begin_(begin), end_(begin) {}
  // The leaves from 0 to `size`, from the frontier that a segment claims: nothing unless it has one hash for
  // every bit that is set in `size`. What is made of it is as true as the claim.
  [[nodiscard]] static std::optional<RangeTree> from_frontier(std::uint64_t size,
                                                              std::span<const Hash> hashes);

  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  void append(const Hash& leaf) { append(0, leaf); }
  // A subtree of 2^level leaves. end() is a multiple of that.
  void append(unsigned level, const Hash& root) { push({level, root}); }
  // False, and nothing changed, unless `right` begins where this one ends.
  [[nodiscard]] bool merge(const RangeTree& right);
  // Of the leaves from 0 to end(); nothing where the range does not begin with 0.
  [[nodiscard]] std::optional<Hash> root() const;
  // The subtrees' roots from left to right, at most 128. With begin() 0, the frontier at end().
  [[nodiscard]] std::vector<Hash> hashes() const;

 private:
  struct Subtree {
    unsigned level;  // it has 2^level leaves, and begins at a multiple of that
    Hash root;
  };
  void push(Subtree subtree);

  std::uint64_t begin_, end_;
  std::vector<Subtree> subtrees_;  // side by side from begin_ to end_
};

}  // namespace portcullis::audit
