// What PBKDF2 made of passwords that worked, so that the next login with one costs no thousands of hashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace portcullis::auth {

// Whoever reads one can log in, as with the password, which the same process has. Wiped when it goes.
// Bounded: what was used longest ago goes first. For one thread.
class SaltedPasswords {
 public:
  static constexpr std::size_t kMost = 32;

  // Null where it has to be computed. Lasts until the next call.
  [[nodiscard]] const base::Secret* find(const base::Secret& password, std::string_view salt,
                                         std::uint32_t iterations);
  // After the server has proved that it knows the verifier: what anybody answers is not worth a place.
  void keep(const base::Secret& password, std::string_view salt, std::uint32_t iterations,
            base::Secret salted);

 private:
  struct Entry {
    base::Secret password;
    std::string salt;
    std::uint32_t iterations = 0;
    base::Secret salted;
  };
  std::deque<Entry> entries_;  // the one used last in front
};

}  // namespace portcullis::auth
