#include "audit/read.hpp"

#include "audit/directory_listing.hpp"
#include "audit/line_scanner.hpp"

namespace portcullis::audit {
namespace {

bool matches(const EntryFilter& filter, const EntryReader& entry) {
  if (entry.index() < filter.from || entry.index() > filter.to) return false;
  if (filter.type && *filter.type != entry.type()) return false;
  if (!filter.agent.empty() && entry.text("agent") != filter.agent) return false;
  return filter.verdict.empty() || entry.text("verdict") == filter.verdict;
}

base::Error bad_line(const SegmentPath& segment, const Line& line, const std::string& what) {
  return {base::sqlstate::io_error, "\"" + segment.path.string() + "\", line " + std::to_string(line.number) +
                                        ": " + what + ": run portcullis audit verify"};
}

// True to go on with the next segment.
base::Result<bool> read_segment(const SegmentPath& segment, bool last, const EntryFilter& filter,
                                const std::function<bool(const EntryReader&)>& callback) {
  auto opened = open_to_read(segment.path.string());
  if (!opened) return opened.error();
  LineScanner lines(std::move(opened->read));
  EntryReader entry;
  for (;;) {
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line) return true;
    if (last && is_blank((*line)->text)) return false;
    if ((*line)->too_long) return bad_line(segment, **line, "longer than an entry may be");
    if (const auto bad = entry.read((*line)->text)) {
      if (last && bad->truncated) return false;
      return bad_line(segment, **line, bad->message);
    }
    if (entry.index() > filter.to) return false;
    if (matches(filter, entry) && !callback(entry)) return false;
  }
}

}  // namespace

base::Result<void> for_each_entry(const std::filesystem::path& directory, const EntryFilter& filter,
                                  const std::function<bool(const EntryReader&)>& callback) {
  const auto segments = list_segments(directory);
  if (!segments) return segments.error();
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const bool last = i + 1 == segments->size();
    if (!last && (*segments)[i + 1].first_index <= filter.from) continue;
    const auto more = read_segment((*segments)[i], last, filter, callback);
    if (!more) return more.error();
    if (!*more) break;
  }
  return {};
}

base::Result<std::uint64_t> first_index_since(const std::filesystem::path& directory, std::int64_t micros) {
  const auto segments = list_segments(directory);
  if (!segments) return segments.error();
  for (auto segment = segments->rbegin(); segment != segments->rend(); ++segment) {
    bool is_older = false;
    const auto look = [&](const EntryReader& entry) {
      is_older = entry.micros() < micros;
      return false;
    };
    const bool last = segment == segments->rbegin();
    const auto read = read_segment(*segment, last, {}, look);
    if (!read) return read.error();
    if (is_older) return segment->first_index;
  }
  return std::uint64_t{0};
}

}  // namespace portcullis::audit
