// Points in time as people give them on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis::app {

// Microseconds since 1970 of a time of RFC 3339, "2026-11-22T16:20:00Z", with a zone or Z and at most six
// digits of a second's fraction; of a day, "2026-11-22", its beginning in UTC; or of so long before `now`:
// "90s", "30min", "24h", "7d". Nothing for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now);

}  // namespace portcullis::app
