// Orders to prune carried out: what goes, what stays provable, and what a kill at any step leaves.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "audit/directory_listing.hpp"
#include "audit/erasure.hpp"
#include "audit/format.hpp"
#include "audit/key_file.hpp"
#include "audit/log_leaves.hpp"
#include "audit/note_file.hpp"
#include "audit/prove.hpp"
#include "audit/read.hpp"
#include "audit/requests.hpp"
#include "tests/unit/audit/log_erasure_host.hpp"
#include "tests/unit/audit/log_on_disk.hpp"
#include "tests/unit/audit/merkle.hpp"
#include "tests/unit/audit/ordering.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using portcullis::testing::a_release;
using portcullis::testing::an_order;
using portcullis::testing::mth;
using portcullis::testing::named_key;
using portcullis::testing::public_key_of;
using portcullis::testing::signed_order;
using ::testing::HasSubstr;

class Pruning : public ::testing::Test {
 protected:
  base::Result<std::unique_ptr<Log>> try_open() {
    LogOptions options = audit::testing::options(directory_);
    options.text = TextMode::sealed;
    options.sealing_keys = keys_;
    options.segment_bytes = 12'000;
    options.key = std::make_shared<const NamedKey>(named_key(1, options.origin));
    return Log::open(std::move(options), clock_);
  }
  std::unique_ptr<Log> open(bool configured = true) {
    auto log = try_open();
    EXPECT_TRUE(log) << log.error().message;
    if (configured) {
      EXPECT_TRUE((*log)->append(ConfigRecord{config()}));
    }
    return std::move(*log);
  }
  [[nodiscard]] std::string config() const {
    return R"({"audit":{"erasers":[")" + vkey_text("anna", anna_.key.public_key()) + "\",\"" +
           vkey_text("bert", bert_.key.public_key()) + R"("]}})";
  }
  void fill(Log& log, int statements) {
    for (int i = 1; i <= statements; ++i) {
      DecisionRecord record = decision("select " + std::to_string(i) + " -- a person's name");
      record.message = "Parse";
      last_ = log.append(record).value();
      ASSERT_TRUE(wait_durable(log, last_ + 1));
    }
  }
  [[nodiscard]] std::vector<std::uint64_t> segments() const {
    std::vector<std::uint64_t> found;
    for (const auto& segment : list_segments(directory_).value()) found.push_back(segment.first_index);
    return found;
  }
  static Order order(std::uint64_t first) {
    Order order = an_order(OrderAction::prune, {}, {});
    order.first = first;
    return order;
  }
  std::string signed_by_two(const Order& order) const { return signed_order(order, {&anna_, &bert_}); }
  std::string carry_out(Log& log, const std::string& bytes) {
    LogErasureHost host(log);
    Erasure erasure({directory_, kOrigin, {}, {}}, SealingFolder::open(keys_).value(), host, clock_);
    const auto done = erasure.carry_out(bytes);
    return done ? *done : done.error().message;
  }
  // "kept@5", without that nobody keeps anything elsewhere; the same by one thread and by several.
  std::string found() {
    VerifyOptions given;
    given.keys = {public_key_of(named_key(1, kOrigin))};
    given.sealing_keys = keys_;
    std::string said;
    for (const unsigned threads : {1u, 4u}) {
      given.threads = threads;
      const auto report = verify(directory_, given);
      std::string out;
      for (const auto& finding : report.findings) {
        if (finding.check == "no anchor") continue;
        out += (out.empty() ? "" : " ") + finding.check + "@" + std::to_string(finding.index);
      }
      EXPECT_TRUE(threads == 1 || said == out) << said << " and " << out;
      said = out;
    }
    return said;
  }
  std::string at(std::uint64_t index) const { return "@" + std::to_string(index); }
  std::uint64_t size() const { return newest_note(directory_).value()->note.size; }

  const NamedKey anna_ = named_key(11, "anna"), bert_ = named_key(12, "bert");
  FixedClock clock_;
  TemporaryDirectory folder_;
  const std::filesystem::path directory_ = folder_ / "audit", keys_ = folder_ / "audit.keys";
  std::uint64_t last_ = 0;
};

TEST_F(Pruning, TheFirstSegmentsGoAndAllElseHoldsAsBefore) {
  auto log = open();
  fill(*log, 60);
  log.reset();
  const auto before = segments();
  ASSERT_GE(before.size(), 4u);
  const std::uint64_t first = before[2];
  std::map<std::uint64_t, std::string> proofs;
  for (std::uint64_t i = first; i < size(); ++i) proofs[i] = prove_inclusion(directory_, i).value();
  const std::string old = newest_note(directory_).value()->bytes;

  log = open();
  EXPECT_THAT(carry_out(*log, signed_by_two(order(first))),
              HasSubstr("pruned: the entries before " + std::to_string(first) + ", 2 segments"));
  EXPECT_EQ(segments().front(), first);
  fill(*log, 3);
  log.reset();
  EXPECT_EQ(found(), "");

  const auto report = verify(directory_, {{public_key_of(named_key(1, kOrigin))}, {}});
  EXPECT_EQ(report.first, first);
  EXPECT_EQ(report.pruned_by, read_order(signed_by_two(order(first)))->hash);
  write_bytes(folder_ / "old.note", old);
  EXPECT_TRUE(prove_consistency(directory_, folder_ / "old.note"));
  for (std::uint64_t i = first; i < size(); ++i) EXPECT_TRUE(prove_inclusion(directory_, i)) << i;
  EXPECT_THAT(prove_inclusion(directory_, first - 1).error().message, HasSubstr("no new one can be made"));

  log = open();  // and once more
  fill(*log, 20);
  const std::uint64_t next = segments()[1];
  EXPECT_THAT(carry_out(*log, signed_by_two(order(next))), HasSubstr("1 segment,"));
  log.reset();
  EXPECT_EQ(found(), "");
  EXPECT_THAT(prove_consistency(directory_, folder_ / "old.note").has_value(), read_note(old)->size >= next);
}

// Nobody who only reads what is left would know the erasers.
TEST_F(Pruning, TheConfigurationIsSaidAgainWhereOnlyWhatGoesHasIt) {
  auto log = open();
  fill(*log, 60);
  const std::uint64_t first = segments()[2];
  EXPECT_THAT(carry_out(*log, signed_by_two(order(first))), HasSubstr("pruned"));
  log.reset();
  EXPECT_EQ(found(), "");
  log = open(false);
  fill(*log, 2);
  log.reset();
  EXPECT_EQ(found(), "");
}

TEST_F(Pruning, RefusesWhatMayNotGo) {
  auto log = open();
  fill(*log, 60);
  const auto before = segments();
  EXPECT_THAT(carry_out(*log, signed_order(order(before[1]), {&anna_})),
              HasSubstr("two keys of audit.erasers"));
  EXPECT_THAT(carry_out(*log, signed_by_two(order(before[1] + 1))), HasSubstr("begins no segment"));
  EXPECT_THAT(carry_out(*log, signed_by_two(order(last_ + 99))), HasSubstr("stands behind it"));
  const std::string hold = signed_by_two(an_order(OrderAction::hold, {{before[1] - 1, before[1] + 2}}));
  EXPECT_THAT(carry_out(*log, hold), HasSubstr("held"));
  EXPECT_THAT(carry_out(*log, signed_by_two(order(before[1]))), HasSubstr("is held by the order"));
  EXPECT_EQ(segments(), before);
  EXPECT_THAT(carry_out(*log, signed_by_two(a_release(read_order(hold)->hash))), HasSubstr("released"));
  EXPECT_THAT(carry_out(*log, signed_by_two(order(before[2]))), HasSubstr("2 segments"));
  EXPECT_THAT(carry_out(*log, signed_by_two(order(before[1]))), HasSubstr("pruned already"));
  log.reset();
  EXPECT_EQ(found(), "");
  LogErasureHost host(*(log = open()));
  Erasure young({directory_, kOrigin, {}, std::chrono::hours(1)}, SealingFolder::open(keys_).value(), host,
                clock_);
  EXPECT_THAT(young.carry_out(signed_by_two(order(before[3]))).error().message,
              HasSubstr("limits still count"));
}

TEST_F(Pruning, WhatIsGoneWithoutAnOrderIsFound) {
  auto log = open();
  fill(*log, 60);
  log.reset();
  const auto before = segments();
  const auto copy = folder_ / "copy";
  std::filesystem::copy(directory_, copy, std::filesystem::copy_options::recursive);
  const auto take = [&](std::uint64_t first) {
    std::filesystem::remove(directory_ / segment_name(first));
    std::filesystem::remove(directory_ / notes_name(first));
  };
  take(before[0]);
  EXPECT_EQ(found(), "prune" + at(size()));
  EXPECT_THAT(try_open().error().message, HasSubstr("no order that holds prunes them"));
  std::filesystem::remove_all(directory_);
  std::filesystem::copy(copy, directory_, std::filesystem::copy_options::recursive);

  log = open();
  EXPECT_THAT(carry_out(*log, signed_by_two(order(before[2]))), HasSubstr("pruned"));
  log.reset();
  const auto put_back = [&](std::uint64_t first) {
    std::filesystem::copy(copy / segment_name(first), directory_ / segment_name(first));
    std::filesystem::copy(copy / notes_name(first), directory_ / notes_name(first));
  };
  put_back(before[1]);  // what is still there is not yet done
  EXPECT_EQ(found(), "kept" + at(size()));
  std::filesystem::remove(directory_ / segment_name(before[1]));
  EXPECT_EQ(found(), "kept" + at(size()));
  EXPECT_TRUE(try_open());
  put_back(before[0]);
  EXPECT_THAT(found(), HasSubstr("index" + at(before[1])));  // a gap
  take(before[0]), take(before[1]), take(before[2]);
  EXPECT_EQ(found(), "prune" + at(size()));
  EXPECT_THAT(try_open().error().message, HasSubstr("no order that holds prunes them"));
}

TEST_F(Pruning, AnOrderThatNoCheckpointCoversExplainsNothing) {
  auto log = open();
  fill(*log, 60);
  const std::uint64_t first = segments()[2];
  const std::string bytes = signed_by_two(order(first));
  EXPECT_THAT(carry_out(*log, bytes), HasSubstr("pruned"));
  log.reset();
  // Back to the checkpoint before the order, as who has no key can do.
  std::uint64_t index = 0;
  EntryFilter filter;
  filter.type = EntryType::prune;
  ASSERT_TRUE(for_each_entry(directory_, filter, [&](const EntryReader& entry) {
    index = entry.index();
    return true;
  }));
  const auto notes = directory_ / notes_name(segments().back());
  std::string kept;
  for (const auto& note : split_notes(read_bytes(notes))) {
    if (read_note(note)->size <= index) kept += note + "\n";
  }
  write_bytes(notes, kept);
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("that a checkpoint covers"));
  EXPECT_THAT(found(), HasSubstr("unsigned"));
}

TEST_F(Pruning, AKillAtAnyStepIsMadeUpFor) {
  {
    auto log = open();
    fill(*log, 150);
  }
  std::uint64_t killed = 0;
  for (int step = 1; step < 30; ++step) {
    ASSERT_GE(segments().size(), 4u);
    const std::uint64_t first = segments()[2];
    const std::string bytes = signed_by_two(order(first));
    const std::string hash = read_order(bytes)->hash;
    Requests requests(directory_);
    ASSERT_TRUE(requests.leave(read_order(bytes).value(), bytes));
    const pid_t child = ::fork();
    if (child == 0) {
      auto log = open(false);
      LogErasureHost host(*log);
      int left = step;
      Erasure erasure({directory_,
                       kOrigin,
                       [&](std::string_view) {
                         if (--left == 0) ::raise(SIGKILL);
                       },
                       {}},
                      SealingFolder::open(keys_).value(), host, clock_);
      (void)requests.look(erasure, {});
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const bool was_killed = WIFSIGNALED(status);
    killed += was_killed ? 1 : 0;
    EXPECT_EQ(requests.answer(hash).has_value(), !was_killed);
    const std::string left = found();
    EXPECT_TRUE(left.empty() || left.starts_with("kept@") || left.starts_with("unsigned@") ||
                left.starts_with("torn tail@"))
        << step << ": " << left;
    auto log = open(false);
    LogErasureHost host(*log);
    Erasure erasure({directory_, kOrigin, {}, {}}, SealingFolder::open(keys_).value(), host, clock_);
    (void)requests.look(erasure, {});
    const auto answer = requests.answer(hash);
    ASSERT_TRUE(answer && answer->done) << step << (answer ? answer->message : "");
    EXPECT_EQ(segments().front(), first);
    fill(*log, 45);
    log.reset();
    EXPECT_EQ(found(), "") << step;
    if (!was_killed) break;
  }
  EXPECT_GE(killed, 8u);  // the configuration, the entry twice, the note, the keys, and each of four files
}

// --- proofs: whatever is pruned, those of what is kept are the ones of the whole tree

class Whole final : public LeafSource {
 public:
  explicit Whole(std::vector<Hash> leaves) : leaves_(std::move(leaves)) {}
  base::Result<std::vector<Hash>> range_roots(std::span<const LeafRange> ranges) override {
    std::vector<Hash> roots;
    for (const auto& range : ranges)
      roots.push_back(mth(std::span(leaves_).subspan(range.begin, range.end - range.begin)));
    return roots;
  }

 private:
  std::vector<Hash> leaves_;
};

TEST(PrunedProofs, AreThoseOfTheWholeTree) {
  constexpr std::uint64_t kEntries = 70;
  for (std::uint64_t first = 2; first + 2 <= kEntries; ++first) {
    TemporaryDirectory folder;
    LogOnDisk log(folder.path());
    while (log.size() < first) log.add(heartbeat_draft(log.forger().context()));
    log.rotate();
    while (log.size() < kEntries) log.add(heartbeat_draft(log.forger().context()));
    log.save();
    std::filesystem::remove(folder / segment_name(0));
    std::vector<Hash> leaves;
    for (const auto& line : log.lines()) leaves.push_back(leaf_hash(line));
    Whole whole(std::move(leaves));
    auto pruned = LogLeaves::open(folder.path()).value();
    for (std::uint64_t size = first + 1; size <= kEntries; size += 1 + size % 3) {
      for (std::uint64_t index = first; index < size; ++index) {
        const auto path = inclusion_path(pruned, index, size);
        ASSERT_TRUE(path) << first << " " << index << " " << size << ": " << path.error().message;
        EXPECT_EQ(*path, *inclusion_path(whole, index, size)) << first << " " << index << " " << size;
        const auto old = consistency_path(pruned, index, size);  // an old size from `first` on
        ASSERT_TRUE(old) << first << " " << index << " " << size << ": " << old.error().message;
        EXPECT_EQ(*old, *consistency_path(whole, index, size)) << first << " " << index << " " << size;
      }
    }
  }
}

}  // namespace
}  // namespace portcullis::audit
