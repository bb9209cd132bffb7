// Checks proofs about the tree of a log: the verifier's code, which shares nothing with what makes them but
// the hash.
//
// Sizes and roots are to come from notes whose signatures were checked: a root does not fix the number of its
// leaves, only the note that names both does.
#pragma once

#include <cstdint>
#include <span>

#include "audit/hash.hpp"

namespace portcullis::audit {

// Whether `leaf` is number `index` (from 0) of the `size` leaves under `root`: RFC 9162, section 2.1.3.2.
// `path` has the sibling of the leaf first. One hash too few or too many is no proof.
[[nodiscard]] bool includes(const Hash& leaf, std::uint64_t index, std::uint64_t size, const Hash& root,
                            std::span<const Hash> path);

// Whether the tree of `size` leaves begins with the one of `old_size` leaves: RFC 9162, section 2.1.4.2.
// Equal sizes, and an old size of 0, have an empty path, and the roots then say everything.
[[nodiscard]] bool extends(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root,
                           std::span<const Hash> path);

}  // namespace portcullis::audit
