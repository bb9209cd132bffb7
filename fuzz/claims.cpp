// Any bytes as a comment: claims stay inside their bounds, and what is written as sqlcommenter does is read
// back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "portcullis/sql/claims.hpp"

namespace sql = portcullis::sql;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const sql::Claims& claims) {
  require(claims.reason == sql::read_reason(claims.reason));
  require(claims.reason.size() <= sql::kMostReasonBytes && portcullis::base::is_valid_utf8(claims.reason));
  require(!claims.confidence || (*claims.confidence >= 0 && *claims.confidence <= 1));
  require(claims.trace == sql::read_trace(claims.trace));
}

std::string encoded(std::string_view value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string inside(bytes);
  check(sql::claims_in_comment(bytes));
  const auto claims = sql::claims_in_comment("/*" + inside + "*/");
  check(claims);
  check(sql::merged(claims, sql::claims_in_comment("/*reason='" + inside + "'*/")));

  const std::string comment = "/*confidence='0.5',reason='" + encoded(bytes) + "'*/";
  const auto again = sql::claims_in_comment(comment);
  const bool fits = comment.size() <= sql::kMostCommentBytes;
  require(again.reason == (fits ? sql::read_reason(bytes) : ""));
  require(again.confidence.has_value() == fits);
  return 0;
}
