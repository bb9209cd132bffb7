// The text of a file of keys: docs/audit-sealing.md, "Files of keys".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/key_tree.hpp"
#include "base/secret.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// What is forgotten together, in the order of the file.
enum class SealClass : std::uint8_t { parameters, said, text };
inline constexpr std::array<std::string_view, 3> kSealClasses{"parameters", "said", "text"};
[[nodiscard]] constexpr std::string_view name_of(SealClass kind) noexcept {
  return kSealClasses[static_cast<std::size_t>(kind)];
}
[[nodiscard]] std::optional<SealClass> seal_class(std::string_view name) noexcept;
// Of a field that is sealed; nothing of other fields.
[[nodiscard]] std::optional<SealClass> class_of_field(std::string_view field) noexcept;

// One epoch's.
struct SealingKeys {
  std::string origin;
  std::uint64_t epoch = 0;
  std::int64_t made = 0;  // microseconds since 1970
  std::array<KeyTree, kSealClasses.size()> trees{};
  [[nodiscard]] KeyTree& of(SealClass kind) noexcept { return trees[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const KeyTree& of(SealClass kind) const noexcept {
    return trees[static_cast<std::size_t>(kind)];
  }
};

// With a new root for each class. XX000 where there are no random numbers.
[[nodiscard]] base::Result<SealingKeys> make_sealing_keys(std::string origin, std::uint64_t epoch,
                                                          std::int64_t made);

// Larger than any file of keys: every second slot of each class erased.
inline constexpr std::size_t kLargestSealingFile = std::size_t{128} << 20;

[[nodiscard]] base::Secret sealing_text(const SealingKeys& keys);
// 22023, saying what is wrong in words that hold no key, for anything but what sealing_text() makes.
[[nodiscard]] base::Result<SealingKeys> read_sealing_text(std::string_view bytes);

}  // namespace portcullis::audit
