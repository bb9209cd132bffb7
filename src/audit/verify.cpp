#include "portcullis/audit/verify.hpp"

#include <algorithm>
#include <utility>

#include "audit/anchor_check.hpp"
#include "audit/chain.hpp"
#include "audit/directory_listing.hpp"
#include "audit/format.hpp"
#include "audit/key_history.hpp"
#include "audit/note_check.hpp"
#include "audit/order_rules.hpp"
#include "audit/range_tree.hpp"
#include "audit/sealing_check.hpp"
#include "audit/verify_rules.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMaxFindings = 20;

class Verifier {
 public:
  // The anchors are read before the log is listed: it may be written to meanwhile.
  Verifier(const VerifyOptions& options, const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : progress_(progress),
        anchors_(options.anchors),
        keys_(options.keys, reporter()),
        sealing_keys_(options.sealing_keys) {
    report_.result = VerifyResult::clean;
  }

  VerifyReport run(const std::filesystem::path& directory) {
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
    return std::move(report_);
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
    bool to_the_end = !log.segments.empty();
    for (std::size_t i = 0; to_the_end && i < log.segments.size(); ++i) {
      to_the_end = check_segment(log.segments[i], log.notes[i], i + 1 == log.segments.size());
    }
    report_.whole = chain_.state().next_index;
    report_.covered = notes_.covered();
    if (report_.whole == 0) return;
    report_.last_leaf = to_hex(chain_.state().leaf);
    if (!is_torn_) report_.root = to_hex(*tree_.root());
    report_.closed = chain_.state().last_type == EntryType::close;
    if (to_the_end) conclude();
  }

  // What can be said only of the log as a whole.
  void conclude() {
    index_ = report_.whole;
    file_.clear();
    line_ = 0;
    const auto* key = keys_.at_end();
    if (key == nullptr) {
      conclude_unsigned();
    } else {
      conclude_on_key(*key);
    }
    anchors_.conclude(report_.whole, name(), placed_reporter());
    report_.anchored = anchors_.anchored();
    if (!sealing_keys_.empty()) conclude_on_sealing();
  }

  void conclude_on_sealing() {
    check_sealing(sealing_keys_, {directory_, std::string(name()), report_.whole, chain_.state().leaf},
                  [this](VerifyResult severity, std::string_view check, std::uint64_t index, std::string file,
                         std::string message) {
                    index_ = index;
                    add_at(severity, check, std::move(message), {std::move(file), 0});
                  });
  }

  // Whoever takes the signatures off a log has to make it anew: then it looks like one that never had any,
  // but to those who have its key.
  void conclude_unsigned() {
    if (keys_.any_given()) {
      return add(VerifyResult::tampered, "key",
                 "nobody signs this log, and a key was given: it was made anew, or is another log; keep the "
                 "files as "
                 "evidence, and look for a copy from elsewhere");
    }
    add(VerifyResult::incomplete, "unsigned",
        "nobody signs this log: whoever can write its files can make it anew as a whole. Keep the root or "
        "the "
        "last leaf below elsewhere, and compare them the next time");
  }

  void conclude_on_key(const KeyHistory::InForce& key) {
    report_.key = key.text;
    report_.key_is_trusted = key.trusted;
    conclude_on_trust(key);
    if (report_.covered == report_.whole) return;
    add(VerifyResult::incomplete, "unsigned",
        "no note covers the entries from " + std::to_string(report_.covered) +
            " on: check again once the gate has signed them, which takes it a second, or its next start");
  }

  void conclude_on_trust(const KeyHistory::InForce& key) {
    if (!keys_.any_given()) {
      return add(
          VerifyResult::incomplete, "no key",
          "whoever made this log may have made its key as well: give the public key with --key, from a "
          "place that the gate's machine cannot change");
    }
    if (key.trusted) return;
    add(VerifyResult::tampered, "key",
        "the log is signed by " + key.text +
            ", which is none of the keys given, and none of them put it in force: the log was made anew, or "
            "this is another log's key");
  }

  // False when what follows cannot be judged: the chain is broken.
  bool check_segment(const SegmentPath& segment, const NotesPath& notes, bool last) {
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
    auto opened = open_to_read(segment.path.string());
    if (!opened) {
      add(VerifyResult::incomplete, "read", opened.error().message);
      return false;
    }
    LineScanner lines(with_progress(std::move(opened->read)));
    const auto scan = scan_segment(lines, chain_, [this](const Line& line) { see(line); });
    if (!scan) {
      add(VerifyResult::incomplete, "read", scan.error().message);
      return false;
    }
    ++report_.segments;
    if (!judge(*scan, last)) return false;
    notes_.end(name());
    return true;
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

  void see(const Line& line) {
    const EntryReader& entry = chain_.entry();
    line_ = line.number;
    index_ = entry.index();
    ++report_.entries;
    notes_.begin(name());
    see_in_tree(entry);
    report_.decisions += entry.type() == EntryType::decision ? 1 : 0;
    report_.outcomes += entry.type() == EntryType::outcome ? 1 : 0;
    report_.recovered += entry.type() == EntryType::recovered ? 1 : 0;
    rules_.see(entry);
    keys_.see(entry, name());
    if (auto wrong = orders_.see(entry, name()))
      add(VerifyResult::tampered, wrong->check, std::move(wrong->message));
    index_ = entry.index() + 1;
    anchors_.see(tree_, keys_);
    if (chain_.state().in_batch) return;
    keys_.settle();
    notes_.batch_ended(tree_);
  }

  void see_in_tree(const EntryReader& entry) {
    if (entry.type() == EntryType::segment && entry.hashes("frontier") != tree_.hashes())
      add(VerifyResult::tampered, "tree", "\"frontier\" is not that of the tree of the entries before");
    tree_.append(chain_.state().leaf);
  }

  ReadBytes with_progress(ReadBytes read) {
    return [this, read = std::move(read)](std::uint64_t offset, char* into, std::size_t count) {
      auto got = read(offset, into, count);
      if (got) done_ += *got;
      if (progress_) progress_(std::min(done_, total_), total_);
      return got;
    };
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
  VerifyReport report_;
  Chain chain_;
  RangeTree tree_{0};
  bool is_torn_ = false;  // the tree has entries that the log will not keep
  EntryRules rules_{reporter()};
  OrderRules orders_;
  AnchorCheck anchors_;
  KeyHistory keys_;
  NoteCheck notes_{keys_, placed_reporter()};
  const std::filesystem::path sealing_keys_;
  std::filesystem::path directory_;
  std::string file_;
  std::uint64_t line_ = 0, index_ = 0;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace

VerifyReport verify(const std::filesystem::path& directory, const VerifyOptions& options,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return Verifier(options, progress).run(directory);
}

}  // namespace portcullis::audit
