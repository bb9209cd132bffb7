// A set of what is forgotten together.
#pragma once

#include <array>
#include <string>

#include "audit/sealing_file.hpp"

namespace portcullis::audit {

inline constexpr std::array<SealClass, kSealClasses.size()> kEachSealClass{SealClass::parameters,
                                                                           SealClass::said, SealClass::text};

class SealClassSet {
 public:
  constexpr void add(SealClass kind) noexcept { bits_ |= bit(kind); }
  [[nodiscard]] constexpr bool has(SealClass kind) const noexcept { return (bits_ & bit(kind)) != 0; }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  [[nodiscard]] static constexpr SealClassSet all() noexcept {
    SealClassSet every;
    for (const SealClass kind : kEachSealClass) every.add(kind);
    return every;
  }
  friend constexpr bool operator==(SealClassSet, SealClassSet) = default;

 private:
  static constexpr unsigned bit(SealClass kind) noexcept { return 1u << static_cast<unsigned>(kind); }
  unsigned bits_ = 0;
};

// "parameters said", in this order.
[[nodiscard]] inline std::string to_text(SealClassSet classes) {
  std::string out;
  for (const SealClass kind : kEachSealClass) {
    if (!classes.has(kind)) continue;
    if (!out.empty()) out += ' ';
    out += name_of(kind);
  }
  return out;
}

}  // namespace portcullis::audit
