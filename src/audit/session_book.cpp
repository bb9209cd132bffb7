#include "audit/session_book.hpp"

#include <algorithm>

#include "audit/prefilter.hpp"

namespace portcullis::audit {
namespace {

constexpr std::uint64_t kFirstStep = std::uint64_t{4} << 20, kLargestStep = std::uint64_t{256} << 20;

}  // namespace

void SessionBook::leap(std::size_t segment, std::uint64_t offset) {
  sessions_.clear();
  horizon_ = Horizon{segment, offset};
  step_ = kFirstStep;
}

void SessionBook::note(Sessions& sessions, const EntryReader& entry) {
  const std::string event = entry.text("event");
  const auto number = static_cast<std::uint64_t>(entry.number("session").value_or(0));
  if (event == "end") {
    sessions.erase(number);
  } else if (event == "login") {
    sessions[number] = std::make_shared<const SessionFacts>(read_session(entry));
  }
}

void SessionBook::see(const EntryReader& entry) {
  if (entry.type() == EntryType::open) {
    sessions_.clear();
    horizon_.reset();
    return;
  }
  if (entry.type() != EntryType::session) return;
  note(sessions_, entry);
  forget_beyond();
}

void SessionBook::forget_beyond() {
  for (; sessions_.size() > kMost; ++forgotten_) sessions_.erase(sessions_.begin());
}

base::Result<std::shared_ptr<const SessionFacts>> SessionBook::who(std::uint64_t session) {
  for (;;) {
    const auto found = sessions_.find(session);
    if (found != sessions_.end()) return found->second;
    if (!horizon_) return std::shared_ptr<const SessionFacts>{};
    const auto looked = look_back();
    if (!looked) return looked.error();
  }
}

// One step, within one segment.
base::Result<void> SessionBook::look_back() {
  if (horizon_->offset == 0) {
    if (horizon_->segment == 0) {
      horizon_.reset();
      return {};
    }
    --horizon_->segment;
    horizon_->offset = log_.segments()[horizon_->segment].bytes;
  }
  const auto [segment, end] = *horizon_;
  const auto begin = log_.line_start(segment, end > step_ ? end - step_ : 0);
  if (!begin) return begin.error();
  step_ = std::min(step_ * 2, kLargestStep);
  if (*begin >= end) return {};  // one long line
  auto read = open_part(log_.segments()[segment], *begin, end);
  if (!read) return read.error();
  LineScanner lines(std::move(*read));
  Sessions older;
  bool saw_open = false;
  EntryReader entry;
  for (;;) {
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line) break;
    const auto type = raw_type((*line)->text);
    if ((type != "session" && type != "open") || entry.read((*line)->text)) continue;
    if (entry.type() == EntryType::open) {
      older.clear();
      saw_open = true;
    } else {
      note(older, entry);
    }
  }
  sessions_.merge(older);
  forget_beyond();
  if (saw_open) {
    horizon_.reset();
  } else {
    horizon_->offset = *begin;
  }
  return {};
}

}  // namespace portcullis::audit
