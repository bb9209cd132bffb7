// How long something takes, as nearly as an estimate can say it: a decade.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis::base {

// From the shortest to the longest.
enum class DurationClass : std::uint8_t { under_1s, up_to_10s, up_to_100s, minutes, hours };

// "under 1 s", "1-10 s", "10-100 s", "minutes", "hours": words of policies and reports.
[[nodiscard]] std::string_view name(DurationClass duration) noexcept;
[[nodiscard]] std::optional<DurationClass> duration_class_named(std::string_view name) noexcept;
// On the border it is the longer one; minutes go up to an hour.
[[nodiscard]] DurationClass duration_class_of(double seconds) noexcept;

}  // namespace portcullis::base
