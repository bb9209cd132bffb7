#include "audit/note_read.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

constexpr char kEd25519 = 0x01;
constexpr std::size_t kIdBytes = 4;
constexpr std::int64_t kMaxSize = INT64_MAX;

base::Error no_note(const std::string& why) {
  return {.code = base::sqlstate::invalid_parameter_value,
          .message = "this is no signed checkpoint, " + why + ": give it byte for byte as the log wrote it"};
}

base::Error no_key(const std::string& why) {
  return {.code = base::sqlstate::invalid_parameter_value,
          .message = "this is no public key of a log, " + why +
                     ": give the line NAME+KEYID+BASE64 that `portcullis audit keygen` wrote"};
}

// Unicode's White_Space, as far as it is no control character below U+0020.
bool has_space(std::string_view text) {
  static constexpr std::string_view kSpaces[] = {" ",
                                                 "\xc2\x85",
                                                 "\xc2\xa0",
                                                 "\xe1\x9a\x80",
                                                 "\xe2\x80\x80",
                                                 "\xe2\x80\x81",
                                                 "\xe2\x80\x82",
                                                 "\xe2\x80\x83",
                                                 "\xe2\x80\x84",
                                                 "\xe2\x80\x85",
                                                 "\xe2\x80\x86",
                                                 "\xe2\x80\x87",
                                                 "\xe2\x80\x88",
                                                 "\xe2\x80\x89",
                                                 "\xe2\x80\x8a",
                                                 "\xe2\x80\xa8",
                                                 "\xe2\x80\xa9",
                                                 "\xe2\x80\xaf",
                                                 "\xe2\x81\x9f",
                                                 "\xe3\x80\x80"};
  return std::any_of(std::begin(kSpaces), std::end(kSpaces),
                     [text](std::string_view space) { return text.find(space) != std::string_view::npos; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool is_key_name(std::string_view name) {
  return !name.empty() && base::is_valid_utf8(name) && !has_control(name) && !has_space(name) &&
         name.find('+') == std::string_view::npos;
}

// Of a log, which is narrower than what the names of other signers may be: docs/audit-format.md, "Keys".
bool is_origin(std::string_view name) {
  constexpr std::size_t longest = 255;
  return !name.empty() && name.size() <= longest &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; }) &&
         name.find_first_of("+#\"\\") == std::string_view::npos;
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, kIdBytes)) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

// Cuts the first line off, without its line feed. The text ends with one.
std::string_view next_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() + 1);
  return line;
}

std::optional<NoteSignature> read_signature(std::string_view line) {
  if (!line.starts_with(kSignatureStart)) return std::nullopt;
  line.remove_prefix(kSignatureStart.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) return std::nullopt;
  const auto bytes = base::from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() <= kIdBytes) return std::nullopt;
  return NoteSignature{std::string(line.substr(0, space)), big_endian(*bytes), bytes->substr(kIdBytes)};
}

// The three lines into `note`. Nothing, or what is wrong.
std::optional<std::string> read_checkpoint(std::string_view text, Note& note) {
  if (std::count(text.begin(), text.end(), '\n') != 3) return "its text has other than three lines";
  note.text = text;
  note.origin = next_line(text);
  if (note.origin.empty()) return "its origin is empty";
  const auto size = read_decimal(next_line(text));
  if (!size) return "its second line is no size";
  note.size = *size;
  const auto root = base::from_base64(next_line(text));
  if (!root || root->size() != note.root.size()) return "its third line is no hash";
  std::copy(root->begin(), root->end(), note.root.begin());
  if (note.size == 0 && note.root != empty_root()) return "its hash is not that of an empty tree";
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> read_decimal(std::string_view digits) {
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  std::uint64_t size = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  const bool all = error == std::errc{} && stop == digits.data() + digits.size();
  if (!all || size > static_cast<std::uint64_t>(kMaxSize)) return std::nullopt;
  return size;
}

base::Result<Note> read_note(std::string_view bytes) {
  if (bytes.size() > kMaxNoteBytes) return no_note("it is longer than 256 KiB");
  if (!bytes.ends_with('\n')) return no_note("it does not end with a line feed");
  const auto is_forbidden = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; };
  if (std::any_of(bytes.begin(), bytes.end(), is_forbidden)) return no_note("it has control characters");
  if (!base::is_valid_utf8(bytes)) return no_note("it is not UTF-8");
  const auto blank = bytes.rfind("\n\n");
  if (blank == std::string_view::npos) return no_note("it has no empty line before its signatures");
  Note note;
  if (const auto wrong = read_checkpoint(bytes.substr(0, blank + 1), note)) return no_note(*wrong);

  if (const auto wrong = read_signatures(bytes.substr(blank + 2), note.signatures)) return no_note(*wrong);
  return note;
}

std::optional<std::string> read_signatures(std::string_view lines, std::vector<NoteSignature>& into) {
  if (lines.empty()) return "it has no signature";
  while (!lines.empty()) {
    if (into.size() == kMostSignatures) return "it has more than 16 signatures";
    auto signature = read_signature(next_line(lines));
    if (!signature) return "a line behind the empty one is no signature";
    into.push_back(std::move(*signature));
  }
  return std::nullopt;
}

base::Result<VerifierKey> read_vkey(std::string_view text) {
  if (text.starts_with("PRIVATE+KEY+")) return no_key("but the private one, which belongs to the gate alone");
  const auto first = text.find('+');
  const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return no_key("it has no three parts");
  VerifierKey key{.name = std::string(text.substr(0, first))};
  if (!is_origin(key.name)) {
    return no_key("its name has spaces, or is none that a log can have");
  }
  const auto bytes = base::from_base64(text.substr(second + 1));
  if (!bytes || bytes->size() != 1 + key.key.size() || bytes->front() != kEd25519) {
    return no_key("it is not one of Ed25519");
  }
  const Hash hash = sha256(key.name + "\n" + *bytes);
  const std::string id(hash.begin(), hash.begin() + kIdBytes);
  if (text.substr(first + 1, second - first - 1) != base::to_hex(id)) {
    return no_key("its parts do not belong together");
  }
  key.id = big_endian(id);
  std::copy(bytes->begin() + 1, bytes->end(), key.key.begin());
  return key;
}

Signed is_signed(std::string_view text, std::span<const NoteSignature> signatures, const VerifierKey& key) {
  Signed result = Signed::unknown;
  for (const NoteSignature& signature : signatures) {
    if (signature.name != key.name || signature.id != key.id) continue;
    Ed25519Signature bytes{};
    if (signature.bytes.size() != bytes.size()) return Signed::wrong;
    std::copy(signature.bytes.begin(), signature.bytes.end(), bytes.begin());
    if (!ed25519_holds(key.key, text, bytes)) return Signed::wrong;
    result = Signed::by_key;
  }
  return result;
}

}  // namespace portcullis::audit
