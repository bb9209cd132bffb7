// Keys of sealed texts for tests.
#pragma once

#include "audit/sealing_file.hpp"

namespace portcullis::testing {

// All of its 32 bytes are `byte`. The root of the example in docs/audit-sealing.md is 3.
inline audit::SecretKey key_of_bytes(unsigned char byte) {
  audit::SecretKey key;
  key.bytes.fill(byte);
  return key;
}

// With the roots 1, 2 and 3.
inline audit::SealingKeys sealing_keys(std::uint64_t epoch = 3,
                                       std::string origin = "audit.example.com/pg-prod-1") {
  audit::SealingKeys keys{std::move(origin), epoch, 1'790'000'000'000'000, {}};
  for (unsigned char i = 0; i < keys.trees.size(); ++i)
    keys.trees[i] = audit::KeyTree(key_of_bytes(static_cast<unsigned char>(i + 1)));
  return keys;
}

}  // namespace portcullis::testing
