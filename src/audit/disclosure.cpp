#include "audit/disclosure.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "audit/entry_reader.hpp"
#include "audit/prove.hpp"
#include "audit/sealing_file.hpp"
#include "audit/unsealer.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

base::Error none(std::string why) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = std::move(why)};
}

base::Error no_disclosure(const std::string& why) {
  return none("this is no disclosure, " + why +
              ": give the file byte for byte as `portcullis audit disclose` wrote it");
}

// Cuts off a line "WORD REST" and gives its rest.
std::optional<std::string_view> rest_of_line(std::string_view& bytes, std::string_view word) {
  const auto feed = bytes.find('\n');
  if (feed == std::string_view::npos || !bytes.substr(0, feed).starts_with(word)) return std::nullopt;
  const std::string_view rest = bytes.substr(word.size(), feed - word.size());
  bytes.remove_prefix(feed + 1);
  return rest;
}

base::Result<Unsealed> open_field(const InclusionProof& proof, std::string_view field, Unsealer& keys) {
  EntryReader entry;
  if (const auto bad = entry.read(proof.entry)) return none("the entry cannot be read, " + bad->message);
  auto opened = keys.open(entry, field);
  const std::string which = "\"" + std::string(field) + "\" of entry " + std::to_string(proof.index);
  switch (opened.state) {
    case Unsealed::State::open: return opened;
    case Unsealed::State::absent:
      return none(which + " is not sealed: `portcullis audit show --json` has the names in \"sealed\"");
    case Unsealed::State::erased: return none(which + " was erased: there is no key for it in the folder");
    case Unsealed::State::wrong:
      return none(which + " does not open with its key: run `portcullis audit verify` on the log");
    case Unsealed::State::unreadable: return none(which + " cannot be opened: " + opened.problem);
  }
  return opened;
}

}  // namespace

std::string to_text(const Disclosure& disclosure) {
  const std::string_view salt(reinterpret_cast<const char*>(disclosure.salt.data()), disclosure.salt.size());
  std::string text(kDisclosureStart);
  text.append("field ").append(disclosure.field);
  text.append("\nsalt ").append(base::to_base64(salt));
  text.append("\nvalue ").append(base::to_base64(disclosure.value)).append("\n\n");
  return text + to_text(disclosure.proof);
}

base::Result<Disclosure> read_disclosure(std::string_view bytes) {
  if (!bytes.starts_with(kDisclosureStart)) return no_disclosure("it does not begin like one");
  bytes.remove_prefix(kDisclosureStart.size());
  const auto field = rest_of_line(bytes, "field ");
  if (!field || !class_of_field(*field))
    return no_disclosure("its second line names no field that is sealed");
  const auto salt_text = rest_of_line(bytes, "salt "), value_text = rest_of_line(bytes, "value ");
  const auto salt = salt_text ? base::from_base64(*salt_text) : std::nullopt;
  auto value = value_text ? base::from_base64(*value_text) : std::nullopt;
  if (!salt || salt->size() != sizeof(Hash)) return no_disclosure("its third line has no salt");
  if (!value) return no_disclosure("its fourth line has no value");
  if (!bytes.starts_with('\n')) return no_disclosure("its fifth line is not empty");
  auto proof = read_proof(bytes.substr(1));
  if (!proof) return proof.error();
  auto* const inclusion = std::get_if<InclusionProof>(&*proof);
  if (inclusion == nullptr) return no_disclosure("the proof in it is not one of an entry");
  Disclosure disclosure{std::string(*field), std::move(*value), {}, std::move(*inclusion)};
  std::copy(salt->begin(), salt->end(), disclosure.salt.begin());
  return disclosure;
}

ProofVerdict judge(const Disclosure& disclosure, const VerifierKey& key) {
  ProofVerdict verdict = judge(disclosure.proof, key);
  if (verdict.result != ProofResult::proven) return verdict;
  EntryReader entry;
  const bool is_entry = !entry.read(disclosure.proof.entry);
  const auto sealed = is_entry ? entry.sealed() : std::nullopt;
  const auto* field = sealed ? sealed->find(disclosure.field) : nullptr;
  const std::string which = "\"" + disclosure.field + "\" of entry " + std::to_string(disclosure.proof.index);
  if (field == nullptr) return {ProofResult::refuted, which + " is not sealed: ask for the field that is"};
  if (to_text(commitment_of(disclosure.salt, disclosure.field, disclosure.value)) != field->commitment)
    return {ProofResult::refuted, which + " is another value: the value or its salt was changed"};
  return verdict;
}

base::Result<std::string> disclose(const std::filesystem::path& directory, std::uint64_t index,
                                   std::string_view field, Unsealer& keys) {
  const auto text = prove_inclusion(directory, index);
  if (!text) return text.error();
  auto proof = read_proof(*text);
  if (!proof) return proof.error();
  auto& inclusion = std::get<InclusionProof>(*proof);
  auto opened = open_field(inclusion, field, keys);
  if (!opened) return opened.error();
  return to_text(
      Disclosure{std::string(field), std::move(opened->value), opened->salt, std::move(inclusion)});
}

}  // namespace portcullis::audit
