#include "audit/sha256_stream.hpp"

#include <cstdlib>

#include <openssl/evp.h>

namespace portcullis::audit {

struct Sha256Stream::Context {
  Context() : digest(EVP_MD_CTX_new()) {
    if (digest == nullptr || EVP_DigestInit_ex2(digest, EVP_sha256(), nullptr) != 1) std::abort();
  }
  ~Context() { EVP_MD_CTX_free(digest); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  EVP_MD_CTX* digest;
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {}
Sha256Stream::~Sha256Stream() = default;

// As in hash.cpp: it fails only without memory.
void Sha256Stream::add(std::string_view bytes) {
  if (!bytes.empty() && EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size()) != 1) std::abort();
  bytes_ += bytes.size();
}

Hash Sha256Stream::hash() const {
  const Context copy;
  Hash hash{};
  unsigned int length = 0;
  if (EVP_MD_CTX_copy_ex(copy.digest, context_->digest) != 1 ||
      EVP_DigestFinal_ex(copy.digest, hash.data(), &length) != 1 || length != hash.size())
    std::abort();
  return hash;
}

}  // namespace portcullis::audit
