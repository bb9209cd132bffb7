// A signed checkpoint and a log's public key, as somebody hands them to a verifier. Both have one form only:
// what is taken, written again from what was understood, is what came in.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "audit/note_read.hpp"
#include "audit/note_write.hpp"
#include "base/encoding.hpp"

namespace {

using namespace portcullis::audit;
using portcullis::base::to_base64;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xffu);
  return bytes;
}

std::string written_again(const Note& note) {
  const std::string root(note.root.begin(), note.root.end());
  std::string bytes = note.origin + "\n" + std::to_string(note.size) + "\n" + to_base64(root) + "\n";
  require(bytes == note.text);
  bytes += "\n";
  for (const NoteSignature& signature : note.signatures) {
    bytes +=
        "\xe2\x80\x94 " + signature.name + " " + to_base64(big_endian(signature.id) + signature.bytes) + "\n";
  }
  return bytes;
}

// The key of the examples in the corpus: no other text may pass for one that it signed.
void check_signature(const Note& note) {
  static const VerifierKey key =
      read_vkey("audit.example.com/pg-prod-1+9ae54446+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c").value();
  static constexpr std::string_view signed_text =
      "audit.example.com/pg-prod-1\n3\nSAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n";
  require(is_signed(note, key) != Signed::by_key || note.text == signed_text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto note = read_note(bytes)) {
    require(!note->signatures.empty() && note->signatures.size() <= kMostSignatures);
    require(written_again(*note) == bytes);
    check_signature(*note);
  }
  if (const auto key = read_vkey(bytes)) {
    require(vkey_text(key->name, key->key) == bytes);
    require(key_id(key->name, key->key) == key->id);
  }
  return 0;
}
