// The writer's Merkle tree (RFC 6962, section 2.1) of the leaf hashes: its right edge, which is all that the
// roots to come need. Readers have their own (range_tree.hpp), so that a mistake here is found there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "audit/hash.hpp"

namespace portcullis::audit {

class Frontier {
 public:
  Frontier() = default;
  // As it was at `size` leaves. Nothing unless there is one hash for every bit that is set in `size`; whether
  // they are the right ones shows only in a root that somebody signed.
  [[nodiscard]] static std::optional<Frontier> from(std::uint64_t size, std::span<const Hash> hashes);

  void append(const Hash& leaf);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // Of all leaves so far; empty_root() without one.
  [[nodiscard]] Hash root() const;
  // The roots of the largest full subtrees, from left to right: at 13 leaves those of the first 8, of the
  // next 4, and the last leaf. At most 64.
  [[nodiscard]] std::span<const Hash> hashes() const noexcept { return hashes_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> hashes_;
};

}  // namespace portcullis::audit
