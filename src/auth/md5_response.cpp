// The answer to AuthenticationMD5Password.
#include <openssl/evp.h>

#include <array>

#include "auth/scram.hpp"
#include "base/encoding.hpp"

namespace portcullis::auth {
namespace {

// hex(md5(text)), or nothing where there is no MD5. Wipes the text.
std::string md5_hex_and_wipe(std::string& text) {
  std::array<unsigned char, 16> digest{};
  const int worked = EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_md5(), nullptr);
  base::wipe(text);
  if (worked != 1) return {};
  return base::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

std::string md5_response(const base::Secret& password, std::string_view user, std::string_view salt) {
  std::string text;
  text.reserve(password.reveal().size() + user.size());  // one allocation: no unwiped copy stays behind
  text.append(password.reveal()).append(user);
  std::string stored = md5_hex_and_wipe(text);  // what pg_authid holds: as good as the password
  if (stored.empty()) return {};
  text.reserve(stored.size() + salt.size());
  text.append(stored).append(salt);
  base::wipe(stored);
  const std::string response = md5_hex_and_wipe(text);
  return response.empty() ? response : "md5" + response;
}

}  // namespace portcullis::auth
