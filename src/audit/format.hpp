// The numbers and names that writer and reader must agree on: docs/audit-format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::audit {

inline constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;  // of one entry, without its line feed
inline constexpr std::size_t kMaxValues = std::size_t{1} << 20;      // JSON values in one entry
inline constexpr std::int64_t kMaxInteger =
    (std::int64_t{1} << 53) - 1;                         // RFC 8785, appendix D: exact in a double
inline constexpr std::string_view kVersionMark = "#v1";  // "@" is the origin followed by this
inline constexpr std::string_view kLockName = "lock";
inline constexpr std::string_view kNextName =
    "next";  // a segment made in advance, renamed when its turn comes
inline constexpr std::string_view kSegmentSuffix = ".jsonl";
inline constexpr std::string_view kNotesSuffix = ".notes";
inline constexpr std::string_view kSealingSuffix = ".sealing";

// Whether what was decided went on to the database, so that an outcome is owed.
[[nodiscard]] constexpr bool is_forwarded(std::string_view verdict) noexcept {
  return verdict == "allow" || verdict == "would_deny";
}

// "00000000000000000042.jsonl"
[[nodiscard]] std::string segment_name(std::uint64_t first_index);
// Nothing unless the name is exactly what segment_name() makes of some index.
[[nodiscard]] std::optional<std::uint64_t> segment_first_index(std::string_view name);
// "00000000000000000042.notes": the signed checkpoints of that segment; and back.
[[nodiscard]] std::string notes_name(std::uint64_t first_index);
[[nodiscard]] std::optional<std::uint64_t> notes_first_index(std::string_view name);
// "00000000000000000042.sealing": the keys of that epoch, in a folder of their own; and back.
[[nodiscard]] std::string sealing_name(std::uint64_t epoch);
[[nodiscard]] std::optional<std::uint64_t> sealing_epoch(std::string_view name);

}  // namespace portcullis::audit
