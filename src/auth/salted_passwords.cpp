#include "auth/salted_passwords.hpp"

#include <algorithm>
#include <utility>

namespace portcullis::auth {

const base::Secret* SaltedPasswords::find(const base::Secret& password, std::string_view salt,
                                          std::uint32_t iterations) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.iterations == iterations && entry.salt == salt &&
           entry.password.reveal() == password.reveal();
  });
  if (found == entries_.end()) return nullptr;
  std::rotate(entries_.begin(), found, found + 1);
  return &entries_.front().salted;
}

void SaltedPasswords::keep(const base::Secret& password, std::string_view salt, std::uint32_t iterations,
                           base::Secret salted) {
  if (find(password, salt, iterations) != nullptr) return;
  if (entries_.size() >= kMost) entries_.pop_back();
  entries_.push_front({password, std::string(salt), iterations, std::move(salted)});
}

}  // namespace portcullis::auth
