#include "audit/note_write.hpp"

#include "audit/origin.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

constexpr char kEd25519 = 0x01;  // C2SP signed-note, "Signature types"

template <std::size_t count>
std::string_view bytes_of(const std::array<unsigned char, count>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xffu);
  return bytes;
}

}  // namespace

std::uint32_t key_id(std::string_view name, const PublicKey& key) {
  const Hash hash = sha256(std::string(name) + '\n' + kEd25519 + std::string(bytes_of(key)));
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) id = id << 8 | hash[i];
  return id;
}

std::string key_id_text(std::string_view name, const PublicKey& key) {
  return base::to_hex(big_endian(key_id(name, key)));
}

std::string vkey_text(std::string_view name, const PublicKey& key) {
  return std::string(name) + "+" + key_id_text(name, key) + "+" +
         base::to_base64(kEd25519 + std::string(bytes_of(key)));
}

base::Result<std::string> signature_line(const NamedKey& key, std::string_view text) {
  if (const auto named = check_log_name(key.name); !named) return named.error();
  const auto signature = key.key.sign(text);
  if (!signature) return signature.error();
  const std::string id = big_endian(key_id(key.name, key.key.public_key()));
  return "\xe2\x80\x94 " + key.name + " " + base::to_base64(id + std::string(bytes_of(*signature))) + "\n";
}

base::Result<std::string> signed_note(std::string_view origin, const TreeHead& head,
                                      std::span<const NamedKey* const> keys) {
  if (const auto named = check_log_name(origin); !named) return named.error();
  if (keys.empty() || keys.size() > kMostSigners) {
    return base::Error{base::sqlstate::internal_error, "a note needs 1 to 16 signatures"};
  }
  const std::string text = std::string(origin) + "\n" + std::to_string(head.size) + "\n" +
                           base::to_base64(bytes_of(head.root)) + "\n";
  std::string note = text + "\n";
  for (const NamedKey* key : keys) {
    const auto line = signature_line(*key, text);
    if (!line) return line.error();
    note += *line;
  }
  return note;
}

}  // namespace portcullis::audit
