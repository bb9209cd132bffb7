// What whoever reads sealed texts asks the writer of the log to record before any of them is opened. As a
// file: docs/audit-sealing.md, "Readings".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/seal_classes.hpp"
#include "portcullis/audit/record.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

inline constexpr std::size_t kMaxReadRequestBytes = std::size_t{4} << 10;

struct ReadRequest {
  std::string by;                     // 1 to 500 bytes of text, as `purpose`
  std::uint64_t first = 0, last = 0;  // the entries with the lowest and the highest index that are opened
  std::uint64_t records = 0;          // how many, from 1; not more than there are from `first` to `last`
  SealClassSet classes{};             // at least one
  std::string hash{};                 // of the file that they go to, 64 hexadecimal digits; empty: to none
  std::string purpose{};              // may be empty
};

// What read_read_request() would not take makes a text that it does not take.
[[nodiscard]] std::string to_text(const ReadRequest& request);
// A whole file: what is taken, written again, is what came in. 22023 for anything else, saying what is wrong.
[[nodiscard]] base::Result<ReadRequest> read_read_request(std::string_view bytes);

// A `read`, or with a hash an `export`.
[[nodiscard]] Record to_record(const ReadRequest& request);

}  // namespace portcullis::audit
