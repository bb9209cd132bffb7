// How long to wait between two looks at whether the catalog has changed.
#pragma once

#include <algorithm>
#include <chrono>

namespace portcullis::net {

// So that one look in a hundred parts of the time is all that the server spends on it.
inline constexpr int kPauseForEachLook = 99;

// After a look that took `took`. Never shorter than `poll`. A long one ends in time for the next look, if it
// takes no longer than this one, to be over at half of `oldest`: a catalog must not be distrusted only
// because looks are rare, so from there on looking costs more than its hundredth.
[[nodiscard]] constexpr std::chrono::steady_clock::duration pause_after(
    std::chrono::steady_clock::duration took, std::chrono::steady_clock::duration poll,
    std::chrono::steady_clock::duration oldest) noexcept {
  const auto latest = oldest / 2 - took;
  // Divided, not multiplied: no clock can make it overflow.
  const auto cheap = took > latest / kPauseForEachLook ? latest : took * kPauseForEachLook;
  return std::max(poll, cheap);
}

}  // namespace portcullis::net
