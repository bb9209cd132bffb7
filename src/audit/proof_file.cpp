#include "audit/proof_file.hpp"

#include <algorithm>
#include <optional>

#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kInclusion = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::string_view kOld = "old ";

// --- writing -----------------------------------------------------------------------------------------------

std::string end_of_proof(const std::vector<Hash>& path, std::string_view note) {
  std::string text;
  for (const Hash& hash : path) {
    text += base::to_base64({reinterpret_cast<const char*>(hash.data()), hash.size()});
    text += '\n';
  }
  text += '\n';
  return text.append(note);
}

std::string numbered(std::string_view word, std::uint64_t number) {
  return std::string(word) + std::to_string(number) + '\n';
}

// --- reading -----------------------------------------------------------------------------------------------

base::Error no_proof(const std::string& why) {
  return {.code = base::sqlstate::invalid_parameter_value,
          .message = "this is no proof, " + why +
                     ": give the file byte for byte as `portcullis audit prove` wrote it"};
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  // The next line behind `word`; nothing where it begins otherwise or has no end.
  std::optional<std::string_view> line(std::string_view word) {
    const auto feed = rest_.find('\n');
    if (feed == std::string_view::npos || !rest_.substr(0, feed).starts_with(word)) return std::nullopt;
    const std::string_view line = rest_.substr(word.size(), feed - word.size());
    rest_.remove_prefix(feed + 1);
    return line;
  }
  std::optional<std::uint64_t> number(std::string_view word) {
    const auto digits = line(word);
    return digits ? read_decimal(*digits) : std::nullopt;
  }
  // The hashes up to the empty line, then the note. Nothing, or what is wrong.
  std::optional<std::string> end(std::vector<Hash>& path, std::string& note) {
    for (;;) {
      const auto text = line("");
      if (!text) return "it ends before its note";
      if (text->empty()) break;
      if (path.size() == kMostProofHashes) return "it has more than 63 hashes";
      const auto bytes = base::from_base64(*text);
      if (!bytes || bytes->size() != sizeof(Hash)) return "a line before its note is no hash";
      std::copy(bytes->begin(), bytes->end(), path.emplace_back().begin());
    }
    if (const auto read = read_note(rest_); !read) return "for " + read.error().message;
    note = rest_;
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

base::Result<Proof> read_inclusion(Reader reader) {
  InclusionProof proof;
  const auto extra = reader.line(kExtra);
  auto entry = extra ? base::from_base64(*extra) : std::nullopt;
  if (!entry || entry->empty()) return no_proof("its second line holds no entry");
  if (entry->size() > kMaxLineBytes) return no_proof("its entry is longer than 16 MiB");
  proof.entry = std::move(*entry);
  const auto index = reader.number(kIndex);
  if (!index) return no_proof("its third line is no index");
  proof.index = *index;
  if (const auto wrong = reader.end(proof.path, proof.note)) return no_proof(*wrong);
  return Proof(std::move(proof));
}

base::Result<Proof> read_consistency(Reader reader) {
  ConsistencyProof proof;
  const auto old_size = reader.number(kOld);
  if (!old_size) return no_proof("its first line is neither that of tlog-proof@v1 nor an old size");
  proof.old_size = *old_size;
  if (const auto wrong = reader.end(proof.path, proof.note)) return no_proof(*wrong);
  return Proof(std::move(proof));
}

}  // namespace

std::string to_text(const InclusionProof& proof) {
  std::string text =
      std::string(kInclusion) + '\n' + std::string(kExtra) + base::to_base64(proof.entry) + '\n';
  text += numbered(kIndex, proof.index);
  return text + end_of_proof(proof.path, proof.note);
}

std::string to_text(const ConsistencyProof& proof) {
  return numbered(kOld, proof.old_size) + end_of_proof(proof.path, proof.note);
}

base::Result<Proof> read_proof(std::string_view bytes) {
  if (bytes.size() > kMaxProofBytes) return no_proof("it is longer than one can be");
  Reader reader(bytes);
  const auto first = reader.line(kInclusion);
  if (!first) return read_consistency(reader);
  if (!first->empty()) return no_proof("its first line goes on behind the form's name");
  return read_inclusion(reader);
}

}  // namespace portcullis::audit
