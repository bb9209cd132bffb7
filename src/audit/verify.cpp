#include "portcullis/audit/verify.hpp"

#include <algorithm>
#include <utility>

#include "audit/chain.hpp"
#include "audit/directory_listing.hpp"
#include "audit/range_tree.hpp"
#include "audit/verify_rules.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMaxFindings = 20;

class Verifier {
 public:
  explicit Verifier(const std::function<void(std::uint64_t, std::uint64_t)>& progress) : progress_(progress) {
    report_.result = VerifyResult::clean;
  }

  VerifyReport run(const std::filesystem::path& directory) {
    if (const auto segments = list_segments(directory); !segments) {
      add(VerifyResult::incomplete, "read", segments.error().message);
    } else {
      check(*segments);
    }
    report_.unresolved = rules_.unresolved();
    if (report_.entries == 0 && report_.findings.empty()) {
      add(VerifyResult::incomplete, "empty", "there is no entry to check");
    }
    return std::move(report_);
  }

 private:
  void check(const std::vector<SegmentPath>& segments) {
    for (const SegmentPath& segment : segments) total_ += segment.bytes;
    for (const SegmentPath& segment : segments) {
      if (!check_segment(segment, &segment == &segments.back())) break;
    }
    if (chain_.state().next_index == 0) return;
    report_.last_leaf = to_hex(chain_.state().leaf);
    if (!is_torn_) report_.root = to_hex(*tree_.root());
    report_.closed = chain_.state().last_type == EntryType::close;
  }

  // False when what follows cannot be judged: the chain is broken.
  bool check_segment(const SegmentPath& segment, bool last) {
    file_ = segment.path.filename().string();
    line_ = 0;
    if (segment.first_index != chain_.state().next_index) {
      add(VerifyResult::tampered, "index",
          "the segment begins with the index " + std::to_string(segment.first_index) + " where " +
              std::to_string(chain_.state().next_index) + " is due: a segment is missing, or was renamed");
      return false;
    }
    auto read = read_from_file(segment.path.string());
    if (!read) {
      add(VerifyResult::incomplete, "read", read.error().message);
      return false;
    }
    LineScanner lines(with_progress(std::move(*read)));
    const auto scan = scan_segment(lines, chain_, [this](const Line& line) { see(line); });
    if (!scan) {
      add(VerifyResult::incomplete, "read", scan.error().message);
      return false;
    }
    ++report_.segments;
    return judge(*scan, last);
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
    see_in_tree(entry);
    report_.decisions += entry.type() == EntryType::decision ? 1 : 0;
    report_.outcomes += entry.type() == EntryType::outcome ? 1 : 0;
    rules_.see(entry);
    index_ = entry.index() + 1;
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

  void add(VerifyResult severity, std::string_view check, std::string message) {
    if (report_.result != VerifyResult::tampered && severity != VerifyResult::clean)
      report_.result = severity;
    if (report_.findings.size() >= kMaxFindings) return;
    report_.findings.push_back({std::string(check), index_, file_, line_, std::move(message)});
  }

  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  VerifyReport report_;
  Chain chain_;
  RangeTree tree_{0};
  bool is_torn_ = false;  // the tree has entries that the log will not keep
  EntryRules rules_{[this](VerifyResult severity, std::string_view check, std::string message) {
    add(severity, check, std::move(message));
  }};
  std::string file_;
  std::uint64_t line_ = 0, index_ = 0;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace

VerifyReport verify(const std::filesystem::path& directory,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return Verifier(progress).run(directory);
}

}  // namespace portcullis::audit
