#include "audit/log_walk.hpp"

#include <algorithm>
#include <utility>

namespace portcullis::audit {
namespace {

base::Error bad_line(const SegmentPath& segment, std::uint64_t begin, const Line& line,
                     const std::string& what) {
  const std::string place = begin == 0 ? "line " + std::to_string(line.number)
                                       : "the line at byte " + std::to_string(begin + line.offset);
  return {base::sqlstate::io_error,
          "\"" + segment.path.string() + "\", " + place + ": " + what + ": run portcullis audit verify"};
}

class Walk {
 public:
  Walk(const LogSearch& log, LineVisitor& visitor, const ReadProgress& progress)
      : log_(log), visitor_(visitor), progress_(progress) {}

  base::Result<void> run(const std::vector<Extent>& extents) {
    for (const Extent& extent : extents) total_ += extent.end - extent.begin;
    for (const Extent& extent : extents) {
      const std::uint64_t bytes = log_.segments()[extent.segment].bytes;
      // Each is a part of the segment: what lies before the extent, the extent, what lies behind it.
      const bool is_empty = extent.begin == extent.end;
      const Part parts[] = {{extent.segment, 0, is_empty ? bytes : extent.begin, false},
                            {extent.segment, extent.begin, extent.end, true},
                            {extent.segment, is_empty ? bytes : extent.end, bytes, false}};
      for (const Part& part : parts) {
        const auto read = read_part(part);
        if (!read) return read.error();
        if (at_end_) return {};
      }
    }
    return {};
  }

 private:
  struct Part {
    std::size_t segment;
    std::uint64_t begin, end;
    bool in_extent;
  };

  base::Result<void> read_part(const Part& part) {
    if (part.begin >= part.end) return {};
    if (!part.in_extent && !visitor_.wants_gap()) {
      is_behind_last_ = false;
      return {};
    }
    if (!std::exchange(is_behind_last_, true)) visitor_.leap(part.segment, part.begin);
    auto lines = open_lines(part);
    if (!lines) return lines.error();
    return read_lines(part, *lines);
  }

  base::Result<void> read_lines(const Part& part, LineScanner& lines) {
    const SegmentPath& segment = log_.segments()[part.segment];
    const bool last = log_.is_last(part.segment);
    for (;;) {
      const auto line = lines.next();
      if (!line) return line.error();
      if (!*line) return {};
      if (last && is_blank((*line)->text)) return end();
      if ((*line)->too_long) return bad_line(segment, part.begin, **line, "longer than an entry may be");
      const auto step = visitor_.line((*line)->text, part.in_extent);
      if (step.bad && last && step.bad->truncated) return end();
      if (step.bad) return bad_line(segment, part.begin, **line, step.bad->message);
      if (!step.more) return end();
      if (!part.in_extent && !visitor_.wants_gap()) {
        is_behind_last_ = false;
        return {};
      }
    }
  }

  base::Result<void> end() {
    at_end_ = true;
    return {};
  }

  base::Result<LineScanner> open_lines(const Part& part) {
    auto read = open_part(log_.segments()[part.segment], part.begin, part.end);
    if (!read) return read.error();
    return LineScanner([this, is_counted = part.in_extent, read = std::move(*read)](
                           std::uint64_t offset, char* into, std::size_t count) {
      auto got = read(offset, into, count);
      if (got && is_counted) done_ += *got;
      if (progress_) progress_(std::min(done_, total_), total_);
      return got;
    });
  }

  const LogSearch& log_;
  LineVisitor& visitor_;
  const ReadProgress& progress_;
  std::uint64_t done_ = 0, total_ = 0;
  bool is_behind_last_ = false;  // the next part begins where the last one read ended
  bool at_end_ = false;
};

}  // namespace

base::Result<void> walk(const LogSearch& log, const std::vector<Extent>& extents, LineVisitor& visitor,
                        const ReadProgress& progress) {
  return Walk(log, visitor, progress).run(extents);
}

}  // namespace portcullis::audit
