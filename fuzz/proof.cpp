// Proofs as somebody hands them to a verifier. They have one form only: what is taken, written again, is what
// came in. And with the key of the examples in the corpus nothing is proven but what it signed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "audit/proof_file.hpp"
#include "audit/proof_verdict.hpp"

namespace {

using namespace portcullis::audit;

constexpr std::string_view kSignedText =
    "audit.example.com/pg-prod-1\n3\nSAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n";
constexpr std::string_view kOldNote =
    "audit.example.com/pg-prod-1\n2\nNzyMdSGz3LlnZXjzEwowlKTXPv1Xu2CHebmzq5AdTyE=\n\n"
    "\xe2\x80\x94 audit.example.com/pg-prod-1 "
    "muVERm02QRGPfIq54OhF8ghtOrkU9l2iRf3DG6kxY9+trkREiQYmd5Iv+0YLA9mKI6OiRPdEdNWwTuft2b4U6BfE3Ao=\n";
// The leaf hashes of the three lines under the root in kSignedText.
constexpr std::string_view kLeaves[] = {"a21e5427ebfb953c9fc6dfe64f240e42e79a11be920206577d4519e797a7c6f4",
                                        "5e09cd13264c0aafe121eb886ad757013984409e630d4acfcef9da3834d17e65",
                                        "7a49342e6ef8aabbd14e2fa077873677ea28e4701df03c5b52c6c468d184a78e"};

void require(bool holds) {
  if (!holds) std::abort();
}

void see(const InclusionProof& proof, const VerifierKey& key) {
  require(!proof.entry.empty() && proof.entry.size() <= kMaxLineBytes);
  const auto verdict = judge(proof, key);
  if (verdict.result != ProofResult::proven) return require(!verdict.why.empty());
  require(verdict.note.text == kSignedText && proof.index < 3);
  require(to_hex(leaf_hash(proof.entry)) == kLeaves[proof.index]);
}

void see(const ConsistencyProof& proof, const VerifierKey& key) {
  const auto verdict = judge(proof, kOldNote, key);
  if (verdict.result != ProofResult::proven) return require(!verdict.why.empty());
  // Of equal sizes the older note may be the newer one as well.
  require(proof.old_size == 2 &&
          (verdict.note.text == kSignedText || kOldNote.starts_with(verdict.note.text)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const VerifierKey key =
      read_vkey("audit.example.com/pg-prod-1+9ae54446+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c").value();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto proof = read_proof(bytes);
  if (!proof) return 0;
  std::visit(
      [&](const auto& one) {
        require(one.path.size() <= kMostProofHashes);
        require(to_text(one) == bytes);
        see(one, key);
      },
      *proof);
  return 0;
}
