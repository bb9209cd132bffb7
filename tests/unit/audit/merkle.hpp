// The Merkle tree as RFC 6962, section 2.1 defines it, word by word and slowly: what the code is held
// against.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/hash.hpp"

namespace portcullis::testing {

inline audit::Hash mth(std::span<const audit::Hash> leaves) {
  if (leaves.empty()) return audit::empty_root();
  if (leaves.size() == 1) return leaves.front();
  const std::size_t k = std::bit_floor(leaves.size() - 1);
  return audit::node_hash(mth(leaves.first(k)), mth(leaves.subspan(k)));
}

// `count` leaves, no two the same.
inline std::vector<audit::Hash> some_leaves(std::size_t count) {
  std::vector<audit::Hash> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(audit::leaf_hash("leaf " + std::to_string(i)));
  return leaves;
}

inline audit::Hash hash_of_hex(std::string_view digits) {
  audit::Hash hash{};
  for (std::size_t i = 0; i < hash.size(); ++i) {
    hash[i] = static_cast<unsigned char>(std::stoi(std::string(digits.substr(2 * i, 2)), nullptr, 16));
  }
  return hash;
}

// The three leaves whose roots, notes and proofs docs/audit-format.md gives as an example.
inline std::vector<audit::Hash> example_leaves() {
  return {hash_of_hex("a21e5427ebfb953c9fc6dfe64f240e42e79a11be920206577d4519e797a7c6f4"),
          hash_of_hex("5e09cd13264c0aafe121eb886ad757013984409e630d4acfcef9da3834d17e65"),
          hash_of_hex("7a49342e6ef8aabbd14e2fa077873677ea28e4701df03c5b52c6c468d184a78e")};
}

}  // namespace portcullis::testing
