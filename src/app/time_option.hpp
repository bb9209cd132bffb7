// Points in time on the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis::app {

// "2026-11-22", "2026-11-22T10:30", "2026-11-22T10:30:05Z", "2026-11-22T10:30:05.25Z": microseconds since
// 1970, always UTC. Nothing for all else.
[[nodiscard]] std::optional<std::int64_t> read_time(std::string_view text);

}  // namespace portcullis::app
