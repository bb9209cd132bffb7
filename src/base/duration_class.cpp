#include "portcullis/base/duration_class.hpp"

#include <array>
#include <cstddef>

namespace portcullis::base {
namespace {

struct Class {
  std::string_view name;
  double end;  // in seconds; it is in the next one
};
constexpr std::array<Class, 5> kClasses{{
    {"under 1 s", 1},
    {"1-10 s", 10},
    {"10-100 s", 100},
    {"minutes", 3'600},
    {"hours", 0},
}};

}  // namespace

std::string_view name(DurationClass duration) noexcept {
  return kClasses[static_cast<std::size_t>(duration)].name;
}

std::optional<DurationClass> duration_class_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    if (kClasses[i].name == name) return static_cast<DurationClass>(i);
  }
  return std::nullopt;
}

DurationClass duration_class_of(double seconds) noexcept {
  std::size_t at = 0;
  // What is no number is not short.
  while (at + 1 < kClasses.size() && !(seconds < kClasses[at].end)) ++at;
  return static_cast<DurationClass>(at);
}

}  // namespace portcullis::base
