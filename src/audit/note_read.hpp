// The verifier's side: reads checkpoints and public keys that others may have written, and accepts exactly
// the bytes that C2SP's signed-note and tlog-checkpoint allow. docs/audit-format.md says them again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/ed25519.hpp"
#include "audit/hash.hpp"
#include "portcullis/audit/verifier_key.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

inline constexpr std::size_t kMostSignatures = 16;  // C2SP: a verifier must take that many
// How each line of a signature begins: U+2014 and a space.
inline constexpr std::string_view kSignatureStart = "\xe2\x80\x94 ";
inline constexpr std::size_t kMaxNoteBytes = std::size_t{256} << 10;

// One line of it; what it claims until is_signed() says more.
struct NoteSignature {
  std::string name;
  std::uint32_t id = 0;  // of the key
  std::string bytes;     // at least one
};

// None of it may be believed before is_signed(); and then only where `origin` is the log that was meant.
struct Note {
  std::string origin;
  std::uint64_t size = 0;  // at most 2^63-1
  Hash root{};
  std::string text;  // what is signed: the three lines with their line feeds
  std::vector<NoteSignature> signatures;
};

// A whole note: three lines, an empty one, and 1 to kMostSignatures lines of signatures, nothing else. 22023
// for anything else, saying what is wrong; extension lines are not taken.
[[nodiscard]] base::Result<Note> read_note(std::string_view bytes);

// What stands behind the empty line of a note, or of anything else that is signed like one: 1 to
// kMostSignatures lines, each ended by a line feed. Nothing, or what is wrong.
[[nodiscard]] std::optional<std::string> read_signatures(std::string_view lines,
                                                         std::vector<NoteSignature>& into);

// A number as notes and proofs write it: decimal digits alone, no leading zero, at most 2^63-1.
[[nodiscard]] std::optional<std::uint64_t> read_decimal(std::string_view digits);

enum class Signed : std::uint8_t {
  by_key,   // it has a signature by this key, and every one that claims to be holds
  unknown,  // no signature claims to be by this key
  wrong,    // one claims to be and is not: the note as a whole is to be rejected
};
[[nodiscard]] Signed is_signed(std::string_view text, std::span<const NoteSignature> signatures,
                               const VerifierKey& key);
[[nodiscard]] inline Signed is_signed(const Note& note, const VerifierKey& key) {
  return is_signed(note.text, note.signatures, key);
}

}  // namespace portcullis::audit
