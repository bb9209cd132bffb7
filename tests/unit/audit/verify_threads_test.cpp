// Verifying on many threads, in stretches, says to the letter what reading line by line says.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "audit/verify_in_stretches.hpp"
#include "tests/unit/audit/signed_log.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

// Everything that a report says.
std::string all_of(const VerifyReport& report) {
  std::string out = explain(report);
  for (const std::uint64_t number :
       {report.entries, report.segments, report.decisions, report.outcomes, report.whole, report.recovered,
        report.unresolved, report.covered, report.anchored, std::uint64_t{report.closed ? 1u : 0u},
        std::uint64_t{report.key_is_trusted ? 1u : 0u}})
    out += " " + std::to_string(number);
  return out + " " + report.root + " " + report.last_leaf + " " + report.key;
}

class VerifyThreads : public SignedLog {
 protected:
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  bool one_in(std::size_t count) { return below(count) == 0; }

  VerifyReport line_by_line() { return verify_in_stretches(directory_.path(), options_, {}, 0); }
  VerifyReport in_stretches(unsigned threads, std::uint64_t bytes) {
    auto options = options_;
    options.threads = threads;
    return verify_in_stretches(directory_.path(), options, {}, bytes);
  }
  // What is in files_, both ways. `bytes`: of a stretch.
  void compare(std::uint64_t bytes) {
    save();
    const auto wanted = line_by_line();
    const auto threads = static_cast<unsigned>(1 + below(4));
    ASSERT_EQ(all_of(in_stretches(threads, bytes)), all_of(wanted)) << threads << " threads, " << bytes;
    ASSERT_EQ(all_of(in_stretches(1, bytes)), all_of(wanted)) << bytes;
    for (const auto& finding : wanted.findings) ++seen_[finding.check];
    if (wanted.findings.size() == 20) ++seen_["20 findings"];
    if (wanted.findings.empty()) ++seen_["nothing"];
  }

  // A log in which most holds and some does not: about one in `wrong` entries says what it must not.
  void make_log(std::size_t entries, std::size_t wrong);
  void add_entry(std::size_t wrong);
  void add_decision(std::size_t wrong);
  void mutate(std::uint64_t bytes);
  void change_bytes(std::string& file, std::uint64_t bytes);
  void change_lines(std::string& file);
  void change_files();

  std::mt19937 random_{1};
  std::map<std::string, int> seen_;  // how often each check fired
  std::vector<std::uint64_t> decisions_;
};

void VerifyThreads::add_decision(std::size_t wrong) {
  static const std::vector<std::string> agents{"reporting-agent", "other", "", "we\u00df \"x\"\n",
                                               "\xff\xfe"};
  DecisionRecord record = decision("select " + std::string(below(300), 'x') + "\n");
  record.agent = agents[below(agents.size())];
  record.message = std::vector<std::string>{"Query", "Parse", "Bind", "Execute"}[below(4)];
  if (one_in(5)) record.verdict = "deny";
  if (one_in(4)) record.policy_hash = sha256_hex("{}");
  if (one_in(wrong)) record.policy_hash = sha256_hex("[]");
  if (one_in(wrong)) forger_.leave_out(record.agent, 1);
  if (record.verdict == "allow" || one_in(wrong)) decisions_.push_back(forger_.next_index());
  forger_.add(record, !one_in(3));
}

void VerifyThreads::add_entry(std::size_t wrong) {
  forger_.micros += one_in(wrong) ? 3'600'000'000 : 1'000;
  if (one_in(wrong)) forger_.micros -= 60'000'000;
  if (one_in(9)) return void(forger_.add(session("login"), !one_in(4)));
  if (decisions_.empty() || one_in(2)) return add_decision(wrong);
  const std::size_t which = below(decisions_.size());
  forger_.add(outcome(decisions_[which], one_in(wrong) ? 2 : 1, one_in(5) ? "suspended" : "ok"), !one_in(3));
  if (!one_in(wrong)) decisions_.erase(decisions_.begin() + static_cast<std::ptrdiff_t>(which));
}

void VerifyThreads::make_log(std::size_t entries, std::size_t wrong) {
  begin_again(key_);
  decisions_.clear();
  forger_.add(PolicyRecord{"main", sha256_hex(one_in(wrong) ? "[]" : "{}"), "{}"});
  for (std::size_t i = 0; i < entries; ++i) {
    add_entry(wrong);
    if (one_in(8)) {
      forger_.add(session("end"));
      sign();
    } else if (one_in(20)) {
      forger_.add(session("end"));
      sign();
      if (!one_in(wrong)) next_segment();
    } else if (one_in(60)) {
      if (!one_in(wrong)) forger_.add(close_draft(forger_.context()));
      forger_.add(open_draft(forger_.context(), "b0", "1", kHeartbeat, vkey_of(*now_)));
      decisions_.clear();
      forger_.add(PolicyRecord{"main", sha256_hex("{}"), "{}"});
    } else if (one_in(60)) {
      const NamedKey* old = now_;
      change_key(one_in(2) ? other_ : third_);
      if (!one_in(wrong)) sign({old, now_});
    } else if (one_in(2 * wrong)) {
      Frontier other;
      other.append(leaf_hash("other"));
      forger_.change_tree(other);
    }
  }
  forger_.add(close_draft(forger_.context()));
  sign();
  keep_segment();
  anchor(notes_.rbegin()->second);
  if (one_in(2))
    add_anchor(std::next(notes_.begin(), static_cast<std::ptrdiff_t>(below(notes_.size())))->second);
}

void VerifyThreads::change_bytes(std::string& file, std::uint64_t bytes) {
  static const std::vector<std::string> pieces{"\n",
                                               "\n\n",
                                               std::string(1, '\0'),
                                               "\"",
                                               "\\u0041",
                                               "x",
                                               "{}\n",
                                               "\xff",
                                               "01",
                                               std::string(600, '\n'),
                                               std::string(512, '\0')};
  std::size_t at = below(file.size() + 1);
  if (one_in(3))
    at = std::min(file.size(), at / bytes * bytes + below(3) - std::min<std::size_t>(1, at / bytes));
  if (one_in(4)) at = file.size() - std::min(file.size(), below(200));
  switch (below(6)) {
    case 0:
      if (at < file.size()) file[at] = static_cast<char>(file[at] ^ 1 << below(8));
      break;
    case 1: file.insert(at, pieces[below(pieces.size())]); break;
    case 2: file.erase(at, 1 + below(one_in(2) ? 2 : 400)); break;
    case 3: file.replace(at, 1, pieces[below(pieces.size())]); break;
    case 4: file.resize(at); break;
    default: file.resize(at); file += std::string(below(700), one_in(2) ? '\n' : '\0');
  }
}

void VerifyThreads::change_lines(std::string& file) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t end = std::min(file.find('\n', at), file.size() - 1) + 1;
    lines.push_back(file.substr(at, end - at));
    at = end;
  }
  if (lines.empty()) return;
  const auto at = lines.begin() + static_cast<std::ptrdiff_t>(below(lines.size()));
  const std::string other = lines[below(lines.size())];
  switch (below(5)) {
    case 0: lines.erase(at); break;
    case 1: lines.insert(at, other); break;
    case 2: *at = other; break;
    case 3: lines.insert(at, at->substr(0, below(at->size()))); break;
    default: lines.erase(at, lines.end());
  }
  file.clear();
  for (const std::string& line : lines) file += line;
}

void VerifyThreads::change_files() {
  const auto any = [this] {
    return std::next(files_.begin(), static_cast<std::ptrdiff_t>(below(files_.size())));
  };
  const auto one = any(), other = any();
  switch (below(5)) {
    case 0: files_.erase(one); break;
    case 1: one->second.clear(); break;
    case 2: std::swap(one->second, other->second); break;
    case 3: files_[segment_name(below(200))] = one->second; break;
    default: one->second += other->second;
  }
}

void VerifyThreads::mutate(std::uint64_t bytes) {
  if (one_in(8)) return change_files();
  auto& file = std::next(files_.begin(), static_cast<std::ptrdiff_t>(below(files_.size())))->second;
  if (one_in(3)) return change_lines(file);
  change_bytes(file, bytes);
}

// 2,000, or as many as the environment says.
TEST_F(VerifyThreads, SayWhatOneSaysOfLogsThatWereChangedByChance) {
  const char* const asked = std::getenv("PORTCULLIS_MUTATIONS");
  const int mutations = asked != nullptr ? std::atoi(asked) : 2'000;
  constexpr int of_one_log = 30;
  for (int done = 0; done < mutations; done += of_one_log) {
    random_.seed(static_cast<unsigned>(done));
    make_log(20 + below(100), std::vector<std::size_t>{3, 30, 100'000}[below(3)]);
    const std::uint64_t bytes = std::vector<std::uint64_t>{13, 64, 300, 1'000, 4'000, 100'000}[below(6)];
    SCOPED_TRACE(done);
    ASSERT_NO_FATAL_FAILURE(compare(bytes));
    const auto files = files_;
    for (int i = 0; i < of_one_log; ++i) {
      SCOPED_TRACE(i);
      files_ = files;
      mutate(bytes);
      if (one_in(5)) mutate(bytes);
      ASSERT_NO_FATAL_FAILURE(compare(bytes));
    }
  }
  if (mutations < 2'000) return;
  for (const char* check :
       {"bytes",    "canonical", "fields",      "index",  "chain",    "batch",   "seal",
        "segment",  "tree",      "order",       "pairs",  "counters", "policy",  "key",
        "notes",    "signature", "root",        "anchor", "time",     "silence", "torn tail",
        "unsigned", "empty",     "20 findings", "nothing"})
    EXPECT_GT(seen_[check], 0) << check;
}

TEST_F(VerifyThreads, SayWhatOneSaysWhereverAStretchEnds) {
  make_log(40, 100'000);
  save();
  const std::string wanted = all_of(line_by_line());
  for (std::uint64_t bytes = 1; bytes < 700; bytes += bytes < 20 ? 1 : 37)
    ASSERT_EQ(all_of(in_stretches(3, bytes)), wanted) << bytes;
}

// Up to the longest that there may be.
TEST_F(VerifyThreads, ReadLinesThatAreLongerThanAStretch) {
  for (const std::size_t length : {std::size_t{5'000}, std::size_t{15} << 20}) {
    begin_again(key_);
    forger_.add(session("login")).add(decision(std::string(length, 'x')));
    forger_.add(outcome(3)).add(close_draft(forger_.context()));
    sign();
    keep_segment();
    save();
    const std::string wanted = all_of(line_by_line());
    for (const std::uint64_t bytes : {std::uint64_t{1'000}, std::uint64_t{1} << 20}) {
      if (length / bytes > 2'000) continue;
      EXPECT_EQ(all_of(in_stretches(2, bytes)), wanted) << length << ' ' << bytes;
    }
  }
}

TEST_F(VerifyThreads, RefuseLinesThatAreTooLong) {
  for (const std::size_t more : {0, 1}) {
    make_log(20, 100'000);
    entries(0).insert(entries(0).find('\n') + 1, "{" + std::string(kMaxLineBytes - 1 + more, 'x') + "\n");
    save();
    const auto wanted = line_by_line();
    EXPECT_EQ(wanted.result, VerifyResult::tampered);
    EXPECT_EQ(all_of(in_stretches(2, std::uint64_t{1} << 20)), all_of(wanted)) << more;
  }
}

TEST_F(VerifyThreads, TellTheirProgressInOrder) {
  make_log(60, 100'000);
  save();
  std::uint64_t seen = 0, all = 0;
  const auto caller = std::this_thread::get_id();
  auto options = options_;
  options.threads = 3;
  const auto report = verify_in_stretches(
      directory_.path(), options,
      [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_GE(done, seen);
        EXPECT_EQ(std::this_thread::get_id(), caller);
        seen = done;
        all = total;
      },
      500);
  EXPECT_GT(report.root.size(), 0u) << explain(report);
  EXPECT_GT(all, 0u);
  EXPECT_EQ(seen, all);
}

// Line feeds stand ahead of the entries, which are written over them, each batch in two steps.
TEST_F(VerifyThreads, NeverTakeALogForTamperedWithThatIsWritten) {
  begin_again(key_);
  files_.clear();
  save();
  options_.anchors.clear();
  std::atomic<bool> done = false;
  std::thread gate([&] {
    std::size_t written = 0;
    const auto open = [&] {
      const auto file = directory_ / segment_name(first_);
      write_bytes(file, std::string(20'000, '\n'));
      return std::fstream(file, std::ios::binary | std::ios::in | std::ios::out);
    };
    auto file = open();
    for (int batch = 0; batch < 600; ++batch) {
      const std::string_view rest = std::string_view(forger_.bytes()).substr(written);
      for (const std::string_view half : {rest.substr(0, rest.size() / 2), rest.substr(rest.size() / 2)}) {
        file.seekp(static_cast<std::streamoff>(written));
        file.write(half.data(), static_cast<std::streamsize>(half.size())).flush();
        written += half.size();
      }
      if (batch % 30 == 29) {
        std::filesystem::resize_file(directory_ / segment_name(first_), written);
        forger_.sign({&key_});
        write_bytes(directory_ / notes_name(first_), forger_.notes());
        next_segment();
        file = open();
        written = 0;
      }
      for (std::size_t i = 0; i < 3; ++i) forger_.add(session("login"), i == 2);
    }
    done = true;
  });
  int rounds = 0;
  for (bool last = false; !last; ++rounds) {
    last = done;
    const auto said = in_stretches(3, 700);
    EXPECT_NE(said.result, VerifyResult::tampered) << explain(said);
    if (said.result == VerifyResult::tampered) break;
  }
  gate.join();
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(all_of(in_stretches(3, 700)), all_of(line_by_line()));
}

}  // namespace
}  // namespace portcullis::audit
