#include "audit/hash.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include <openssl/evp.h>

#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const EVP_MD* sha256() {
  // Fetched once: EVP_sha256() would look the implementation up at every use (OpenSSL 3, crypto(7)).
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// Of this thread.
Context& context() {
  thread_local Context context{EVP_MD_CTX_new()};
  return context;
}

// Fails only without memory or without SHA-256 in OpenSSL. A log that cannot be proven must not be written:
// stop here.
Hash digest(std::string_view domain, std::string_view first, std::string_view second) {
  EVP_MD_CTX* const with = context().get();
  const auto add = [with](std::string_view part) {
    return part.empty() || EVP_DigestUpdate(with, part.data(), part.size()) == 1;
  };
  Hash out{};
  unsigned int length = 0;
  const bool done = with != nullptr && EVP_DigestInit_ex2(with, sha256(), nullptr) == 1 && add(domain) &&
                    add(first) && add(second) && EVP_DigestFinal_ex(with, out.data(), &length) == 1;
  if (!done || length != out.size()) std::abort();
  return out;
}

std::string_view bytes_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

void prepare_hashing() {
  if (!context()) context().reset(EVP_MD_CTX_new());
  if (!context() || EVP_DigestInit_ex2(context().get(), sha256(), nullptr) != 1) throw std::bad_alloc();
}

Hash leaf_hash(std::string_view line) {
  return digest(std::string_view("\x00", 1), line, {});
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<char, 1 + 2 * sizeof(Hash)> bytes{'\x01'};
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 1 + sizeof(Hash));
  return digest({bytes.data(), bytes.size()}, {}, {});
}

Hash empty_root() {
  return sha256({});
}

Hash sha256(std::string_view bytes) {
  return digest({}, bytes, {});
}

std::string batch_seal(std::string_view before, std::string_view after) {
  return base::to_base64url(bytes_of(digest("\x02", before, after)).substr(0, 8));
}

std::string sha256_hex(std::string_view bytes) {
  return to_hex(sha256(bytes));
}

std::string to_text(const Hash& hash) {
  return base::to_base64url(bytes_of(hash));
}

void append_text(std::string& out, const Hash& hash) {
  base::append_base64url(out, bytes_of(hash));
}

std::string to_hex(const Hash& hash) {
  return base::to_hex(bytes_of(hash));
}

}  // namespace portcullis::audit
