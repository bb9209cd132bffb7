#include <string>

#include "app/audit_command.hpp"
#include "app/text_table.hpp"
#include "audit/disclosure.hpp"
#include "audit/note_file.hpp"
#include "audit/note_write.hpp"
#include "audit/proof_verdict.hpp"
#include "audit/read.hpp"

namespace portcullis::app {
namespace {

using audit::ProofResult;
using audit::ProofVerdict;

int answer(ProofResult result, const std::string& why, Console& console) {
  console.err << (result == ProofResult::refuted ? "NOT PROVEN: " : "cannot be checked: ") << printable(why)
              << "\n";
  return static_cast<int>(result);
}

int undecided(const std::string& why, Console& console) {
  return answer(ProofResult::undecided, why, console);
}

void print_signer(const ProofVerdict& verdict, const audit::VerifierKey& key, Console& console) {
  console.out << "log:  " << verdict.note.origin << ", " << verdict.note.size << " entries, root "
              << audit::to_hex(verdict.note.root) << "\n"
              << "key:  " << audit::vkey_text(key.name, key.key) << "\n";
}

int check(const audit::InclusionProof& proof, const audit::VerifierKey& key, const CheckProofOptions& options,
          Console& console) {
  if (options.old_note) {
    return undecided(
        "\"" + options.file.string() + "\" proves an entry, which needs no older note: leave --from out",
        console);
  }
  const auto verdict = audit::judge(proof, key);
  if (verdict.result != ProofResult::proven) return answer(verdict.result, verdict.why, console);
  console.out << "proven: entry " << proof.index << " is in the log\n"
              << "time: " << audit::time_text(verdict.micros) << "\n";
  print_signer(verdict, key, console);
  // What an agent sent stands in it: a terminal gets nothing that could drive it, a file the bytes
  // themselves.
  if (options.show) {
    console.out << (console.out_is_terminal ? audit::on_one_line(proof.entry) : proof.entry) << "\n";
  }
  return 0;
}

int check(const audit::ConsistencyProof& proof, const audit::VerifierKey& key,
          const CheckProofOptions& options, Console& console) {
  if (!options.old_note) {
    return undecided("\"" + options.file.string() +
                         "\" proves that the log goes on from an older note, of size " +
                         std::to_string(proof.old_size) + ": give that one with --from",
                     console);
  }
  if (options.show) return undecided("this proof has no entry to show: leave --show out", console);
  const auto old = audit::read_note_file(*options.old_note);
  if (!old) return undecided(old.error().message, console);
  const auto verdict = audit::judge(proof, old->bytes, key);
  if (verdict.result != ProofResult::proven) return answer(verdict.result, verdict.why, console);
  console.out << "proven: the log begins with the " << proof.old_size << " entries of the older note\n";
  print_signer(verdict, key, console);
  return 0;
}

int check(const audit::Disclosure& disclosure, const audit::VerifierKey& key,
          const CheckProofOptions& options, Console& console) {
  const auto verdict = audit::judge(disclosure, key);
  if (verdict.result != ProofResult::proven) return answer(verdict.result, verdict.why, console);
  const int proven = check(disclosure.proof, key, options, console);
  // What an agent sent: nothing in it can drive a terminal or look like a line of this.
  if (proven == 0) console.out << disclosure.field << ": " << audit::on_one_line(disclosure.value) << "\n";
  return proven;
}

}  // namespace

int check_audit_proof(const CheckProofOptions& options, Console& console) {
  const auto key = audit::read_vkey_file(options.key);
  if (!key) return undecided(key.error().message, console);
  const auto bytes = audit::read_whole(options.file, audit::kMaxDisclosureBytes);
  if (!bytes) return undecided(bytes.error().message, console);
  if (bytes->starts_with(audit::kDisclosureStart)) {
    const auto disclosure = audit::read_disclosure(*bytes);
    if (!disclosure)
      return undecided("\"" + options.file.string() + "\": " + disclosure.error().message, console);
    return check(*disclosure, *key, options, console);
  }
  const auto proof = audit::read_proof(*bytes);
  if (!proof) return undecided("\"" + options.file.string() + "\": " + proof.error().message, console);
  return std::visit([&](const auto& one) { return check(one, *key, options, console); }, *proof);
}

}  // namespace portcullis::app
