// The verifier against every way to change a log that we could think of.
#include "portcullis/audit/verify.hpp"

#include <gtest/gtest.h>

#include "audit/format.hpp"
#include "audit/hash.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class Verify : public ::testing::Test {
 protected:
  Verify() {
    forger_.start();
    forger_.add(session("login")).add(decision("select 1"), false).add(decision("select 2"));
    forger_.add(outcome(3), false).add(outcome(4));
    first_ = forger_.bytes();
    forger_.begin_segment();
    forger_.add(segment_draft(forger_.context(), "b0"), false).add(decision("select 3"));
    forger_.add(outcome(8)).add(close_draft(forger_.context()));
    second_ = forger_.bytes();
  }
  void save(const std::string& first, const std::string& second) {
    write_bytes(directory_ / segment_name(0), first);
    write_bytes(directory_ / segment_name(7), second);
  }
  VerifyReport check(const std::string& first, const std::string& second) {
    save(first, second);
    return verify_entries(directory_.path());
  }
  static std::vector<std::string> lines_of(const std::string& bytes) {
    std::vector<std::string> lines;
    for (std::size_t at = 0, end; (end = bytes.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(bytes.substr(at, end + 1 - at));
    }
    return lines;
  }
  static std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += line;
    return out;
  }

  Forger forger_;
  std::string first_, second_;
  TemporaryDirectory directory_;
};

TEST_F(Verify, FindsAnUntouchedLogClean) {
  std::uint64_t seen = 0, total = 0;
  save(first_, second_);
  const auto report = verify_entries(directory_.path(), [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, seen);
    seen = done;
    total = all;
  });
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  EXPECT_EQ(report.entries, 11u);
  EXPECT_EQ(report.segments, 2u);
  EXPECT_EQ(report.decisions, 3u);
  EXPECT_EQ(report.outcomes, 3u);
  EXPECT_EQ(report.unresolved, 0u);
  EXPECT_TRUE(report.closed);
  const auto last = lines_of(second_).back();
  EXPECT_EQ(report.last_leaf, to_hex(leaf_hash(std::string_view(last).substr(0, last.size() - 1))));
  EXPECT_EQ(total, first_.size() + second_.size());
  EXPECT_EQ(seen, total);
}

TEST_F(Verify, DetectsEveryChangedByteOfEverySegment) {
  for (const int flip : {0x01, 0x20, 0x80}) {
    for (std::size_t at = 0; at < first_.size() + second_.size(); ++at) {
      std::string first = first_, second = second_;
      char& byte = at < first.size() ? first[at] : second[at - first.size()];
      byte = static_cast<char>(byte ^ flip);
      const auto report = check(first, second);
      ASSERT_NE(report.result, VerifyResult::clean) << at << ' ' << flip;
      ASSERT_FALSE(report.findings.empty());
      // Nothing that precedes the change is blamed.
      ASSERT_GE(report.findings[0].file, at < first_.size() ? segment_name(0) : segment_name(7))
          << explain(report);
      if (at < first_.size()) {
        ASSERT_EQ(report.result, VerifyResult::tampered) << at << explain(report);
      }
    }
  }
}

TEST_F(Verify, GuardsDryRunsAsEverythingElse) {
  Forger forger;
  DecisionRecord tried = decision("alter table t add column a int");
  tried.dry_run = sha256_hex("[]");
  forger.start().add(DryRunRecord{1, tried.dry_run, "[]"}, false).add(tried).add(outcome(3));
  const std::string good = forger.bytes();
  write_bytes(directory_ / segment_name(0), good);
  const auto clean = verify_entries(directory_.path());
  EXPECT_EQ(clean.result, VerifyResult::clean) << explain(clean);
  EXPECT_EQ(clean.entries, 5u);
  EXPECT_EQ(clean.decisions, 1u);
  EXPECT_EQ(clean.unresolved, 0u);
  const auto lines = lines_of(good);
  ASSERT_NE(lines.at(2).find("\"t\":\"dry_run\""), std::string::npos);
  const std::size_t begin = lines[0].size() + lines[1].size();
  for (std::size_t at = begin; at < begin + lines[2].size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_bytes(directory_ / segment_name(0), bad);
    ASSERT_EQ(verify_entries(directory_.path()).result, VerifyResult::tampered) << at;
  }
}

TEST_F(Verify, DetectsEveryByteTakenOutOrPutIn) {
  for (std::size_t at = 0; at < first_.size(); ++at) {
    std::string shorter = first_, longer = first_;
    shorter.erase(at, 1);
    longer.insert(at, 1, longer[at]);
    ASSERT_NE(check(shorter, second_).result, VerifyResult::clean) << at;
    ASSERT_NE(check(longer, second_).result, VerifyResult::clean) << at;
  }
}

TEST_F(Verify, DetectsLinesDeletedDoubledAndSwapped) {
  for (const bool in_first : {true, false}) {
    const auto lines = lines_of(in_first ? first_ : second_);
    const auto changed = [&](const std::vector<std::string>& with) {
      return in_first ? check(joined(with), second_) : check(first_, joined(with));
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
      auto without = lines;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      const bool only_cut = !in_first && i + 1 == lines.size();
      if (!only_cut) {
        EXPECT_EQ(changed(without).result, VerifyResult::tampered) << i;
      }
      auto twice = lines;
      twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
      EXPECT_EQ(changed(twice).result, VerifyResult::tampered) << i;
      if (i + 1 == lines.size()) continue;
      auto swapped = lines;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_EQ(changed(swapped).result, VerifyResult::tampered) << i;
    }
  }
}

// Without a note of the newest hash kept elsewhere, a log cut at the end of a batch is a shorter log. The
// report names that hash for this reason.
TEST_F(Verify, ALogCutAtABatchShowsInItsLastLeaf) {
  const auto whole = check(first_, second_);
  auto lines = lines_of(second_);
  lines.pop_back();
  const auto cut = check(first_, joined(lines));
  EXPECT_NE(cut.last_leaf, whole.last_leaf);
  EXPECT_FALSE(cut.closed);
}

TEST_F(Verify, NamesTheRootOfTheTree) {
  Frontier tree;
  for (const auto& line : lines_of(first_ + second_))
    tree.append(leaf_hash(std::string_view(line).substr(0, line.size() - 1)));
  EXPECT_EQ(check(first_, second_).root, to_hex(tree.root()));
  EXPECT_EQ(check(first_, second_.substr(0, second_.size() - 9)).root, "");  // torn
}

// With a chain and seals that hold.
TEST_F(Verify, DetectsASegmentThatClaimsAnotherTree) {
  Frontier other;
  for (int i = 0; i < 7; ++i) other.append(leaf_hash("other"));
  Frontier longer = other;
  longer.append(leaf_hash("other"));
  for (const Frontier& claimed : {other, longer, Frontier()}) {
    Forger forger;
    forger.start();
    for (int i = 0; i < 5; ++i) forger.add(session("login"));
    const std::string first = forger.bytes();
    forger.begin_segment();
    forger.change_tree(claimed).add(segment_draft(forger.context(), "b0")).add(close_draft(forger.context()));
    const auto found = check(first, forger.bytes());
    ASSERT_EQ(found.findings.size(), 1u) << explain(found);
    EXPECT_EQ(found.findings[0].check, "tree");
    EXPECT_EQ(found.findings[0].index, 7u);
    EXPECT_EQ(found.result, VerifyResult::tampered);
  }
}

TEST_F(Verify, DetectsSegmentsDeletedRenamedAndSwapped) {
  save(first_, second_);
  std::filesystem::remove(directory_ / segment_name(0));
  EXPECT_EQ(verify_entries(directory_.path()).result, VerifyResult::tampered);
  EXPECT_EQ(check(second_, first_).result, VerifyResult::tampered);
  save(first_, second_);
  std::filesystem::rename(directory_ / segment_name(7), directory_ / segment_name(8));
  EXPECT_EQ(verify_entries(directory_.path()).result, VerifyResult::tampered);
  std::filesystem::remove(directory_ / segment_name(8));
  save(first_, second_);
  write_bytes(directory_ / segment_name(11), second_);
  EXPECT_EQ(verify_entries(directory_.path()).result, VerifyResult::tampered);
}

TEST_F(Verify, TellsATornTailFromTampering) {
  for (std::size_t cut = second_.size() - 1; cut > second_.size() - 60; --cut) {
    const auto report = check(first_, second_.substr(0, cut) + std::string(700, '\n'));
    ASSERT_EQ(report.result, cut == second_.size() - 1 ? VerifyResult::clean : VerifyResult::incomplete)
        << cut << explain(report);
    if (cut == second_.size() - 1) continue;
    ASSERT_EQ(report.findings.size(), 1u);
    EXPECT_EQ(report.findings[0].check, "torn tail");
    EXPECT_EQ(report.findings[0].index, 10u);
  }
  EXPECT_EQ(check(first_, second_ + "\n\n\n").result, VerifyResult::clean);
  EXPECT_EQ(check(first_ + "\n", second_).result, VerifyResult::tampered);
  EXPECT_EQ(check(first_.substr(0, first_.size() - 30), second_).result, VerifyResult::tampered);
  EXPECT_EQ(check(first_, second_ + "\n x").result, VerifyResult::incomplete);
  EXPECT_EQ(check(first_, second_ + "{}\n").result, VerifyResult::tampered);
  EXPECT_EQ(check(first_, "").result, VerifyResult::incomplete);
}

TEST_F(Verify, NeverCallsNothingClean) {
  EXPECT_EQ(verify_entries(directory_.path()).result, VerifyResult::incomplete);
  EXPECT_EQ(verify_entries(directory_.path()).findings.at(0).check, "empty");
  EXPECT_EQ(verify_entries(directory_ / "absent").result, VerifyResult::incomplete);
  EXPECT_EQ(verify_entries(directory_ / "absent").findings.at(0).check, "read");
  write_bytes(directory_ / segment_name(0), "");
  EXPECT_EQ(verify_entries(directory_.path()).result, VerifyResult::incomplete);
  std::filesystem::remove(directory_ / segment_name(0));
  std::filesystem::create_directory(directory_ / segment_name(0));
  EXPECT_EQ(verify_entries(directory_.path()).result, VerifyResult::incomplete);
}

TEST_F(Verify, DetectsEntriesOfAnotherLog) {
  Forger other("other.example.com/x");
  other.start();
  EXPECT_EQ(check(other.bytes(), second_).result, VerifyResult::tampered);
  const auto report = check(first_, second_);
  EXPECT_EQ(report.result, VerifyResult::clean);
}

TEST_F(Verify, ChecksTheSealBeforeThePlaceOfASegment) {
  forger_.begin_segment();
  forger_.add(segment_draft(forger_.context(), "b0"));
  std::string more = forger_.bytes();
  more[more.find("\"e\":\"") + 5] ^= 1;
  const auto report = check(first_, second_ + more);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].check, "seal");
}

// What stands behind a torn batch is an entry only in an entry's form: its hash of the one before is none.
TEST_F(Verify, NeedsAHashInALaterBatchBehindATornOne) {
  forger_.begin_segment();
  forger_.add(session("login")).add(session("end"));
  std::string later = lines_of(forger_.bytes()).back();
  EXPECT_EQ(check(first_, second_ + "\n" + later).findings.at(0).check, "batch");
  const std::size_t hash = later.find("\"prev\":\"") + 8;
  later.erase(hash, later.find('"', hash) - hash);
  EXPECT_EQ(check(first_, second_ + "\n" + later).findings.at(0).check, "torn tail");
}

// A line is judged as a whole, however long its beginning of zero bytes.
TEST_F(Verify, DetectsBytesBehindZerosThatFillTheLongestLine) {
  const std::string zeros(kMaxLineBytes + 2, '\0');
  EXPECT_EQ(check(first_, second_ + zeros + "\n").findings.at(0).check, "torn tail");
  EXPECT_EQ(check(first_, second_ + zeros + "x\n").findings.at(0).check, "bytes");
  EXPECT_EQ(check(first_, second_ + "\n" + zeros + "x\n").findings.at(0).check, "torn tail");
  forger_.begin_segment();
  forger_.add(session("login")).add(session("end"));
  EXPECT_EQ(check(first_, second_ + "\n" + zeros + lines_of(forger_.bytes()).back()).findings.at(0).check,
            "torn tail");
}

TEST_F(Verify, DetectsALineThatIsTooLongWithoutKeepingIt) {
  const auto report = check(first_ + std::string(kMaxLineBytes + 2, 'x'), second_);
  EXPECT_EQ(report.result, VerifyResult::tampered);
  EXPECT_EQ(report.findings.at(0).check, "bytes");
}

}  // namespace
}  // namespace portcullis::audit
