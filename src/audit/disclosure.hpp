// One sealed field of an entry, opened for somebody who has the log's public key and nothing else:
// docs/audit-sealing.md, "Disclosures". No other field is given away with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "audit/proof_file.hpp"
#include "audit/proof_verdict.hpp"

namespace portcullis::audit {

class Unsealer;

inline constexpr std::string_view kDisclosureStart = "portcullis disclosure v1\n";
inline constexpr std::size_t kMaxDisclosureBytes =
    kMaxProofBytes + kMaxLineBytes / 3 * 4 + (std::size_t{1} << 10);

// None of it may be believed before judge().
struct Disclosure {
  std::string field;  // its name in "sealed"
  std::string value;
  Hash salt{};
  InclusionProof proof;
};

[[nodiscard]] std::string to_text(const Disclosure& disclosure);
// A whole file: what is taken, written again, is what came in. 22023 for anything else, saying what is wrong.
[[nodiscard]] base::Result<Disclosure> read_disclosure(std::string_view bytes);

// That the entry is in the log of the key, as judge() of its proof says, and that the field of it was sealed
// from this value: `refuted` where it was not, or where the entry has no such field.
[[nodiscard]] ProofVerdict judge(const Disclosure& disclosure, const VerifierKey& key);

// As a file, checked against the log's newest note. Errors as those of prove_inclusion(); 22023 where the
// entry has no such field, or it cannot be opened.
[[nodiscard]] base::Result<std::string> disclose(const std::filesystem::path& directory, std::uint64_t index,
                                                 std::string_view field, Unsealer& keys);

}  // namespace portcullis::audit
