// The leaves of a log's tree, from its segments, for proofs. What it says is as true as the files are:
// nothing of it is to be handed out before proof_check.hpp took it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/directory_listing.hpp"
#include "audit/proof_make.hpp"

namespace portcullis::audit {

// Reads a log at most once from its beginning to its end, with memory for one entry. Subtrees that a
// segment's `frontier` names are taken from there, so that most segments of a large log are not read at all.
class LogLeaves final : public LeafSource {
 public:
  // 58030 when the directory cannot be read.
  [[nodiscard]] static base::Result<LogLeaves> open(const std::filesystem::path& directory);

  // 58030 when a file cannot be read or ends before the leaves that are asked for.
  [[nodiscard]] base::Result<std::vector<Hash>> range_roots(std::span<const LeafRange> ranges) override;

  // The index of the first entry that is there: nothing can be proven of those before.
  [[nodiscard]] std::uint64_t first() const noexcept {
    return segments_.empty() ? 0 : segments_.front().first_index;
  }

  // The line of an entry, without its line feed; nothing where the log ends before it. 58030 as above.
  [[nodiscard]] base::Result<std::optional<std::string>> line_of(std::uint64_t index) const;

 private:
  class Cursor;
  explicit LogLeaves(std::vector<SegmentPath> segments) : segments_(std::move(segments)) {}

  // Nothing where no segment's frontier has the root of this range.
  [[nodiscard]] base::Result<std::optional<Hash>> known_root(const LeafRange& range) const;
  [[nodiscard]] base::Result<Hash> root_of(const LeafRange& range, Cursor& cursor) const;
  // The first segment that begins at `index` or behind it.
  [[nodiscard]] std::vector<SegmentPath>::const_iterator segment_from(std::uint64_t index) const;

  std::vector<SegmentPath> segments_;
};

}  // namespace portcullis::audit
