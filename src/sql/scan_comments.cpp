// Reads pg_query_scan's answer, which comes as protobuf (pg_query.proto, message ScanResult) and whose C
// reader Debian's package leaves out: three fields of two messages are all that is wanted.
#include <pg_query.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sql/parse_tree.hpp"
#include "sql/pg_query_error.hpp"

namespace portcullis::sql {
namespace {

// Token.SQL_COMMENT and Token.C_COMMENT.
constexpr std::uint64_t kLineComment = 275, kBlockComment = 276;

// Protocol Buffers, "Encoding": a record is a varint key (number << 3 | type), then a varint (type 0) or a
// length and as many bytes (type 2).
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool at_end() const { return bytes_.empty() || broken_; }
  [[nodiscard]] bool broken() const { return broken_; }
  // Advances to the next record's value.
  void next() {
    const std::uint64_t key = varint();
    number_ = key >> 3;
    value_ = varint();
    if ((key & 7) == 0) return;
    broken_ = broken_ || (key & 7) != 2 || value_ > bytes_.size();
    if (broken_) return;
    body_ = bytes_.substr(0, value_);
    bytes_.remove_prefix(value_);
  }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::uint64_t value() const { return value_; }
  [[nodiscard]] std::string_view body() const { return body_; }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    broken_ = true;
    return 0;
  }

  std::string_view bytes_, body_;
  std::uint64_t number_ = 0, value_ = 0;
  bool broken_ = false;
};

struct Token {
  ByteRange range;
  std::uint64_t kind = 0;
};

std::optional<Token> read_token(std::string_view message) {
  Token token;
  ProtobufReader reader(message);
  while (!reader.at_end()) {
    reader.next();
    if (reader.number() == 1) token.range.begin = reader.value();
    if (reader.number() == 2) token.range.end = reader.value();
    if (reader.number() == 4) token.kind = reader.value();
  }
  if (reader.broken()) return std::nullopt;
  return token;
}

struct FreeScan {
  void operator()(PgQueryScanResult* result) const { pg_query_free_scan_result(*result); }
};

}  // namespace

base::Result<std::vector<ByteRange>> scan_comments(std::string_view text) {
  PgQueryScanResult result = pg_query_scan(std::string(text).c_str());
  const std::unique_ptr<PgQueryScanResult, FreeScan> owner(&result);
  if (result.error != nullptr) return syntax_error(*result.error, text, text);
  std::vector<ByteRange> comments;
  ProtobufReader reader({result.pbuf.data, result.pbuf.len});
  while (!reader.at_end()) {
    reader.next();
    if (reader.number() != 2) continue;
    const auto token = read_token(reader.body());
    if (!token) return not_understood("the scanner's answer");
    if (token->kind == kLineComment || token->kind == kBlockComment) comments.push_back(token->range);
  }
  if (reader.broken()) return not_understood("the scanner's answer");
  return comments;
}

}  // namespace portcullis::sql
