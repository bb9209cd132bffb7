#include "audit/log_leaves.hpp"

#include <algorithm>
#include <bit>

#include "audit/entry_reader.hpp"
#include "audit/line_scanner.hpp"
#include "audit/tree.hpp"

namespace portcullis::audit {
namespace {

base::Error broken(const SegmentPath& segment, const std::string& what) {
  return {base::sqlstate::io_error,
          "\"" + segment.path.string() + "\" " + what + ": run portcullis audit verify"};
}

// The `frontier` of a segment.
base::Result<std::vector<Hash>> frontier_of(const SegmentPath& segment) {
  auto opened = open_to_read(segment.path.string());
  if (!opened) return opened.error();
  LineScanner lines(std::move(opened->read));
  const auto line = lines.next();
  if (!line) return line.error();
  EntryReader entry;
  if (!*line || (*line)->too_long || entry.read((*line)->text) || entry.type() != EntryType::segment ||
      entry.index() != segment.first_index) {
    return broken(segment, "does not begin with the entry that its name says");
  }
  auto hashes = entry.hashes("frontier");
  if (hashes.size() != static_cast<std::size_t>(std::popcount(segment.first_index))) {
    return broken(segment, "has a frontier of another size");
  }
  return hashes;
}

}  // namespace

// Goes through the entries from one index to a later one.
class LogLeaves::Cursor {
 public:
  explicit Cursor(const LogLeaves& log) : log_(log) {}

  // The line of the entry, which is none before the last one asked for; nothing where the log ends before it.
  // It is valid until the next call.
  base::Result<std::optional<std::string_view>> line(std::uint64_t index) {
    if (const auto moved = enter_segment_of(index); !moved) return moved.error();
    if (!lines_) return std::optional<std::string_view>{};
    for (;;) {
      const auto line = lines_->next();
      if (!line) return line.error();
      // Line feeds that are written in advance, and what a crash left.
      if (!*line || (*line)->too_long || !(*line)->terminated || is_blank((*line)->text)) {
        return std::optional<std::string_view>{};
      }
      if (next_++ == index) return std::optional<std::string_view>{(*line)->text};
    }
  }

 private:
  base::Result<void> enter_segment_of(std::uint64_t index) {
    const auto behind = log_.segment_from(index + 1);
    if (behind == log_.segments_.begin()) return {};  // the log's first segments are gone
    const auto segment = behind - 1;
    if (lines_ && segment == segment_ && next_ <= index) return {};
    auto opened = open_to_read(segment->path.string());
    if (!opened) return opened.error();
    lines_.emplace(std::move(opened->read));
    segment_ = segment;
    next_ = segment->first_index;
    return {};
  }

  const LogLeaves& log_;
  std::vector<SegmentPath>::const_iterator segment_;
  std::optional<LineScanner> lines_;  // of segment_
  std::uint64_t next_ = 0;            // the index of its next line
};

base::Result<LogLeaves> LogLeaves::open(const std::filesystem::path& directory) {
  auto segments = list_segments(directory);
  if (!segments) return segments.error();
  return LogLeaves(std::move(*segments));
}

std::vector<SegmentPath>::const_iterator LogLeaves::segment_from(std::uint64_t index) const {
  return std::lower_bound(
      segments_.begin(), segments_.end(), index,
      [](const SegmentPath& segment, std::uint64_t wanted) { return segment.first_index < wanted; });
}

// A full subtree is in the frontiers from its own end to that of its parent, where it is the left child; the
// right one is joined at once.
base::Result<std::optional<Hash>> LogLeaves::known_root(const LeafRange& range) const {
  const std::uint64_t leaves = range.end - range.begin;
  if (!std::has_single_bit(leaves) || (range.begin & (2 * leaves - 1)) != 0) return std::optional<Hash>{};
  const auto segment = segment_from(range.end);
  if (segment == segments_.end() || segment->first_index >= range.begin + 2 * leaves) {
    return std::optional<Hash>{};
  }
  const auto frontier = frontier_of(*segment);
  if (!frontier) return frontier.error();
  // The larger subtrees stand before it: one for each higher bit of the frontier's size.
  const auto before = std::popcount(segment->first_index & ~(2 * leaves - 1));
  return std::optional<Hash>{(*frontier)[static_cast<std::size_t>(before)]};
}

// Leaf by leaf within one segment; what spans more of them by its children, of which the left one is often
// known.
base::Result<Hash> LogLeaves::root_of(const LeafRange& range, Cursor& cursor) const {
  const auto known = known_root(range);
  if (!known) return known.error();
  if (*known) return **known;
  const auto next_segment = segment_from(range.begin + 1);
  if (next_segment != segments_.end() && next_segment->first_index < range.end) {
    const std::uint64_t middle = range.begin + std::bit_floor(range.end - range.begin - 1);
    const auto left = root_of({range.begin, middle}, cursor);
    if (!left) return left.error();
    const auto right = root_of({middle, range.end}, cursor);
    if (!right) return right.error();
    return node_hash(*left, *right);
  }
  Frontier tree;
  for (std::uint64_t index = range.begin; index < range.end; ++index) {
    const auto line = cursor.line(index);
    if (!line) return line.error();
    if (!*line) {
      return base::Error{base::sqlstate::io_error,
                         "the log has no entry " + std::to_string(index) +
                             ", though a note covers it: run portcullis audit verify"};
    }
    tree.append(leaf_hash(**line));
  }
  return tree.root();
}

base::Result<std::vector<Hash>> LogLeaves::range_roots(std::span<const LeafRange> ranges) {
  Cursor cursor(*this);
  std::vector<Hash> roots;
  roots.reserve(ranges.size());
  for (const LeafRange& range : ranges) {
    const auto root = root_of(range, cursor);
    if (!root) return root.error();
    roots.push_back(*root);
  }
  return roots;
}

base::Result<std::optional<std::string>> LogLeaves::line_of(std::uint64_t index) const {
  Cursor cursor(*this);
  const auto line = cursor.line(index);
  if (!line) return line.error();
  return *line ? std::optional<std::string>(**line) : std::nullopt;
}

}  // namespace portcullis::audit
