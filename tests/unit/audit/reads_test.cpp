// What only reads is acted on before it is synced, where the log may wait with that.
#include <gtest/gtest.h>

#include <thread>

#include "audit/format.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using namespace std::chrono_literals;

class Reads : public ::testing::Test {
 protected:
  LogOptions within(std::chrono::milliseconds time) {
    auto with = options("memory");
    with.reads_within = time;
    return with;
  }
  static DecisionRecord read(const std::string& text) {
    DecisionRecord record = decision(text);
    record.may_lag = true;
    return record;
  }
  std::uint64_t append(Log& log, const Record& record) {
    auto index = log.append(record);
    for (int again = 0; !index && again < 1000; ++again) {  // while room is made
      std::this_thread::sleep_for(1ms);
      index = log.append(record);
    }
    EXPECT_TRUE(wait_durable(log, index.value() + 1));
    return *index;
  }
  // The texts of all decisions, after a start on this disk.
  std::vector<std::string> texts_after_start(FakeDisk& disk, std::uint64_t dropped) {
    EXPECT_TRUE(Log::open(within(0ms), clock_, disk.storage()));
    disk.copy_to(directory_.path());
    const auto report = verify_entries(directory_.path());
    EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
    std::vector<std::string> texts;
    EXPECT_TRUE(for_each_entry(directory_.path(), {}, [&](const EntryReader& entry) {
      if (entry.type() == EntryType::decision) texts.push_back(entry.text("text"));
      if (entry.type() == EntryType::recovered) {
        EXPECT_EQ(static_cast<std::uint64_t>(*entry.number("dropped")), dropped);
      }
      return true;
    }));
    return texts;
  }
  // What the next process finds where this one is killed.
  static std::unique_ptr<FakeDisk> after_kill(const FakeDisk& disk) {
    auto left = std::make_unique<FakeDisk>();
    for (const auto& name : disk.names()) left->add(name, disk.bytes_of(name));
    return left;
  }

  FakeDisk disk_;
  FixedClock clock_;
  TemporaryDirectory directory_;
  std::mt19937 random_{7};
};

TEST_F(Reads, AreKeptWhenTheProcessIsKilled) {
  auto log = Log::open(within(1h), clock_, disk_.storage()).value();
  const auto index = append(*log, read("select 1"));
  OutcomeRecord done = outcome(index);
  done.may_lag = true;
  append(*log, done);
  append(*log, read("select 2"));
  EXPECT_EQ(texts_after_start(*after_kill(disk_), 0), (std::vector<std::string>{"select 1", "select 2"}));
}

TEST_F(Reads, AreLostWithThePowerAndNothingElseIs) {
  auto log = Log::open(within(1h), clock_, disk_.storage()).value();
  append(*log, decision("update 1"));
  append(*log, read("select 1"));
  disk_.fail_at(1, true);
  log.reset();
  disk_.cut_power(random_);
  const auto texts = texts_after_start(disk_, 0);
  ASSERT_FALSE(texts.empty());
  EXPECT_EQ(texts.front(), "update 1");
}

TEST_F(Reads, AreSyncedWithWhatChangesSomething) {
  auto log = Log::open(within(1h), clock_, disk_.storage()).value();
  append(*log, read("select 1"));
  append(*log, decision("update 1"));
  disk_.fail_at(1, true);
  log.reset();
  disk_.cut_power(random_);
  EXPECT_EQ(texts_after_start(disk_, 0), (std::vector<std::string>{"select 1", "update 1"}));
}

TEST_F(Reads, AreSyncedInTimeWhereNothingFollows) {
  auto log = Log::open(within(10ms), clock_, disk_.storage()).value();
  const auto index = append(*log, read("select 1"));
  ASSERT_TRUE(wait_durable(*log, index + 2)) << "a heartbeat ends their batch";
  disk_.fail_at(1, true);
  log.reset();
  disk_.cut_power(random_);
  EXPECT_EQ(texts_after_start(disk_, 0), (std::vector<std::string>{"select 1"}));
}

TEST_F(Reads, EndTheirBatchInItsSegment) {
  auto with = within(1h);
  with.segment_bytes = 4 << 10;
  with.queue_bytes = 16 << 10;
  auto log = Log::open(with, clock_, disk_.storage()).value();
  std::vector<std::string> expected;
  for (int i = 0; disk_.names().size() < 5 && i < 5000; ++i) {
    expected.push_back("select " + std::string(300, 'x') + std::to_string(i));
    append(*log, read(expected.back()));
  }
  auto left = after_kill(disk_);
  ASSERT_GT(left->names().size(), 4U);
  EXPECT_EQ(texts_after_start(*left, 0), expected);
  log.reset();
  EXPECT_EQ(texts_after_start(disk_, 0), expected);
}

TEST_F(Reads, AreWrittenByWhoIsAboutToWaitForThem) {
  auto log = Log::open(within(1h), clock_, disk_.storage()).value();
  append(*log, read("select 0"));
  int at_once = 0;
  for (int i = 0; i < 100; ++i) {  // the writer may be at work itself
    const auto first = log->append(read("select 1")), second = log->append(read("select 2"));
    ASSERT_TRUE(first && second);
    log->write_out();
    at_once += log->durable() > *second ? 1 : 0;
    ASSERT_TRUE(wait_durable(*log, *second + 1));
  }
  EXPECT_GT(at_once, 0);
}

TEST_F(Reads, AreWrittenSoonByThemselves) {
  auto log = Log::open(within(1h), clock_, disk_.storage()).value();
  const auto index = append(*log, read("select 1"));
  std::this_thread::sleep_for(20ms);  // the writer has gone to sleep for long
  EXPECT_EQ(append(*log, read("select 2")), index + 1);
}

TEST_F(Reads, AreSyncedAtOnceAsItShips) {
  auto log = Log::open(options("memory"), clock_, disk_.storage()).value();
  append(*log, read("select 1"));
  disk_.fail_at(1, true);
  log.reset();
  disk_.cut_power(random_);
  EXPECT_EQ(texts_after_start(disk_, 0), (std::vector<std::string>{"select 1"}));
}

}  // namespace
}  // namespace portcullis::audit
