// The public key of a log, as a verifier is given it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

struct VerifierKey {
  std::string name;                     // of the log: its origin
  std::uint32_t id = 0;                 // made of the other two: names a key, proves nothing
  std::array<unsigned char, 32> key{};  // Ed25519

  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

// "NAME+KEYID+BASE64" without a line feed, Ed25519, with the key id that the other two have. 22023 otherwise.
[[nodiscard]] base::Result<VerifierKey> read_vkey(std::string_view text);

// A file of that one line, as `portcullis audit keygen` writes FILE.pub; a line feed at its end may be
// missing. 58030 when it cannot be read or is no regular file, 22023 when it holds anything else; both say
// what to do.
[[nodiscard]] base::Result<VerifierKey> read_vkey_file(const std::filesystem::path& file);

}  // namespace portcullis::audit
