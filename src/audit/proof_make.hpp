// Makes proofs about the tree of a log, by the definitions of RFC 6962, sections 2.1.1 and 2.1.2.
// proof_check.hpp is who believes them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audit/hash.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// The leaves from `begin` up to, not with, `end`.
struct LeafRange {
  std::uint64_t begin = 0, end = 0;
  friend bool operator==(const LeafRange&, const LeafRange&) = default;
};

// Where the leaves are.
class LeafSource {
 public:
  virtual ~LeafSource() = default;
  // For every range the root of the tree that its leaves alone make: MTH(D[begin:end]). The ranges come in
  // ascending order, none is empty and no two have a leaf in common, so one pass over the log is enough. As
  // many hashes as ranges, in their order.
  [[nodiscard]] virtual base::Result<std::vector<Hash>> range_roots(std::span<const LeafRange> ranges) = 0;
};

// That leaf `index` (from 0) is in the tree of the first `size` leaves: the leaf's sibling first, at most 64.
// 22023 when there is no such leaf; the source's own error otherwise.
[[nodiscard]] base::Result<std::vector<Hash>> inclusion_path(LeafSource& source, std::uint64_t index,
                                                             std::uint64_t size);

// That the tree of the first `size` leaves begins with that of the first `old_size`; empty for equal sizes
// and for an old size of 0. 22023 when `old_size` is the larger one; the source's own error otherwise.
[[nodiscard]] base::Result<std::vector<Hash>> consistency_path(LeafSource& source, std::uint64_t old_size,
                                                               std::uint64_t size);

}  // namespace portcullis::audit
