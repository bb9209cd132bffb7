// Requests to record a reading, as somebody leaves them for the gate. They have one form only: what is taken,
// written again, is what came in, and what it asks to record can be.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "audit/read_request.hpp"
#include "audit/text_lines.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis::audit;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = read_read_request(bytes);
  if (!read) return 0;
  require(size <= kMaxReadRequestBytes && to_text(*read) == bytes);
  require(is_said_text(read->by) && (read->purpose.empty() || is_said_text(read->purpose)));
  require(read->first <= read->last && read->last < std::uint64_t{1} << 53);
  require(read->records > 0 && read->records - 1 <= read->last - read->first && !read->classes.empty());
  const Record record = to_record(*read);
  require(std::holds_alternative<ReadRecord>(record) == read->hash.empty());
  require(std::holds_alternative<ExportRecord>(record) == is_hash(read->hash));
  return 0;
}
