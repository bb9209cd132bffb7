// SHA-256 with one leading byte that says what is hashed, so that no value of one kind can pass for another.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace portcullis::audit {

using Hash = std::array<unsigned char, 32>;

// SHA-256(0x00 || line): RFC 6962, section 2.1, the hash of a leaf. `line` comes without its line feed.
[[nodiscard]] Hash leaf_hash(std::string_view line);

// What the last entry of a batch says of itself under "e": the first eight bytes of SHA-256(0x02 || line with
// the value of "e" empty) as base64url. `before` ends with the opening quote of that value, `after` begins
// with the closing one. The chain covers an entry only from the next one on; this covers the last, against
// accident, not against somebody who can compute it.
[[nodiscard]] std::string batch_seal(std::string_view before, std::string_view after);

// SHA-256(0x01 || left || right): RFC 6962, section 2.1, the hash of an inner node of the tree.
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);
// SHA-256 of nothing: the root of the tree without a leaf.
[[nodiscard]] Hash empty_root();

// Without any byte in front: for what others define so.
[[nodiscard]] Hash sha256(std::string_view bytes);

// Of something that is kept in an entry, as `sha256sum` prints it.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

[[nodiscard]] std::string to_text(const Hash& hash);  // base64url, 43 characters
void append_text(std::string& out, const Hash& hash);
[[nodiscard]] std::string to_hex(const Hash& hash);

}  // namespace portcullis::audit
