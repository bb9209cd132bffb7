// The wording of protocol violations.
#include "wire/malformed.hpp"

#include <string>

namespace portcullis::wire {

base::Error malformed(std::string_view message, std::string_view what) {
  return {.code = base::sqlstate::protocol_violation,
          .message = "malformed \"" + std::string(message) + "\" message: " + std::string(what) +
                     ", check the driver or proxy that sent it"};
}

std::string_view complaint(const ByteReader& in) noexcept {
  if (in.failed()) return "it ends before its last field does";
  if (in.left() > 0) return "bytes are left over after its last field";
  return {};
}

}  // namespace portcullis::wire
