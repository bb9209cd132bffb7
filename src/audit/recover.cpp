#include "audit/recover.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "audit/format.hpp"
#include "audit/recover_notes.hpp"
#include "audit/recover_pruned.hpp"
#include "audit/segment.hpp"

namespace portcullis::audit {
namespace {

class Recovery {
 public:
  Recovery(Storage& storage, const RecoverNeeds& needs)
      : storage_(storage),
        needs_(needs),
        directory_(needs.directory),
        mark_(needs.origin + std::string(kVersionMark)) {}

  base::Result<Recovered> run() {
    if (auto listed = list(); !listed) return listed.error();
    if (auto linked = check_links(); !linked) return linked.error();
    if (auto read = signed_.read(segments_, notes_); !read) return read.error();
    if (!segments_.empty()) {
      if (auto read = read_last(); !read) return read.error();
    }
    if (auto checked = check_origin(); !checked) return checked.error();
    if (auto checked = signed_.judge(result_, unborn_); !checked) return checked.error();
    if (auto checked = check_beginning(); !checked) return checked.error();
    if (auto checked = needs_.check(result_); !checked) return checked.error();
    if (auto cleared = clear(); !cleared) return cleared.error();
    return std::move(result_);
  }

 private:
  // A segment that can be the last: read, and found to be whole or torn.
  struct Last {
    std::unique_ptr<SegmentFile> file;
    SegmentScan scan;
    Frontier tree;  // after what is kept
    std::chrono::system_clock::time_point began{};
    std::uint64_t size = 0;
  };

  [[nodiscard]] base::Error damage(std::uint64_t segment, std::uint64_t line, const std::string& what) const {
    return {base::sqlstate::io_error, "the audit log \"" + directory_ +
                                          "\" is damaged: " + segment_name(segment) +
                                          (line == 0 ? "" : ", line " + std::to_string(line)) + ": " + what +
                                          ": run portcullis audit verify, and keep the files as evidence"};
  }

  base::Result<void> list() {
    const auto names = storage_.list();
    if (!names) return names.error();
    for (const auto& name : *names) {
      if (const auto first = segment_first_index(name)) {
        segments_.push_back(*first);
      } else if (const auto of = notes_first_index(name)) {
        notes_.push_back(*of);
      } else if (name == kNextName) {
        has_next_ = true;
      } else if (name.ends_with(kSegmentSuffix) || name.ends_with(kNotesSuffix)) {
        return base::Error{base::sqlstate::io_error,
                           "\"" + name + "\" in the audit log \"" + directory_ +
                               "\" is not the name of a segment or its notes: move the file away"};
      }
    }
    std::sort(segments_.begin(), segments_.end());
    std::sort(notes_.begin(), notes_.end());
    return {};
  }

  static LineScanner scanner(SegmentFile& file, std::uint64_t from = 0) {
    return LineScanner([&file, from](std::uint64_t offset, char* into, std::size_t count) {
      return file.read(from + offset, into, count);
    });
  }

  // Each segment but the last is linked to the next: its last entry's index and hash are what the next one
  // begins with. A last segment without a whole batch is no successor: read_last() removes it.
  base::Result<void> check_links() {
    std::optional<ChainState> before;
    for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
      const auto file = storage_.open(segment_name(segments_[i]));
      if (!file) return file.error();
      if (before) {
        if (auto linked = check_first(**file, segments_[i], *before); !linked) return linked;
      }
      auto last = read_last_line(**file, segments_[i]);
      if (!last) return last.error();
      before = std::move(*last);
    }
    before_last_ = std::move(before);
    return {};
  }

  base::Result<void> check_first(SegmentFile& file, std::uint64_t segment, const ChainState& before) {
    LineScanner lines = scanner(file);
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line) return damage(segment, 1, "the segment is empty");
    Chain chain;
    chain.set_state(before);
    if (const auto bad = chain.accept((*line)->text, true)) return damage(segment, 1, bad->message);
    if (segment != before.next_index)
      return damage(segment, 1, "the file's name is not the index of its first entry");
    return {};
  }

  base::Result<ChainState> read_last_line(SegmentFile& file, std::uint64_t segment) {
    const auto size = file.size();
    if (!size) return size.error();
    // The last kMaxLineBytes hold it, behind the line feed of the line before: most often a few hundred bytes
    // do.
    for (std::uint64_t reach = 4096;; reach *= 64) {
      const std::uint64_t from = *size > reach ? *size - reach : 0;
      LineScanner lines = scanner(file, from);
      std::string last;
      std::uint64_t cut = 0;
      for (;;) {
        const auto line = lines.next();
        if (!line) return line.error();
        if (!*line) break;
        last = (*line)->text;
        ++cut;
        // What is read first may be of a line that began before, or just its line feed.
        const bool is_rest = from != 0 && cut == 1;
        if ((*line)->too_long || !(*line)->terminated || (last.empty() && !is_rest)) {
          return damage(segment, 0, "the segment does not end with an entry and a line feed");
        }
      }
      if (from != 0 && cut < 2 && reach <= kMaxLineBytes) continue;
      return state_of(last, segment);
    }
  }

  base::Result<ChainState> state_of(const std::string& line, std::uint64_t segment) {
    EntryReader entry;
    if (const auto bad = entry.read(line)) return damage(segment, 0, "its last line: " + bad->message);
    if (!entry.ends_batch()) return damage(segment, 0, "its last entry does not end a batch");
    if (!entry.seal_holds()) return damage(segment, 0, "its last entry was altered");
    ChainState state;
    state.origin = entry.origin();
    state.next_index = entry.index() + 1;
    state.leaf = leaf_hash(line);
    state.batch = entry.batch();
    state.last_type = entry.type();
    return state;
  }

  base::Result<void> read_last() {
    auto last = scan(segments_.back(), before_last_);
    if (!last) return last.error();
    if (last->scan.batches == 0) {
      // The crash came before the segment's first batch was whole. The one before it, if any, is the last.
      result_.dropped_bytes = last->scan.torn_bytes;
      unborn_ = segments_.back();
      segments_.pop_back();
      result_.closed = !before_last_ && result_.dropped_bytes == 0;
      if (!before_last_) return {};
      last = rescan_previous();
      if (!last) return last.error();
    }
    // What was acknowledged without its sync is kept, and ended by what the start writes behind it.
    result_.dropped_bytes += last->scan.torn_bytes - (last->scan.begun_end - last->scan.end);
    result_.state = last->scan.begun;
    result_.closed = !unborn_ && last->scan.state.last_type == EntryType::close && last->scan.torn_bytes == 0;
    result_.end = last->scan.begun_end;
    result_.tree = std::move(last->tree);
    result_.segment = segments_.back();
    result_.segment_began = last->began;
    last_ = std::move(*last);
    return {};
  }

  // Whether the hashes are the right ones `verify` finds out, which reads all segments.
  static bool begin(Frontier& tree, const EntryReader& entry) {
    auto begun = Frontier::from(entry.index(), entry.hashes("frontier"));
    if (begun) tree = std::move(*begun);
    return begun.has_value();
  }

  base::Result<Last> scan(std::uint64_t segment, const std::optional<ChainState>& before) {
    Last last;
    auto file = storage_.open(segment_name(segment));
    if (!file) return file.error();
    last.file = std::move(*file);
    const auto size = last.file->size();
    if (!size) return size.error();
    last.size = *size;
    Chain chain;
    if (before) chain.set_state(*before);
    if (!before) chain.set_state(beginning(segment));
    if (before && segment != before->next_index) {
      return damage(segment, 0, "the file's name is not the index that is due");
    }
    LineScanner lines = scanner(*last.file);
    Frontier tree;
    bool is_begun = true, is_kept = false;
    signed_.begin_segment();
    auto scanned = scan_segment(lines, chain, [&](const Line&) {
      if (chain.entry().type() == EntryType::segment) {
        is_begun = begin(tree, chain.entry());
        last.began += std::chrono::microseconds(chain.entry().micros());
      }
      signed_.see(chain.entry(), tree);
      tree.append(chain.state().leaf);
      is_kept = !chain.state().in_batch || (is_kept && is_kept_without_end(chain.entry().type()));
      if (is_kept) last.tree = tree;
    });
    if (!scanned) return scanned.error();
    if (scanned->problem) return damage(segment, scanned->line, scanned->problem->message);
    if (!is_begun) return damage(segment, 1, "\"frontier\" has not one hash for each bit of the index");
    last.scan = std::move(*scanned);
    return last;
  }

  // The segment before one that was never begun: cut and synced before that one was made, so it must be
  // whole.
  base::Result<Last> rescan_previous() {
    std::optional<ChainState> before;
    if (segments_.size() > 1) {
      const auto file = storage_.open(segment_name(segments_[segments_.size() - 2]));
      if (!file) return file.error();
      auto state = read_last_line(**file, segments_[segments_.size() - 2]);
      if (!state) return state.error();
      before = std::move(*state);
    }
    auto last = scan(segments_.back(), before);
    if (last && (!last->scan.whole || last->scan.blank_tail)) {
      return damage(segments_.back(), last->scan.line, "the segment is torn, and another one follows");
    }
    return last;
  }

  // Entries are gone only where an order says so that nobody but the log's key and two erasers can have made.
  base::Result<void> check_beginning() {
    const std::uint64_t first = segments_.empty() ? unborn_.value_or(0) : segments_.front();
    if (first == 0) return {};
    if (segments_.empty()) return damage(first, 0, "the segments before it are missing");
    const std::uint64_t size = result_.key.empty() ? result_.state.next_index : result_.signed_size;
    const auto pruned = newest_prune(storage_, segments_, size, needs_.origin);
    if (!pruned) return pruned.error();
    if (*pruned && (*pruned)->first >= first) return {};
    return damage(first, 0,
                  "the segments before it are missing, and no order that holds prunes them" +
                      std::string(result_.key.empty() ? "" : " that a checkpoint covers"));
  }

  base::Result<void> check_origin() {
    const std::string& found = result_.state.origin;
    if (found.empty() || found == mark_) return {};
    const std::string name = found.substr(0, found.size() - kVersionMark.size());
    return base::Error{base::sqlstate::io_error,
                       "the audit log \"" + directory_ + "\" has the origin \"" + name +
                           "\", which is fixed: set audit.origin to that, or give the log another directory"};
  }

  // From here on, the directory is changed.
  base::Result<void> clear() {
    if (unborn_) {
      if (auto removed = signed_.remove_of(*unborn_); !removed) return removed;
      if (auto removed = storage_.remove(segment_name(*unborn_)); !removed) return removed;
    }
    if (has_next_) {
      if (auto removed = storage_.remove(std::string(kNextName)); !removed) return removed;
    }
    if (unborn_ || has_next_) {
      if (auto synced = storage_.sync_directory(); !synced) return synced;
    }
    if (last_) {
      if (auto cut = cut_tail(); !cut) return cut;
      result_.file = std::move(last_->file);
    }
    return signed_.clear(result_);
  }

  base::Result<void> cut_tail() {
    SegmentFile& file = *last_->file;
    // The last batch, `close` among them, and the cut behind it may be in the kernel's memory only, after a
    // sync that failed: then its pages count as clean, and no later sync would write them. Done again, they
    // are dirty again. Older batches were synced before it was written.
    if (auto cut = file.truncate(result_.end); !cut) return cut;
    if (auto rewritten = rewrite(file, last_->scan.last_batch, result_.end); !rewritten) return rewritten;
    if (auto synced = file.sync(); !synced) return synced;
    return storage_.sync_directory();
  }

  Storage& storage_;
  const RecoverNeeds& needs_;
  const std::string& directory_;
  std::string mark_;
  std::vector<std::uint64_t> segments_, notes_;  // first indexes, ascending
  RecoveredNotes signed_{storage_, needs_};
  bool has_next_ = false;
  std::optional<ChainState> before_last_;  // at the end of the last segment but one
  std::optional<std::uint64_t> unborn_;    // a last segment without a whole batch
  std::optional<Last> last_;
  Recovered result_;
};

}  // namespace

base::Result<Recovered> recover(Storage& storage, const RecoverNeeds& needs) {
  return Recovery(storage, needs).run();
}

}  // namespace portcullis::audit
