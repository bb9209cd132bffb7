// What only reads is acted on before it is synced, where the log may wait with that.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <new>
#include <semaphore>
#include <thread>

#include "audit/format.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/scarce_memory.hpp"
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

// Whose writes one can hold up or let fail; everything else is the other storage's.
using Watch = std::function<base::Result<void>(std::string_view)>;
class WatchedFile : public SegmentFile {
 public:
  WatchedFile(std::unique_ptr<SegmentFile> file, const Watch& watch)
      : file_(std::move(file)), watch_(watch) {}
  base::Result<std::uint64_t> size() override { return file_->size(); }
  base::Result<std::size_t> read(std::uint64_t from, char* into, std::size_t count) override {
    return file_->read(from, into, count);
  }
  base::Result<void> write(std::uint64_t at, std::string_view bytes) override {
    if (auto watched = watch_(bytes); !watched) return watched;
    return file_->write(at, bytes);
  }
  base::Result<void> reserve(std::uint64_t end) override { return file_->reserve(end); }
  base::Result<void> reserve_unseen(std::uint64_t end) override { return file_->reserve_unseen(end); }
  base::Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
  base::Result<void> sync() override { return file_->sync(); }

 private:
  std::unique_ptr<SegmentFile> file_;
  const Watch& watch_;
};
class WatchedStorage : public Storage {
 public:
  WatchedStorage(std::unique_ptr<Storage> storage, const Watch& watch)
      : storage_(std::move(storage)), watch_(watch) {}
  base::Result<std::vector<std::string>> list() override { return storage_->list(); }
  base::Result<std::unique_ptr<SegmentFile>> create(const std::string& name) override {
    return watched(storage_->create(name));
  }
  base::Result<std::unique_ptr<SegmentFile>> open(const std::string& name) override {
    return watched(storage_->open(name));
  }
  base::Result<void> rename(const std::string& from, const std::string& to) override {
    return storage_->rename(from, to);
  }
  base::Result<void> remove(const std::string& name) override { return storage_->remove(name); }
  base::Result<void> sync_directory() override { return storage_->sync_directory(); }

 private:
  base::Result<std::unique_ptr<SegmentFile>> watched(base::Result<std::unique_ptr<SegmentFile>> file) {
    if (!file) return file;
    return std::unique_ptr<SegmentFile>(std::make_unique<WatchedFile>(std::move(*file), watch_));
  }
  std::unique_ptr<Storage> storage_;
  const Watch& watch_;
};

// Of two threads one writes what both appended, and the other one waits for it.
TEST_F(Reads, AreToldOfWhereAnotherThreadWritesThem) {
  std::binary_semaphore writing{0}, goes_on{0}, told{0};
  std::atomic<std::thread::id> held_up;
  const Watch watch = [&](std::string_view) -> base::Result<void> {
    if (std::this_thread::get_id() != held_up) return {};
    writing.release();
    goes_on.acquire();
    return {};
  };
  auto log = Log::open(within(1h), clock_, std::make_unique<WatchedStorage>(disk_.storage(), watch)).value();
  append(*log, read("select 0"));
  std::atomic<std::uint64_t> mine{UINT64_MAX};
  log->listen([&] {
    if (log->durable() > mine) told.release();
  });
  bool held = false;
  for (int again = 0; again < 100 && !held; ++again) {  // the writer may be quicker
    std::this_thread::sleep_for(20ms);                  // it has gone to sleep for long
    const auto first = log->append(read("select 1"));
    ASSERT_TRUE(first);
    std::thread other([&] {
      held_up = std::this_thread::get_id();
      log->write_out();
      held_up = std::thread::id();
      writing.release();
    });
    writing.acquire();
    held = log->durable() <= *first;
    if (held) {
      mine = *first;
      log->write_out();
      ASSERT_LE(log->durable(), *first);
      goes_on.release();
      EXPECT_TRUE(told.try_acquire_for(10s)) << "nobody said that it is written";
    }
    other.join();
    while (writing.try_acquire()) {
    }
  }
  EXPECT_TRUE(held);
}

// As on a file system that copies on writing: what was allocated is not there.
TEST_F(Reads, HoldNobodyUpWhereThereIsNoRoomForThem) {
  std::atomic<bool> is_full{false};
  const Watch watch = [&](std::string_view bytes) -> base::Result<void> {
    if (is_full && bytes.front() == '\n') return base::Error{base::sqlstate::disk_full, "full"};
    return {};
  };
  auto with = within(1h);
  with.segment_bytes = 1 << 20;
  auto log = Log::open(with, clock_, std::make_unique<WatchedStorage>(disk_.storage(), watch)).value();
  append(*log, read("select 0"));
  is_full = true;
  std::atomic<bool> is_over{false};
  std::thread watchdog([&] {  // so that the test fails and does not hang
    for (int i = 0; i < 2000 && !is_over; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(is_over) << "write_out() waits for the disk";
    is_full = false;
  });
  std::optional<std::uint64_t> left;
  for (int i = 0; i < 10'000 && !left; ++i) {
    const auto index = log->append(read("select " + std::string(300, 'x')));
    if (!index) break;
    log->write_out();
    for (int again = 0; again < 20 && log->durable() <= *index; ++again) std::this_thread::sleep_for(1ms);
    if (log->durable() <= *index) left = *index;
  }
  is_over = true;
  watchdog.join();
  ASSERT_TRUE(left) << "there was room for all of them";
  log->write_out();
  is_full = false;
  EXPECT_TRUE(wait_durable(*log, *left + 1)) << "there is room again";
}

// Whatever there is no memory for: either the entry has its index, or the log says that it has failed.
TEST_F(Reads, KeepTheirIndexWithoutMemory) {
  for (std::int64_t allocations = 0; allocations < 40; ++allocations) {
    FakeDisk disk;
    auto log = Log::open(within(1h), clock_, disk.storage()).value();
    append(*log, read("select 0"));
    const Record second = read("select 1");
    try {
      const ScarceMemory scarce(allocations);
      const auto index = log->append(second);
      if (index) log->write_out();
    } catch (const std::bad_alloc&) {
    }
    const auto next = log->append(decision("update 1"));
    if (!next) {
      EXPECT_TRUE(log->failure()) << next.error().message;
      continue;
    }
    for (int again = 0; again < 5000 && log->durable() <= *next && !log->failure(); ++again)
      std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(log->failure() || log->durable() == *next + 1) << allocations << " allocations";
  }
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
