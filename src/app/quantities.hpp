// Durations and sizes as people write them in the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis::app {

// "500ms", "30s", "5min", "1h", "90d": a whole number and its unit, nothing between. Nothing for all else, and for
// what does not fit.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

// "123" (bytes), "64KiB", "16MiB", "1GiB".
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

}  // namespace portcullis::app
