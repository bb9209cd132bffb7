// What a proof proves, to somebody who has the log's public key and nothing else: the verifier's side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/proof_file.hpp"

namespace portcullis::audit {

enum class ProofResult : std::uint8_t { proven = 0, refuted = 1, undecided = 2 };  // the exit codes

struct ProofVerdict {
  ProofResult result = ProofResult::proven;
  std::string why{};        // it is not proven, and what to do
  Note note{};              // of a proof that holds: the one that it rests on
  std::int64_t micros = 0;  // of an inclusion proof that holds: the entry's time, since 1970, UTC
};

// That the entry is number `index` of the log that the key is named after: the note is that log's and signed
// by the key, the entry's hash leads to its root, and the entry says itself that it is that log's and has
// that index. `undecided` where no signature is the key's; `refuted` for all else.
[[nodiscard]] ProofVerdict judge(const InclusionProof& proof, const VerifierKey& key);

// That the log of the key began as `old_note` says. Both notes are that log's and signed by the key.
// `undecided` as above, and where the proof is about another size than that of `old_note`.
[[nodiscard]] ProofVerdict judge(const ConsistencyProof& proof, std::string_view old_note,
                                 const VerifierKey& key);

// What the entry of a proof says of itself: that it is of this log, what its index is and its time, which
// goes to `micros`. Nothing, or what is wrong. Only what every entry has is read, so that those of a type to
// come can be proven too.
[[nodiscard]] std::optional<std::string> wrong_in_entry(const InclusionProof& proof, std::string_view origin,
                                                        std::int64_t& micros);

}  // namespace portcullis::audit
