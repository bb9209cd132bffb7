// Proofs as files: that an entry is in a log (C2SP tlog-proof), and that a log goes on from what it was (the
// body of C2SP tlog-witness' add-checkpoint). docs/audit-format.md, "Files of proofs", has the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "audit/format.hpp"
#include "audit/hash.hpp"
#include "audit/note_read.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// No tree has a longer path: a note's size is at most 2^63-1.
inline constexpr std::size_t kMostProofHashes = 63;
// The longest entry in base64, the hashes, the note, and the words between.
inline constexpr std::size_t kMaxProofBytes =
    kMaxLineBytes / 3 * 4 + kMostProofHashes * 45 + kMaxNoteBytes + (std::size_t{1} << 10);

// None of either may be believed before judge() (proof_verdict.hpp).
struct InclusionProof {
  std::string entry;  // its line, without the line feed
  std::uint64_t index = 0;
  std::vector<Hash> path;  // the leaf's sibling first
  std::string note;        // byte for byte, as read_note() takes it
};
struct ConsistencyProof {
  std::uint64_t old_size = 0;
  std::vector<Hash> path;
  std::string note;  // the newer one
};
using Proof = std::variant<InclusionProof, ConsistencyProof>;

[[nodiscard]] std::string to_text(const InclusionProof& proof);
[[nodiscard]] std::string to_text(const ConsistencyProof& proof);

// A whole file of either form: what is taken, written again, is what came in. 22023 for anything else, saying
// what is wrong. That the note is one is checked; whose it is, and whether the proof holds, is not.
[[nodiscard]] base::Result<Proof> read_proof(std::string_view bytes);

}  // namespace portcullis::audit
