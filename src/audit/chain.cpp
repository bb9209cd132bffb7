#include "audit/chain.hpp"

#include <algorithm>
#include <utility>

#include "audit/format.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

ReadProblem problem(std::string_view check, std::string message) {
  return {std::string(check), std::move(message), false};
}

std::string said(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

ChainState claimed_before(const EntryReader& entry) {
  ChainState claimed{.origin = std::string(entry.origin()),
                     .next_index = entry.index(),
                     .batch = entry.batch(),
                     .in_batch = true};
  const auto leaf = base::from_base64url(entry.previous());
  std::copy(leaf->begin(), leaf->end(), claimed.leaf.begin());
  return claimed;
}

ChainState beginning(std::uint64_t first_index) {
  ChainState state;
  state.next_index = first_index;
  state.is_cut = first_index > 0;
  return state;
}

bool is_claim_true(const ChainState& claimed, const ChainState& state) {
  if (state.is_cut) return claimed.next_index == state.next_index;
  return (state.origin.empty() || claimed.origin == state.origin) && claimed.next_index == state.next_index &&
         claimed.leaf == state.leaf && claimed.batch == state.batch + (state.in_batch ? 0 : 1);
}

std::optional<ReadProblem> Chain::check_place(bool first_of_segment) const {
  const EntryReader& entry = reader_;
  if (!state_.origin.empty() && entry.origin() != state_.origin) {
    return problem("origin", "an entry of \"" + std::string(entry.origin()) + "\" in the log of \"" +
                                 state_.origin + "\"");
  }
  if (!entry.origin().ends_with(kVersionMark)) {
    return problem("origin", "\"" + std::string(entry.origin()) + "\" does not end with \"" +
                                 std::string(kVersionMark) + "\"");
  }
  if (entry.index() != state_.next_index) {
    return problem("index", "the entry has the index " + said(entry.index()) + " where " +
                                said(state_.next_index) + " was due");
  }
  if (!state_.is_cut && entry.previous() != leaf_text_) {
    return problem("chain",
                   "\"prev\" is not the hash of the entry before: this entry or that one was altered");
  }
  const std::uint64_t batch = state_.batch + (state_.in_batch ? 0 : 1);
  if (!state_.is_cut && entry.batch() != batch) {
    return problem("batch",
                   "the entry has the batch " + said(entry.batch()) + " where " + said(batch) + " was due");
  }
  if (entry.ends_batch() && !entry.seal_holds()) {
    return problem("seal", "\"e\" is not true of the entry: it was altered");
  }
  if (first_of_segment != (entry.type() == EntryType::segment)) {
    return problem("segment", first_of_segment ? "the segment does not begin with an entry \"segment\""
                                               : "an entry \"segment\" stands inside a segment");
  }
  return std::nullopt;
}

std::optional<ReadProblem> Chain::accept(std::string_view line, bool first_of_segment) {
  leaf_text_.clear();
  append_text(leaf_text_, state_.leaf);
  if (auto bad = reader_.read(line, leaf_text_)) return bad;
  if (auto bad = check_place(first_of_segment)) return bad;
  if (state_.origin.empty()) state_.origin = reader_.origin();
  state_.is_cut = false;
  state_.next_index = reader_.index() + 1;
  state_.leaf = leaf_hash(line);
  state_.batch = reader_.batch();
  state_.in_batch = !reader_.ends_batch();
  state_.last_type = reader_.type();
  return std::nullopt;
}

bool is_kept_without_end(EntryType type) noexcept {
  return type == EntryType::decision || type == EntryType::outcome;
}

void SegmentScan::begin_cut(std::uint64_t first_batch) {
  if (state.is_cut && entries_end == 0) state.batch = first_batch - 1;
}

void SegmentScan::take(const ChainState& now, std::uint64_t end_of_line) {
  entries_end = end_of_line;
  if (now.in_batch) return;
  state = now;
  ++batches;
  last_batch = std::exchange(end, end_of_line);
}

void SegmentScan::take(const SegmentScan& next) {
  entries_end = next.entries_end;
  line += next.line;
  if (next.batches == 0) return;
  state = next.state;
  last_batch = next.batches > 1 ? next.last_batch : end;
  end = next.end;
  batches += next.batches;
}

namespace {

// A segment being read. The states: entries; then perhaps one line that is none; then the rest.
class Scanner {
 public:
  Scanner(LineScanner& lines, Chain& chain, const std::function<void(const Line&)>& on_entry,
          std::optional<SegmentScan> so_far)
      : lines_(lines), chain_(chain), on_entry_(on_entry) {
    if (so_far) {
      scan_ = std::move(*so_far);
    } else {
      scan_.state = chain.state();
    }
  }

  base::Result<SegmentScan> run() {
    for (;;) {
      const auto line = lines_.next();
      if (!line) return line.error();
      if (!*line) break;
      scan_.line = (*line)->number;
      if (is_blank((*line)->text)) return tail(**line, std::nullopt);
      if (auto bad = accept(**line)) return tail(**line, std::move(bad));
    }
    return finish();
  }

 private:
  std::optional<ReadProblem> accept(const Line& line) {
    if (line.too_long) return problem("bytes", "a line is longer than an entry may be");
    if (auto bad = chain_.accept(line.text, line.offset == 0)) return bad;
    if (!line.terminated) {
      chain_.set_state(before_);
      return ReadProblem{"bytes", "the last entry lacks its line feed", true};
    }
    before_ = chain_.state();
    scan_.begin_cut(chain_.entry().batch());
    if (on_entry_) on_entry_(line);
    scan_.take(chain_.state(), line.offset + line.text.size() + 1);
    note_begun();
    return std::nullopt;
  }

  void note_begun() {
    is_begun_ = !chain_.state().in_batch || (is_begun_ && is_kept_without_end(chain_.state().last_type));
    if (!is_begun_) return;
    scan_.begun = chain_.state();
    scan_.begun_end = scan_.entries_end;
  }

  // From the first line that is no entry. A batch that was being written when the machine stopped leaves a
  // whole beginning, then the line feeds that were there before (or the end of the file), and in them perhaps
  // some sectors of the rest; never a second batch behind it, since that is not written before the first is
  // synced.
  base::Result<SegmentScan> tail(const Line& first, std::optional<ReadProblem> bad) {
    const bool blank = !bad;
    if (bad && !bad->truncated) return damaged(std::move(*bad));
    if (!blank) used_ = first.offset + first.text.size();
    scan_.blank_tail = first.terminated;
    zeros_ = blank && !first.text.empty();
    bool second = true, in_first = true;
    for (;; second = false) {
      const auto line = lines_.next();
      if (!line) return line.error();
      if (!*line) break;
      in_first = in_first && (*line)->is_rest;
      if (is_blank((*line)->text)) {
        zeros_ = zeros_ || !(*line)->text.empty();
        continue;
      }
      if (in_first) return damaged(problem("bytes", "a line is longer than an entry may be"));
      // A fragment that another line follows at once was not torn by a crash: somebody, or a failing disk,
      // changed it.
      if (second && !blank) return damaged(std::move(*bad));
      if (is_later_batch(**line)) {
        scan_.line = (*line)->number;
        return damaged(problem("batch", "whole entries of a later batch stand behind a torn one"));
      }
      used_ = (*line)->offset + (*line)->text.size();
    }
    return finish();
  }

  bool is_later_batch(const Line& line) {
    return line.terminated && !line.too_long && !line.is_rest && !later_.read(line.text) &&
           later_.batch() > scan_.state.batch + 1;
  }

  SegmentScan finish() {
    used_ = std::max(used_, scan_.entries_end);
    scan_.torn_bytes = used_ > scan_.end ? used_ - scan_.end : 0;
    scan_.torn = scan_.torn_bytes > 0 || zeros_;
    scan_.whole = !scan_.torn;
    chain_.set_state(scan_.state);
    return std::move(scan_);
  }

  SegmentScan damaged(ReadProblem bad) {
    scan_.whole = false;
    scan_.problem = std::move(bad);
    return std::move(scan_);
  }

  LineScanner& lines_;
  Chain& chain_;
  const std::function<void(const Line&)>& on_entry_;
  EntryReader later_;
  SegmentScan scan_;
  ChainState before_ = chain_.state();
  std::uint64_t used_ = 0;  // the end of what is neither line feed nor zero
  bool is_begun_ = false;   // all of the unfinished batch until now is what is kept of one
  bool zeros_ = false;      // allocated, and never filled with line feeds
};

}  // namespace

base::Result<SegmentScan> scan_segment(LineScanner& lines, Chain& chain,
                                       const std::function<void(const Line&)>& on_entry,
                                       std::optional<SegmentScan> so_far) {
  return Scanner(lines, chain, on_entry, std::move(so_far)).run();
}

}  // namespace portcullis::audit
