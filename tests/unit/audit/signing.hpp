// Keys for tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "audit/ed25519.hpp"
#include "audit/note_write.hpp"

namespace portcullis::testing {

inline constexpr std::string_view kExampleOrigin = "audit.example.com/pg-prod-1";

// The private key whose 32 bytes are all `byte`. That of docs/audit-format.md is 1.
inline audit::SigningKey key_of(unsigned char byte) {
  audit::Seed seed;
  seed.bytes.fill(byte);
  return audit::SigningKey::from_seed(seed).value();
}

inline audit::NamedKey named_key(unsigned char byte, std::string_view name = kExampleOrigin) {
  return {std::string(name), key_of(byte)};
}

}  // namespace portcullis::testing
