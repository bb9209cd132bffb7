// PostgreSQL's table-level locks. Manual 13.3.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis::sql {

// From the weakest to the strongest.
enum class LockMode : std::uint8_t {
  access_share,
  row_share,
  row_exclusive,
  share_update_exclusive,
  share,
  share_row_exclusive,
  exclusive,
  access_exclusive,
};
inline constexpr std::array<LockMode, 8> kLockModes{LockMode::access_share,  LockMode::row_share,
                                                    LockMode::row_exclusive, LockMode::share_update_exclusive,
                                                    LockMode::share,         LockMode::share_row_exclusive,
                                                    LockMode::exclusive,     LockMode::access_exclusive};

// "SHARE UPDATE EXCLUSIVE", as in LOCK TABLE.
[[nodiscard]] std::string_view name(LockMode mode) noexcept;
[[nodiscard]] std::optional<LockMode> lock_mode_named(std::string_view name) noexcept;
// "ShareUpdateExclusiveLock", as in pg_locks.mode.
[[nodiscard]] std::string_view name_in_view(LockMode mode) noexcept;
[[nodiscard]] std::optional<LockMode> lock_mode_of_view(std::string_view mode) noexcept;
// Two sessions cannot hold both on one table (table 13.2).
[[nodiscard]] bool conflicts(LockMode a, LockMode b) noexcept;

// The locks that one session holds on one table. None of them stands for the others: ROW EXCLUSIVE bars
// SHARE, which bars ROW EXCLUSIVE and not itself.
class LockSet {
 public:
  void add(LockMode mode) noexcept { modes_ |= bit(mode); }
  [[nodiscard]] bool has(LockMode mode) const noexcept { return (modes_ & bit(mode)) != 0; }
  [[nodiscard]] bool empty() const noexcept { return modes_ == 0; }
  // The last of them in the order of the modes; not of an empty set.
  [[nodiscard]] LockMode strongest() const noexcept;
  [[nodiscard]] bool conflicts_with(LockMode mode) const noexcept;
  friend bool operator==(LockSet, LockSet) = default;

 private:
  static unsigned bit(LockMode mode) noexcept { return 1u << static_cast<unsigned>(mode); }
  unsigned modes_ = 0;
};

}  // namespace portcullis::sql
