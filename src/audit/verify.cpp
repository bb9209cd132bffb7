#include "portcullis/audit/verify.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "audit/anchor_check.hpp"
#include "audit/chain.hpp"
#include "audit/directory_listing.hpp"
#include "audit/format.hpp"
#include "audit/key_conclusion.hpp"
#include "audit/key_history.hpp"
#include "audit/leaf_run.hpp"
#include "audit/note_check.hpp"
#include "audit/order_rules.hpp"
#include "audit/sealing_check.hpp"
#include "audit/stretch_queue.hpp"
#include "audit/verify_in_stretches.hpp"
#include "audit/verify_rules.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMaxFindings = 20;
constexpr std::uint64_t kStretchBytes = std::uint64_t{256} << 10;
constexpr unsigned kMostUnasked = 16;

unsigned threads_to_use(unsigned asked) {
  if (asked != 0) return std::min(asked, kMostVerifyThreads);
  return std::clamp(std::thread::hardware_concurrency(), 1u, kMostUnasked);
}

class Verifier {
 public:
  // The anchors are read before the log is listed: it may be written to meanwhile.
  Verifier(const VerifyOptions& options, const std::function<void(std::uint64_t, std::uint64_t)>& progress,
           std::uint64_t stretch_bytes, VerifyReport& report)
      : progress_(progress),
        threads_(threads_to_use(options.threads)),
        stretch_bytes_(stretch_bytes),
        report_(report),
        anchors_(options.anchors),
        keys_(options.keys, reporter()),
        sealing_keys_(options.sealing_keys) {
    report_.result = VerifyResult::clean;
  }

  void run(const std::filesystem::path& directory) {
    directory_ = directory;
    const auto log = list_log(directory);
    if (!log) {
      add(VerifyResult::incomplete, "read", log.error().message);
    } else {
      check_names(*log);
      check(*log);
    }
    report_.unresolved = rules_.unresolved();
    if (log && (log->segments.empty() || (report_.entries == 0 && report_.findings.empty()))) {
      add(VerifyResult::incomplete, "empty", "there is no entry to check");
    }
  }

 private:
  void check_names(const LogListing& log) {
    for (const std::string& name : log.strays) {
      add_at(VerifyResult::tampered, "notes",
             "a file of notes beside no segment: the segment is missing, or was renamed", {name, 0});
    }
  }

  void check(const LogListing& log) {
    for (const SegmentPath& segment : log.segments) total_ += segment.bytes;
    begin(log);
    bool to_the_end = !log.segments.empty();
    {
      StretchQueue stretches(log.segments, threads_, stretch_bytes_);
      for (std::size_t i = 0; to_the_end && i < log.segments.size(); ++i)
        to_the_end = check_segment(stretches, log.segments[i], log.notes[i], i + 1 == log.segments.size());
    }
    report_.whole = chain_.state().next_index;
    report_.covered = notes_.covered();
    if (report_.whole == report_.first) return;
    report_.last_leaf = to_hex(chain_.state().leaf);
    if (!is_torn_) report_.root = to_hex(tree_.root());
    report_.closed = chain_.state().last_type == EntryType::close;
    if (to_the_end) conclude();
  }

  // The entries before the first segment are gone: whether that was ordered is said in the end.
  void begin(const LogListing& log) {
    has_rest_ = !log.below.empty();
    report_.first = log.segments.empty() ? 0 : log.segments.front().first_index;
    if (report_.first == 0) return;
    index_ = report_.first;
    chain_.set_state(beginning(report_.first));
    keys_.begin_cut();
    rules_.begin_cut();
    anchors_.begin(report_.first);
  }

  // What can be said only of the log as a whole.
  void conclude() {
    index_ = report_.whole;
    file_.clear();
    line_ = 0;
    conclude_on_pruning();
    conclude_on_key(keys_, report_, reporter());
    anchors_.conclude(report_.whole, name(), placed_reporter());
    report_.anchored = anchors_.anchored();
    if (!sealing_keys_.empty()) conclude_on_sealing();
  }

  void conclude_on_pruning() {
    const OrderRules::Prune* last = nullptr;
    for (const auto& prune : orders_.prunes()) last = prune.index < report_.whole ? &prune : last;
    const std::uint64_t due = last == nullptr ? 0 : last->first;
    if (report_.first > due) {
      add(VerifyResult::tampered, "prune",
          "the log begins with entry " + std::to_string(report_.first) +
              ", and no order that holds says that the entries before are gone: look for a copy from "
              "elsewhere");
    } else if (report_.first < due || has_rest_) {
      add(VerifyResult::incomplete, "kept",
          "the entries before " + std::to_string(due) + " are ordered to be pruned by " + last->hash +
              ", and not all of their files are gone: give the log the order once more with portcullis audit "
              "prune");
    }
    if (report_.first == 0 || last == nullptr) return;
    report_.pruned_by = last->hash;
    report_.pruned_at = last->index;
  }

  void conclude_on_sealing() {
    check_sealing(sealing_keys_,
                  {directory_, std::string(name()), report_.whole, chain_.state().leaf, report_.first},
                  [this](VerifyResult severity, std::string_view check, std::uint64_t index, std::string file,
                         std::string message) {
                    index_ = index;
                    add_at(severity, check, std::move(message), {std::move(file), 0});
                  });
  }

  // False when what follows cannot be judged: the chain is broken.
  bool check_segment(StretchQueue& stretches, const SegmentPath& segment, const NotesPath& notes, bool last) {
    file_ = segment.path.filename().string();
    line_ = 0;
    if (segment.first_index != chain_.state().next_index) {
      add(VerifyResult::tampered, "index",
          "the segment begins with the index " + std::to_string(segment.first_index) + " where " +
              std::to_string(chain_.state().next_index) + " is due: a segment is missing, or was renamed");
      return false;
    }
    index_ = segment.first_index;
    notes_.follows(notes, segment.first_index, last);
    const auto scan = scan_entries(stretches);
    passed_ += segment.bytes;
    if (!scan) {
      add(VerifyResult::incomplete, "read", scan.error().message);
      return false;
    }
    ++report_.segments;
    if (!judge(*scan, last)) return false;
    notes_.end(name());
    return true;
  }

  // First what was read ahead, as far as it goes on from here; then, line by line, what is left.
  base::Result<SegmentScan> scan_entries(StretchQueue& stretches) {
    while (!std::exchange(next_begins_segment_, true)) next_begins_segment_ = stretches.next()->ends_segment;
    SegmentScan scan;
    scan.state = chain_.state();
    const Stretch* stretch = stretches.next();
    const SharedFile file = stretch->file;
    if (!*file) return file->error();
    while (take(*stretch, scan) && !stretch->ends_segment) stretch = stretches.next();
    next_begins_segment_ = stretch->ends_segment;
    LineScanner lines(with_progress(file->value().read), scan.entries_end, scan.line);
    const auto on_entry = [this](const Line& line) {
      store_.clear();
      const EntryFacts entry = store_.facts_of(chain_.entry());
      begin_tree(entry);
      meet(entry, line.number);
      tree_.append(chain_.state().leaf);
      see(entry);
    };
    return scan_segment(lines, chain_, on_entry, std::move(scan));
  }

  // False where the next line of the segment has to be read anew.
  bool take(const Stretch& stretch, SegmentScan& scan) {
    if (stretch.entries.empty()) return stretch.is_whole && scan.entries_end >= stretch.to;
    if (stretch.begin != scan.entries_end || !is_claim_true(stretch.claimed, chain_.state())) return false;
    chain_.set_state(stretch.state);
    begin_tree(stretch.entries.front());
    scan.begin_cut(stretch.claimed.batch);
    tree_.follow(stretch.leaves);
    std::uint64_t line = scan.line;
    for (const EntryFacts& entry : stretch.entries) {
      meet(entry, ++line);
      tree_.append_followed();
      see(entry);
    }
    tree_.leave();
    scan.take(stretch.scan);
    progress_to(scan.entries_end);
    return stretch.is_whole;
  }

  bool judge(const SegmentScan& scan, bool last) {
    line_ = scan.line;
    if (scan.problem) {
      add(VerifyResult::tampered, scan.problem->check, scan.problem->message);
      return false;
    }
    if (!last && (!scan.whole || scan.blank_tail || scan.batches == 0)) {
      add(VerifyResult::tampered, "bytes",
          "the segment does not end with its last entry, and another one follows");
      return false;
    }
    is_torn_ = !scan.whole || scan.batches == 0;
    if (is_torn_) {
      add(VerifyResult::incomplete, "torn tail",
          "the last batch is torn, as a crash leaves it: " + std::to_string(scan.torn_bytes) +
              " bytes behind the last whole one, which the next start of the gate cuts and records");
    }
    return true;
  }

  // With the first entry.
  void begin_tree(const EntryFacts& entry) {
    if (report_.entries == 0 && report_.first > 0) tree_.begin(entry.index, entry.declaration->frontier);
  }

  // Before the entry is in the tree.
  void meet(const EntryFacts& entry, std::uint64_t line) {
    line_ = line;
    index_ = entry.index;
    ++report_.entries;
    notes_.begin(name());
    if (entry.type == EntryType::segment && entry.declaration->frontier != tree_.hashes())
      add(VerifyResult::tampered, "tree", "\"frontier\" is not that of the tree of the entries before");
  }

  // Behind that.
  void see(const EntryFacts& entry) {
    report_.decisions += entry.type == EntryType::decision ? 1 : 0;
    report_.outcomes += entry.type == EntryType::outcome ? 1 : 0;
    report_.recovered += entry.type == EntryType::recovered ? 1 : 0;
    rules_.see(entry);
    keys_.see(entry, name());
    see_order(entry);
    index_ = entry.index + 1;
    anchors_.see(tree_, keys_);
    if (!entry.ends_batch) return;
    keys_.settle();
    notes_.batch_ended(tree_);
  }

  // What is ordered, and by whose powers, is long and seldom: it is read again.
  void see_order(const EntryFacts& entry) {
    if (entry.type == EntryType::segment) orders_.begin_segment(entry.index, entry.declaration->frontier);
    if (entry.line.empty() || ordering_.read(entry.line)) return;
    if (auto wrong = orders_.see(ordering_, name()))
      add(VerifyResult::tampered, wrong->check, std::move(wrong->message));
  }

  ReadBytes with_progress(ReadBytes read) {
    return [this, read = std::move(read)](std::uint64_t offset, char* into, std::size_t count) {
      auto got = read(offset, into, count);
      if (got) progress_to(offset + *got);
      return got;
    };
  }

  // Of the segment that is read.
  void progress_to(std::uint64_t offset) {
    done_ = std::max(done_, passed_ + offset);
    if (progress_) progress_(std::min(done_, total_), total_);
  }

  // Of the log, as its notes have it; empty before the first entry.
  [[nodiscard]] std::string_view name() const {
    std::string_view origin = chain_.state().origin;
    if (!origin.empty()) origin.remove_suffix(kVersionMark.size());
    return origin;
  }

  void add(VerifyResult severity, std::string_view check, std::string message) {
    add_at(severity, check, std::move(message), {file_, line_});
  }

  void add_at(VerifyResult severity, std::string_view check, std::string message, Place place) {
    if (report_.result != VerifyResult::tampered && severity != VerifyResult::clean)
      report_.result = severity;
    if (report_.findings.size() >= kMaxFindings) return;
    report_.findings.push_back(
        {std::string(check), index_, std::move(place.file), place.line, std::move(message)});
  }

  EntryRules::Report reporter() {
    return [this](VerifyResult severity, std::string_view check, std::string message) {
      add(severity, check, std::move(message));
    };
  }

  PlacedReport placed_reporter() {
    return [this](VerifyResult severity, std::string_view check, std::string message, Place place) {
      add_at(severity, check, std::move(message), std::move(place));
    };
  }

  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  const unsigned threads_;
  const std::uint64_t stretch_bytes_;
  VerifyReport& report_;
  Chain chain_;
  LogTree tree_;
  bool has_rest_ = false;  // files of notes of segments that are gone
  bool is_torn_ = false;   // the tree has entries that the log will not keep
  EntryRules rules_{reporter()};
  OrderRules orders_;
  EntryReader ordering_;
  AnchorCheck anchors_;
  KeyHistory keys_;
  NoteCheck notes_{keys_, placed_reporter()};
  const std::filesystem::path sealing_keys_;
  std::filesystem::path directory_;
  std::string file_;
  std::uint64_t line_ = 0, index_ = 0;
  bool next_begins_segment_ = true;                  // of the stretches
  FactStore store_;                                  // of an entry that is read here
  std::uint64_t passed_ = 0, done_ = 0, total_ = 0;  // bytes: in segments before, read, in all
};

// What was found before stays, and is worth more than what was not.
void end_early(VerifyReport& report, Finding why) {
  why.index = report.entries;
  if (report.result != VerifyResult::tampered) report.result = VerifyResult::incomplete;
  if (report.findings.size() < kMaxFindings) report.findings.push_back(std::move(why));
}

Finding no_memory() {
  return {"read", 0, {}, 0, "the check ended early for want of memory: free some, or check with --threads 1"};
}

}  // namespace

VerifyReport verify(const std::filesystem::path& directory, const VerifyOptions& options,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return verify_in_stretches(directory, options, progress, kStretchBytes);
}

VerifyReport verify_in_stretches(const std::filesystem::path& directory, const VerifyOptions& options,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress,
                                 std::uint64_t stretch_bytes) {
  VerifyReport report;
  report.findings.reserve(kMaxFindings);
  Finding no_memory_left = no_memory();  // when it is needed, there is none to make it
  try {
    Verifier(options, progress, stretch_bytes, report).run(directory);
  } catch (const std::bad_alloc&) {
    end_early(report, std::move(no_memory_left));
  } catch (const std::exception& failed) {
    end_early(report, {"read", 0, {}, 0, std::string("the check ended early: ") + failed.what()});
  }
  return report;
}

}  // namespace portcullis::audit
