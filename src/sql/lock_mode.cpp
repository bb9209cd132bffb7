#include "portcullis/sql/lock_mode.hpp"

#include <array>
#include <cstddef>

namespace portcullis::sql {
namespace {

struct Mode {
  std::string_view name, in_view;
  unsigned conflicts;  // bit i: with the mode whose value is i
};

constexpr std::array<Mode, 8> kModes{{
    {"ACCESS SHARE", "AccessShareLock", 0b1000'0000},
    {"ROW SHARE", "RowShareLock", 0b1100'0000},
    {"ROW EXCLUSIVE", "RowExclusiveLock", 0b1111'0000},
    {"SHARE UPDATE EXCLUSIVE", "ShareUpdateExclusiveLock", 0b1111'1000},
    {"SHARE", "ShareLock", 0b1110'1100},
    {"SHARE ROW EXCLUSIVE", "ShareRowExclusiveLock", 0b1111'1100},
    {"EXCLUSIVE", "ExclusiveLock", 0b1111'1110},
    {"ACCESS EXCLUSIVE", "AccessExclusiveLock", 0b1111'1111},
}};

std::optional<LockMode> find(std::string_view text, std::string_view Mode::*member) noexcept {
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    if (kModes[i].*member == text) return static_cast<LockMode>(i);
  }
  return std::nullopt;
}

const Mode& of(LockMode mode) noexcept {
  return kModes[static_cast<std::size_t>(mode)];
}

}  // namespace

std::string_view name(LockMode mode) noexcept {
  return of(mode).name;
}

std::string_view name_in_view(LockMode mode) noexcept {
  return of(mode).in_view;
}

std::optional<LockMode> lock_mode_named(std::string_view name) noexcept {
  return find(name, &Mode::name);
}

std::optional<LockMode> lock_mode_of_view(std::string_view mode) noexcept {
  return find(mode, &Mode::in_view);
}

LockMode LockSet::strongest() const noexcept {
  std::size_t at = kModes.size() - 1;
  while (at > 0 && !has(static_cast<LockMode>(at))) --at;
  return static_cast<LockMode>(at);
}

bool LockSet::conflicts_with(LockMode mode) const noexcept {
  return (modes_ & of(mode).conflicts) != 0;
}

bool conflicts(LockMode a, LockMode b) noexcept {
  return (of(a).conflicts >> static_cast<unsigned>(b) & 1u) != 0;
}

}  // namespace portcullis::sql
