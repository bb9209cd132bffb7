#include "app/quantities.hpp"

#include <charconv>
#include <limits>
#include <span>

namespace portcullis::app {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizes[] = {{"", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t highest) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (text != unit.name) continue;
    if (number > highest / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  const auto count = parse(text, kDurations, std::numeric_limits<std::int64_t>::max());
  if (!count) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(*count)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  return parse(text, kSizes, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace portcullis::app
