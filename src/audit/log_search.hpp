// Finds places in a log by index and by time, reading a few lines for each: no index file is kept, which
// could be wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/directory_listing.hpp"
#include "audit/entry_reader.hpp"
#include "audit/line_scanner.hpp"

namespace portcullis::audit {

// Entries of one start stand in the order of their times but for this: the rule "time" of
// docs/audit-format.md.
inline constexpr std::int64_t kTimeToleranceMicros = 5'000'000;

// Some whole lines of a segment.
struct Extent {
  std::size_t segment = 0;           // its place in the list
  std::uint64_t begin = 0, end = 0;  // bytes
};

struct SearchedRange {
  std::uint64_t from = 0, to = UINT64_MAX;       // indexes
  std::optional<std::int64_t> since{}, until{};  // microseconds; `until` itself is not in
  bool every = false;                            // time is not used to pass anything over
};

class LogSearch {
 public:
  // 58030 when the directory cannot be read.
  [[nodiscard]] static base::Result<LogSearch> open(const std::filesystem::path& directory);
  explicit LogSearch(std::vector<SegmentPath> segments) : segments_(std::move(segments)) {}

  [[nodiscard]] const std::vector<SegmentPath>& segments() const noexcept { return segments_; }
  [[nodiscard]] bool is_last(std::size_t segment) const noexcept { return segment + 1 == segments_.size(); }

  // The index of the last entry of the last whole batch; nothing in a log without one. 58030 as below.
  [[nodiscard]] base::Result<std::optional<std::uint64_t>> last_index() const;
  // As if the log ended with entry `last`: what comes behind is in no extent any more.
  [[nodiscard]] base::Result<void> end_with(std::uint64_t last);

  // What has to be read to miss nothing of a range: one extent for each segment, an empty one where nothing
  // of it is in the range. Times are trusted as far as the rule "time" goes and no further: what lies between
  // two segments of one start is passed over by time, all else is read. 58030 when a file cannot be read.
  [[nodiscard]] base::Result<std::vector<Extent>> extents(const SearchedRange& range) const;

  // The line of an entry, without its line feed; nothing where there is none. 58030 as above.
  [[nodiscard]] base::Result<std::optional<std::string>> line_of(std::uint64_t index) const;

  // The first place at or behind `offset` where a line begins; the segment's end where there is none.
  [[nodiscard]] base::Result<std::uint64_t> line_start(std::size_t segment, std::uint64_t offset) const;

 private:
  struct Found;
  class Prober;
  struct Head;
  [[nodiscard]] base::Result<Head> head_of(std::size_t segment) const;
  [[nodiscard]] base::Result<bool> is_passed_over(std::size_t segment, const SearchedRange& range,
                                                  bool& is_sorted) const;
  [[nodiscard]] base::Result<void> cut_extent(Extent& extent, const SearchedRange& range,
                                              bool is_sorted) const;

  std::vector<SegmentPath> segments_;  // `bytes` is where each ends
};

// The bytes of an extent, as if nothing else were in the file: offsets are from its beginning.
[[nodiscard]] base::Result<ReadBytes> open_part(const SegmentPath& segment, std::uint64_t begin,
                                                std::uint64_t end);

}  // namespace portcullis::audit
