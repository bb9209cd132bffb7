#include "audit/proof_verdict.hpp"

#include "audit/json_line.hpp"
#include "audit/proof_check.hpp"

namespace portcullis::audit {
namespace {

ProofVerdict refuted(std::string why) {
  return {ProofResult::refuted, std::move(why) +
                                    ": get the proof again, and run `portcullis audit verify` on "
                                    "the log that it was made from"};
}

ProofVerdict undecided(std::string why) {
  return {ProofResult::undecided, std::move(why)};
}

// Nothing where `bytes` are a note of the key's log that the key signed; it is then in `into`.
std::optional<ProofVerdict> take_note(std::string_view bytes, std::string_view which, const VerifierKey& key,
                                      Note& into) {
  auto note = read_note(bytes);
  const std::string the = "the " + std::string(which);
  if (!note) return undecided(the + " cannot be read: " + note.error().message);
  switch (is_signed(*note, key)) {
    case Signed::unknown:
      return undecided(the + " has no signature of the key of \"" + key.name +
                       "\": give the key that signed it, by its name and id");
    case Signed::wrong: return refuted(the + " was changed: what it has of the key is not its signature");
    case Signed::by_key: break;
  }
  if (note->origin != key.name)
    return refuted(the + " is of the log \"" + note->origin + "\", not of the key's");
  into = std::move(*note);
  return std::nullopt;
}

// A whole number from 0.
std::optional<std::int64_t> number(const JsonLine& json, std::string_view key) {
  const auto* value = json.find(json.root(), key);
  if (value == nullptr || value->kind != JsonLine::Kind::integer) return std::nullopt;
  const auto number = json.integer(*value);
  return number && *number >= 0 ? number : std::nullopt;
}

}  // namespace

std::optional<std::string> wrong_in_entry(const InclusionProof& proof, std::string_view origin,
                                          std::int64_t& micros) {
  JsonLine json;
  if (json.parse(proof.entry) != JsonLine::Status::complete || !json.is_canonical()) {
    return "what was proven is no entry of a log";
  }
  const auto* log = json.find(json.root(), "@");
  if (log == nullptr || log->kind != JsonLine::Kind::string ||
      json.text(*log) != std::string(origin) + std::string(kVersionMark)) {
    return "the entry is not of the log \"" + std::string(origin) + "\", version " +
           std::string(kVersionMark.substr(1));
  }
  const auto index = number(json, "i");
  if (!index || static_cast<std::uint64_t>(*index) != proof.index) {
    return "the entry does not have the index " + std::to_string(proof.index);
  }
  const auto time = number(json, "ts");
  if (!time) return "the entry has no time";
  micros = *time;
  return std::nullopt;
}

ProofVerdict judge(const InclusionProof& proof, const VerifierKey& key) {
  ProofVerdict verdict;
  if (auto bad = take_note(proof.note, "note", key, verdict.note)) return *bad;
  if (!includes(leaf_hash(proof.entry), proof.index, verdict.note.size, verdict.note.root, proof.path)) {
    return refuted("this is not entry " + std::to_string(proof.index) + " of the " +
                   std::to_string(verdict.note.size) +
                   " that were signed: the entry, its index or a hash of the proof was changed");
  }
  if (auto wrong = wrong_in_entry(proof, key.name, verdict.micros)) return refuted(std::move(*wrong));
  return verdict;
}

ProofVerdict judge(const ConsistencyProof& proof, std::string_view old_note, const VerifierKey& key) {
  ProofVerdict verdict;
  Note old;
  if (auto bad = take_note(proof.note, "newer note", key, verdict.note)) return *bad;
  if (auto bad = take_note(old_note, "older note", key, old)) return *bad;
  if (old.size != proof.old_size) {
    return undecided("the proof is about a note of size " + std::to_string(proof.old_size) +
                     ", and the one that was given has " + std::to_string(old.size) + ": give that one");
  }
  if (!extends(old.size, old.root, verdict.note.size, verdict.note.root, proof.path)) {
    return refuted("the log of " + std::to_string(verdict.note.size) +
                   " entries is not shown to begin with the " + std::to_string(old.size) +
                   " of the older note: a hash of the proof was changed, or the log's "
                   "past was");
  }
  return verdict;
}

}  // namespace portcullis::audit
