// Points in time as people give them on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::app {

// Microseconds since 1970 of a time of RFC 3339, "2026-11-22T16:20:00Z", with at most six digits of a
// second's fraction; seconds may be left out, and a zone, which is UTC then; of a day, "2026-11-22", its
// beginning in UTC; or of so long before `now`: "90s", "30min", "24h", "7d", at most 100,000 days. Nothing
// for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now);
// The same; 22023 with what to write instead for anything else.
[[nodiscard]] base::Result<std::int64_t> read_moment(const std::string& text, std::int64_t now);

// By this machine's clock, microseconds since 1970.
[[nodiscard]] std::int64_t now_micros();

// How the help of an option says all that.
inline constexpr const char* kMomentForms =
    "2026-11-22T16:20:00Z, 2026-11-22 (UTC where no zone stands), or, so long ago, 90s, 24h, 7d";

}  // namespace portcullis::app
