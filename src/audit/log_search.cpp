#include "audit/log_search.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace portcullis::audit {
namespace {

// Nearer than this, reading on costs less than looking further.
constexpr std::uint64_t kNear = std::uint64_t{64} << 10;

}  // namespace

// A whole entry and where it stands.
struct LogSearch::Found {
  std::uint64_t begin = 0, end = 0;  // with its line feed
  std::uint64_t index = 0;
  std::int64_t micros = 0;
  bool ends_batch = false;
};

// What the first entry of a segment says; `is_known` is false where it is none.
struct LogSearch::Head {
  bool is_known = false;
  std::string boot{};
  std::int64_t micros = 0;
};

class LogSearch::Prober {
 public:
  static base::Result<Prober> open(const SegmentPath& segment) {
    auto opened = open_to_read(segment.path.string());
    if (!opened) return opened.error();
    return Prober(only_first(segment.bytes, std::move(opened->read)), segment.bytes);
  }

  // The first place at or behind `offset` where a line begins.
  base::Result<std::uint64_t> line_start(std::uint64_t offset) const {
    if (offset == 0) return offset;
    LineScanner lines = from(offset - 1);
    const auto rest = lines.next();
    if (!rest) return rest.error();
    if (!*rest || !(*rest)->terminated) return bytes_;
    return offset - 1 + (*rest)->text.size() + 1;
  }

  // The first entry that begins at `offset` or behind it; nothing at the end, and where what stands there is
  // none.
  base::Result<std::optional<Found>> entry_behind(std::uint64_t offset) {
    const auto begin = line_start(offset);
    if (!begin) return begin.error();
    LineScanner lines = from(*begin);
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line || !(*line)->terminated || (*line)->too_long || entry_.read((*line)->text))
      return std::optional<Found>{};
    text_ = (*line)->text;
    return std::optional<Found>{{*begin, *begin + text_.size() + 1, entry_.index(), entry_.micros()}};
  }
  // Of the entry found last.
  const std::string& text() const { return text_; }

  // The furthest place found of which everything before is passed over; `is_before` says of an entry that all
  // before it are.
  base::Result<std::uint64_t> begin_of(const std::function<bool(const Found&)>& is_before) {
    std::uint64_t low = 0, high = bytes_;
    while (high - low > kNear) {
      const std::uint64_t middle = low + (high - low) / 2;
      const auto found = entry_behind(middle);
      if (!found) return found.error();
      if (*found && (*found)->begin < high && is_before(**found)) {
        low = (*found)->begin;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // The nearest place found of which nothing behind is wanted; `is_behind` says of an entry that it and all
  // after it are not.
  base::Result<std::uint64_t> end_of(const std::function<bool(const Found&)>& is_behind) {
    std::uint64_t low = 0, high = bytes_, end = bytes_;
    while (low < high && high - low > kNear) {
      const std::uint64_t middle = low + (high - low) / 2;
      const auto found = entry_behind(middle);
      if (!found) return found.error();
      const bool is_nearer = *found && (*found)->begin < end;
      if (is_nearer && !is_behind(**found)) {
        low = (*found)->begin;
        continue;
      }
      if (is_nearer) end = (*found)->begin;
      high = middle;
    }
    return end;
  }

  // Goes through the entries from `offset` on as long as `more` says so; where the last it was called with
  // begins and ends.
  base::Result<std::optional<Found>> last_while(std::uint64_t offset,
                                                const std::function<bool(const Found&)>& more) {
    std::optional<Found> last;
    LineScanner lines = from(offset);
    for (;;) {
      const auto line = lines.next();
      if (!line) return line.error();
      if (!*line || !(*line)->terminated || (*line)->too_long || entry_.read((*line)->text)) return last;
      const Found found{offset + (*line)->offset, offset + (*line)->offset + (*line)->text.size() + 1,
                        entry_.index(), entry_.micros(), entry_.ends_batch()};
      if (!more(found)) return last;
      text_ = (*line)->text;
      last = found;
    }
  }

 private:
  Prober(ReadBytes read, std::uint64_t bytes) : read_(std::move(read)), bytes_(bytes) {}

  LineScanner from(std::uint64_t offset) const {
    return LineScanner([this, offset](std::uint64_t at, char* into, std::size_t count) {
      return read_(offset + at, into, count);
    });
  }

  ReadBytes read_;
  std::uint64_t bytes_;
  EntryReader entry_;
  std::string text_;
};

base::Result<LogSearch> LogSearch::open(const std::filesystem::path& directory) {
  auto segments = list_segments(directory);
  if (!segments) return segments.error();
  return LogSearch(std::move(*segments));
}

// What is behind the last whole batch was acknowledged to nobody, and the next start may cut it.
base::Result<std::optional<std::uint64_t>> LogSearch::last_index() const {
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    auto prober = Prober::open(*segment);
    if (!prober) return prober.error();
    auto from = prober->begin_of([](const Found&) { return true; });
    while (from) {
      std::optional<std::uint64_t> last;
      const auto read = prober->last_while(*from, [&](const Found& found) {
        if (found.ends_batch) last = found.index;
        return true;
      });
      if (!read) return read.error();
      if (last) return last;
      if (*from == 0) break;
      from = prober->line_start(*from > kNear ? *from / 2 : 0);  // one large batch
    }
    if (!from) return from.error();
  }
  return std::optional<std::uint64_t>{};
}

base::Result<void> LogSearch::end_with(std::uint64_t last) {
  while (!segments_.empty() && segments_.back().first_index > last) segments_.pop_back();
  if (segments_.empty()) return {};
  auto prober = Prober::open(segments_.back());
  if (!prober) return prober.error();
  const auto is_within = [last](const Found& found) { return found.index <= last; };
  const auto near = prober->begin_of(is_within);
  if (!near) return near.error();
  const auto found = prober->last_while(*near, is_within);
  if (!found) return found.error();
  segments_.back().bytes = *found ? (*found)->end : *near;
  return {};
}

base::Result<LogSearch::Head> LogSearch::head_of(std::size_t segment) const {
  auto prober = Prober::open(segments_[segment]);
  if (!prober) return prober.error();
  const auto found = prober->entry_behind(0);
  if (!found) return found.error();
  EntryReader entry;
  if (!*found || entry.read(prober->text()) || entry.type() != EntryType::segment) return Head{};
  return Head{true, entry.text("boot"), entry.micros()};
}

// Where two segments that follow each other belong to one start, so does all between their first entries: a
// start that has ended does not come back. Everywhere else the clock may have been set between two starts.
base::Result<bool> LogSearch::is_passed_over(std::size_t segment, const SearchedRange& range,
                                             bool& is_sorted) const {
  is_sorted = false;
  if (range.every || (!range.since && !range.until) || is_last(segment)) return false;
  const auto own = head_of(segment);
  if (!own) return own.error();
  const auto next = head_of(segment + 1);
  if (!next) return next.error();
  is_sorted = own->is_known && next->is_known && own->boot == next->boot;
  if (!is_sorted) return false;
  return (range.since && next->micros < *range.since - kTimeToleranceMicros) ||
         (range.until && own->micros >= *range.until + kTimeToleranceMicros);
}

base::Result<void> LogSearch::cut_extent(Extent& extent, const SearchedRange& range, bool is_sorted) const {
  const SegmentPath& segment = segments_[extent.segment];
  const bool begins_within = range.from > segment.first_index || (is_sorted && range.since);
  const bool ends_within =
      (range.to != UINT64_MAX &&
       (is_last(extent.segment) || segments_[extent.segment + 1].first_index > range.to)) ||
      (is_sorted && range.until);
  if (!begins_within && !ends_within) return {};
  auto prober = Prober::open(segment);
  if (!prober) return prober.error();
  if (begins_within) {
    const auto begin = prober->begin_of([&](const Found& found) {
      return found.index < range.from ||
             (is_sorted && range.since && found.micros < *range.since - kTimeToleranceMicros);
    });
    if (!begin) return begin.error();
    extent.begin = *begin;
  }
  if (ends_within) {
    const auto end = prober->end_of([&](const Found& found) {
      return found.index > range.to ||
             (is_sorted && range.until && found.micros >= *range.until + kTimeToleranceMicros);
    });
    if (!end) return end.error();
    extent.end = std::max(extent.begin, *end);
  }
  return {};
}

base::Result<std::vector<Extent>> LogSearch::extents(const SearchedRange& range) const {
  std::vector<Extent> extents;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    auto& extent = extents.emplace_back(Extent{i, 0, segments_[i].bytes});
    const bool is_before = !is_last(i) && segments_[i + 1].first_index <= range.from;
    if (is_before || segments_[i].first_index > range.to) {
      extent.end = 0;
      continue;
    }
    bool is_sorted = false;
    const auto passed_over = is_passed_over(i, range, is_sorted);
    if (!passed_over) return passed_over.error();
    if (*passed_over) {
      extent.end = 0;
      continue;
    }
    const auto cut = cut_extent(extent, range, is_sorted);
    if (!cut) return cut.error();
  }
  return extents;
}

base::Result<std::optional<std::string>> LogSearch::line_of(std::uint64_t index) const {
  const auto behind = std::upper_bound(
      segments_.begin(), segments_.end(), index,
      [](std::uint64_t wanted, const SegmentPath& segment) { return wanted < segment.first_index; });
  if (behind == segments_.begin()) return std::optional<std::string>{};
  auto prober = Prober::open(*(behind - 1));
  if (!prober) return prober.error();
  const auto is_within = [index](const Found& found) { return found.index <= index; };
  const auto near = prober->begin_of(is_within);
  if (!near) return near.error();
  const auto found = prober->last_while(*near, is_within);
  if (!found) return found.error();
  if (!*found || (*found)->index != index) return std::optional<std::string>{};
  return std::optional<std::string>{prober->text()};
}

base::Result<std::uint64_t> LogSearch::line_start(std::size_t segment, std::uint64_t offset) const {
  const auto prober = Prober::open(segments_[segment]);
  if (!prober) return prober.error();
  return prober->line_start(offset);
}

base::Result<ReadBytes> open_part(const SegmentPath& segment, std::uint64_t begin, std::uint64_t end) {
  auto opened = open_to_read(segment.path.string());
  if (!opened) return opened.error();
  ReadBytes within = only_first(end, std::move(opened->read));
  return ReadBytes([begin, within = std::move(within)](std::uint64_t offset, char* into, std::size_t count) {
    return within(begin + offset, into, count);
  });
}

}  // namespace portcullis::audit
