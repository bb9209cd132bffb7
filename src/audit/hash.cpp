// The functions of OpenSSL that are called directly: they need no memory, and so cannot fail, and take an
// eighth less time for an entry and a third less for a node of the tree than the ones that OpenSSL 3 prefers
// to them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "audit/hash.hpp"

#include <algorithm>

#include <openssl/sha.h>

#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

Hash digest(std::string_view domain, std::string_view first, std::string_view second) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const std::string_view part : {domain, first, second})
    if (!part.empty()) SHA256_Update(&context, part.data(), part.size());
  Hash out;
  SHA256_Final(out.data(), &context);
  return out;
}

std::string_view bytes_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

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
