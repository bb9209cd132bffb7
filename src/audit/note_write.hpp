// The writer's side of what a log says of itself to others: checkpoints (C2SP tlog-checkpoint) as signed
// notes (C2SP signed-note). docs/audit-format.md has the bytes. Readers have code of their own
// (note_read.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "audit/ed25519.hpp"
#include "audit/hash.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// A private key and the name that it signs under: the origin of its log.
struct NamedKey {
  std::string name;
  SigningKey key;
};

// Which key a signature is by: an identifier, not a proof. SHA-256(name | 0x0A | 0x01 | key), the first four
// bytes, big-endian.
[[nodiscard]] std::uint32_t key_id(std::string_view name, const PublicKey& key);
// The same in eight hexadecimal digits.
[[nodiscard]] std::string key_id_text(std::string_view name, const PublicKey& key);

// "NAME+KEYID+BASE64": the public key as verifiers take it ("vkey"), without a line feed.
[[nodiscard]] std::string vkey_text(std::string_view name, const PublicKey& key);

// The line, with its line feed, that says that this key signed the text. F0000 for a name that cannot stand
// in one, XX000 when there is no signature.
[[nodiscard]] base::Result<std::string> signature_line(const NamedKey& key, std::string_view text);

// What is signed of a tree: how many entries, and the root of their hashes.
struct TreeHead {
  std::uint64_t size = 0;
  Hash root{};
};

inline constexpr std::size_t kMostSigners = 16;

// The whole note, with one signature line a key, in their order. Only of entries that are on disk, and never
// of a size that is smaller than one signed before: nothing here can know. F0000 for a name that cannot stand
// in a note, XX000 for no key, more than kMostSigners, or a signature that cannot be made.
[[nodiscard]] base::Result<std::string> signed_note(std::string_view origin, const TreeHead& head,
                                                    std::span<const NamedKey* const> keys);

}  // namespace portcullis::audit
