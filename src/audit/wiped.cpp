#include "audit/wiped.hpp"

#include <openssl/crypto.h>

namespace portcullis::audit {

void cleanse(void* bytes, std::size_t count) noexcept {
  OPENSSL_cleanse(bytes, count);
}

}  // namespace portcullis::audit
