// Every call to the disk fails once, and the power is cut at every call: what was durable stays, and the log
// goes on.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "audit/format.hpp"
#include "audit/note_read.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class PowerCut : public ::testing::Test {
 protected:
  LogOptions small() {
    auto with = options("memory");
    with.segment_bytes = 6 << 10;
    with.queue_bytes = 16 << 10;
    if (is_signed_) {
      with.key = std::make_shared<const NamedKey>(portcullis::testing::named_key(key_, kOrigin));
      if (key_ != 1)
        with.previous_key = std::make_shared<const NamedKey>(portcullis::testing::named_key(1, kOrigin));
      with.checkpoint_interval = std::chrono::milliseconds(0);
    }
    return with;
  }

  // One life of the gate: opens, appends, waits now and then. Remembers what was promised.
  void live(int entries) {
    auto log = Log::open(small(), clock_, disk_->storage());
    if (!log) return;
    // What nobody was promised may be gone, and its indexes taken by others.
    written_.erase(written_.lower_bound(durable_), written_.end());
    for (int i = 0; i < entries; ++i) {
      ++texts_;
      const std::string text = "select " + std::to_string(texts_) + std::string(texts_ % 7 * 200, 'x');
      const auto index = (*log)->append(decision(text));
      if (!index) break;
      written_[*index] = text;
      if (i % 3 == 2 && !wait_durable(**log, *index + 1)) break;
    }
    // What the gate was told while it lived. (The destructor makes more durable; nobody was told so.)
    durable_ = std::max(durable_, (*log)->durable());
  }

  // After a restart on what the disk has now, everything promised is there, and the verifier is content.
  void expect_nothing_lost() {
    {
      auto log = Log::open(small(), clock_, disk_->storage());
      ASSERT_TRUE(log) << log.error().message;
      ASSERT_GE((*log)->durable(), durable_);
    }
    disk_->copy_to(directory_.path());
    const auto report = is_signed_ ? verify_signed() : verify_entries(directory_.path());
    ASSERT_EQ(report.result, VerifyResult::clean) << explain(report);
    std::uint64_t next = 0;
    ASSERT_TRUE(for_each_entry(directory_.path(), {}, [&](const EntryReader& entry) {
      EXPECT_EQ(entry.index(), next++);
      const auto promised = written_.find(entry.index());
      if (entry.index() < durable_ && promised != written_.end()) {
        EXPECT_TRUE(entry.text("text") == promised->second) << entry.index();
      }
      return true;
    }));
    ASSERT_GE(next, durable_);
  }

  // The gate dies at the k-th call of its next life, in every other case with the machine.
  void die_at(std::uint64_t k, int entries, std::mt19937& random) {
    disk_->fail_at(k, true);
    live(entries);
    disk_->fail_at(0, false);
    if (random() % 2 == 0) disk_->cut_power(random);
  }

  // The newest notes stand for an anchor.
  VerifyReport verify_signed() {
    const auto key = portcullis::testing::named_key(key_, kOrigin);
    VerifyOptions with;
    with.keys.push_back(read_vkey(vkey_text(key.name, key.key.public_key())).value());
    std::filesystem::path newest;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path()))
      if (file.path().extension() == ".notes" && file.file_size() > 0) newest = std::max(newest, file.path());
    write_bytes(elsewhere_ / "anchor", read_bytes(newest));
    with.anchors.push_back(elsewhere_ / "anchor");
    return verify(directory_.path(), with);
  }

  void reset() {
    disk_ = std::make_unique<FakeDisk>();
    durable_ = 0;
    written_.clear();
    texts_ = 0;
  }

  std::unique_ptr<FakeDisk> disk_ = std::make_unique<FakeDisk>();
  FixedClock clock_;
  TemporaryDirectory directory_, elsewhere_;
  bool is_signed_ = false;
  unsigned char key_ = 1;
  std::map<std::uint64_t, std::string> written_;
  std::uint64_t durable_ = 0;
  std::size_t texts_ = 0;
};

constexpr int kEntries = 24;

TEST_F(PowerCut, AtAnyCallLosesNothingThatWasDurable) {
  std::mt19937 random(20260101);
  std::uint64_t calls = 40;
  for (std::uint64_t k = 1; k <= calls; ++k) {
    for (int seed = 0; seed < 3; ++seed) {
      reset();
      live(3);
      disk_->fail_at(k, true);
      live(kEntries);
      calls = std::max(calls, std::min<std::uint64_t>(disk_->calls(), 120));
      disk_->cut_power(random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "cut at call " << k;
    }
  }
}

TEST_F(PowerCut, AtAnyCallLosesNoCheckpointEither) {
  is_signed_ = true;
  std::mt19937 random(20261122);
  for (std::uint64_t k = 1; k <= 160; ++k) {
    for (int seed = 0; seed < 3; ++seed) {
      reset();
      live(3);
      disk_->fail_at(k, true);
      live(kEntries);
      disk_->cut_power(random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "cut at call " << k;
    }
  }
}

TEST_F(PowerCut, DuringTheVeryFirstStartLeavesNothingOrALog) {
  std::mt19937 random(7);
  for (std::uint64_t k = 1; k <= 30; ++k) {
    for (int seed = 0; seed < 5; ++seed) {
      reset();
      disk_->fail_at(k, true);
      live(2);
      disk_->cut_power(random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "cut at call " << k;
    }
  }
}

TEST_F(PowerCut, DuringRecoveryToo) {
  std::mt19937 random(11);
  for (std::uint64_t k = 1; k <= 40; ++k) {
    for (int seed = 0; seed < 3; ++seed) {
      reset();
      live(2);
      disk_->fail_at(30 + k, true);
      live(kEntries);
      disk_->cut_power(random);
      disk_->fail_at(k, true);
      live(1);
      disk_->cut_power(random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "second cut at call " << k;
    }
  }
}

// A segment whose first batch never came, and its notes: both go, and at no moment the notes stand alone.
TEST_F(PowerCut, WhileARecoveryRemovesASegmentLeavesALog) {
  is_signed_ = true;
  std::mt19937 random(17);
  for (std::uint64_t k = 1; k <= 30; ++k) {
    for (int seed = 0; seed < 5; ++seed) {
      reset();
      live(2);
      const std::uint64_t size = written_.rbegin()->first + 2;  // with `close`
      disk_->add(segment_name(size), std::string(100, '\n'));
      disk_->add(notes_name(size), "");
      disk_->fail_at(k, true);
      live(1);
      disk_->cut_power(random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "cut at call " << k;
    }
  }
}

TEST_F(PowerCut, WhileALogOfSeveralSegmentsBeginsToBeSigned) {
  std::mt19937 random(19);
  for (std::uint64_t k = 1; k <= 60; ++k) {
    for (int seed = 0; seed < 4; ++seed) {
      reset();
      is_signed_ = false;
      live(kEntries);
      is_signed_ = true;
      die_at(k, kEntries, random);
      die_at(1 + random() % 40, 2, random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "ended at call " << k;
    }
  }
}

TEST_F(PowerCut, WhileTheKeyChanges) {
  is_signed_ = true;
  std::mt19937 random(23);
  for (std::uint64_t k = 1; k <= 60; ++k) {
    for (int seed = 0; seed < 4; ++seed) {
      reset();
      key_ = 1;
      live(seed % 2 == 0 ? 3 : kEntries);
      key_ = 2;
      die_at(k, kEntries, random);
      die_at(1 + random() % 40, 2, random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "ended at call " << k;
    }
  }
}

TEST_F(PowerCut, AfterAFailedSyncAndARestartLosesNothingThatTheRestartKept) {
  std::mt19937 random(13);
  for (std::uint64_t k = 1; k <= 120; ++k) {
    for (int seed = 0; seed < 3; ++seed) {
      reset();
      live(3);
      disk_->fail_at(k, false);
      live(kEntries);
      disk_->fail_at(0, false);
      live(k % 2 == 0
               ? 3
               : kEntries);  // finds what the failed sync left in memory, and makes it durable or cuts it
      disk_->cut_power(random);
      expect_nothing_lost();
      if (::testing::Test::HasFatalFailure()) FAIL() << "call " << k << " failed";
    }
  }
}

TEST_F(PowerCut, IsNotNeededForARefusalWhenAnyCallFails) {
  for (std::uint64_t k = 1; k <= 90; ++k) {
    reset();
    live(3);
    disk_->fail_at(k, false);
    std::atomic<int> called{0};  // outlives the log, whose writer calls to its end
    auto log = Log::open(small(), clock_, disk_->storage());
    if (!log) {
      EXPECT_EQ(log.error().code, base::sqlstate::io_error);
      continue;
    }
    (*log)->listen([&] { ++called; });
    const bool is_told = !(*log)->failure();  // it may have failed before there was anybody to tell
    std::uint64_t last = 0;
    for (int i = 0; i < kEntries; ++i) {
      const auto index = (*log)->append(decision("select 1"));
      if (!index) {
        EXPECT_EQ(index.error().code, base::sqlstate::io_error) << index.error().message;
        break;
      }
      last = *index;
      if (!wait_durable(**log, last + 1)) break;
    }
    if (const auto failure = (*log)->failure()) {
      EXPECT_EQ(failure->code, base::sqlstate::io_error);
      // Listeners are called behind the moment from which on the failure can be seen.
      for (int i = 0; i < 1'000 && is_told && called == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      EXPECT_TRUE(!is_told || called > 0) << "call " << k;
      EXPECT_FALSE((*log)->append(outcome(0))) << "call " << k;
      EXPECT_FALSE((*log)->append(decision("select 2")));
    }
  }
}

TEST_F(PowerCut, AFullDiskAtASyncIsFinal) {
  int failed = 0;
  for (std::uint64_t k = 1; k <= 60; ++k) {
    reset();
    live(3);
    disk_->fail_at(k, false, base::sqlstate::disk_full);
    live(kEntries);
    disk_->fail_at(0, false);
    expect_nothing_lost();
    if (::testing::Test::HasFatalFailure()) FAIL() << "call " << k << " failed";
    ++failed;
  }
  EXPECT_EQ(failed, 60);
}

// No call that writes or syncs says so; if one did, it would be as final as any other failure.
TEST_F(PowerCut, TooManyOpenFilesAtAnyCallLoseNothing) {
  is_signed_ = true;
  for (std::uint64_t k = 1; k <= 90; ++k) {
    reset();
    live(3);
    disk_->fail_at(k, false, base::sqlstate::insufficient_resources);
    live(kEntries);
    disk_->fail_at(0, false);
    expect_nothing_lost();
    if (::testing::Test::HasFatalFailure()) FAIL() << "call " << k << " failed";
  }
}

}  // namespace
}  // namespace portcullis::audit
