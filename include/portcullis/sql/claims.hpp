// What an agent says about itself: why it does something, how sure it is, which trace it belongs to. None of
// it is evidence of anything, so it can only make a judgement stricter.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::sql {

struct Claims {
  std::string reason;                // valid UTF-8, control characters possible; empty: none
  std::optional<double> confidence;  // 0 to 1; nothing: not said, which counts as 0
  std::string trace;                 // a W3C traceparent; empty: none
  friend bool operator==(const Claims&, const Claims&) = default;
};

// A longer comment claims nothing, and neither does a longer value.
inline constexpr std::size_t kMostCommentBytes = 4'096;
inline constexpr std::size_t kMostReasonBytes = 1'000;

// Values as they come from outside, checked; what is not one counts as not said.
[[nodiscard]] std::string read_reason(std::string_view value);                // not blank, UTF-8
[[nodiscard]] std::optional<double> read_confidence(std::string_view value);  // "0.85", "1"; 0 to 1
[[nodiscard]] std::string read_trace(std::string_view value);                 // 00-(32 hex)-(16 hex)-(2 hex)

// The claims in a block comment (with its /* and */) that has the form of sqlcommenter:
// /*confidence='0.9',reason='why%20so',traceparent='00-...'*/. One that is not of that form in every byte, or
// has a key twice, claims nothing; keys of others are passed over. Any bytes are safe.
[[nodiscard]] Claims claims_in_comment(std::string_view comment);

// Of two sources for the same statement: the reason and trace of the nearer one where it has any, and the
// lower confidence.
[[nodiscard]] Claims merged(const Claims& nearer, const Claims& farther);

}  // namespace portcullis::sql
