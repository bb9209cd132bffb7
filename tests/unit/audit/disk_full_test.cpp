// A disk that fills up while the log runs: decisions are refused, outcomes of those already taken are not.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "audit/read.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class DiskFull : public ::testing::Test {
 protected:
  std::unique_ptr<Log> open() {
    auto with = options("memory");
    with.segment_bytes = 32 << 10;
    with.queue_bytes = 16 << 10;
    auto log = Log::open(with, clock_, disk_.storage());
    EXPECT_TRUE(log) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }

  // Decisions, each waited for, until one is refused: the indexes of those that were taken.
  std::vector<std::uint64_t> decide_until_refused(Log& log) {
    std::vector<std::uint64_t> taken;
    for (int i = 0; i < 100'000; ++i) {
      const auto index = log.append(decision("select " + std::to_string(i), taken.size()));
      if (!index) {
        refusal_ = index.error().code;
        break;
      }
      EXPECT_TRUE(wait_durable(log, *index + 1));
      taken.push_back(*index);
    }
    return taken;
  }

  bool accepts_again(Log& log) {
    for (int i = 0; i < 10'000; ++i) {
      if (log.append(decision("select again"))) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

  VerifyReport verified() {
    disk_.copy_to(directory_.path());
    return verify_entries(directory_.path());
  }

  FakeDisk disk_;
  FixedClock clock_;
  TemporaryDirectory directory_;
  base::SqlState refusal_ = base::sqlstate::internal_error;
};

// Entries are still taken then: room for them was made ahead, and of checkpoints for two hundred.
TEST_F(DiskFull, IsSaidWhereNoCheckpointCanBeWritten) {
  std::atomic<bool> held_up{false};
  auto with = options("memory");
  with.queue_bytes = 1 << 20;
  with.key = std::make_shared<const NamedKey>(portcullis::testing::named_key(1, kOrigin));
  with.checkpoint_interval = std::chrono::milliseconds(0);
  with.checkpoint_held_up = [&held_up] { held_up = true; };
  auto log = Log::open(with, clock_, disk_.storage());
  ASSERT_TRUE(log) << log.error().message;
  disk_.set_capacity(0);
  for (int i = 0; i < 4'000 && !held_up; ++i) {
    const auto index = (*log)->append(decision("select 1"));
    ASSERT_TRUE(index) << index.error().message;
    ASSERT_TRUE(wait_durable(**log, *index + 1));
  }
  EXPECT_TRUE(held_up);
  EXPECT_FALSE((*log)->failure());
}

TEST_F(DiskFull, RefusesDecisionsAndStillHoldsTheOutcomesOfAllThatWereTaken) {
  auto log = open();
  disk_.set_capacity(200 << 10);
  const auto taken = decide_until_refused(*log);
  EXPECT_EQ(refusal_, base::sqlstate::disk_full);
  ASSERT_GT(taken.size(), 20u);
  base::Result<std::uint64_t> login = std::uint64_t{0};
  for (int i = 0; login && i < 100; ++i) login = log->append(session("login"));
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, base::sqlstate::disk_full);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    OutcomeRecord record = outcome(taken[i], i);
    record.tags = {"REFRESH MATERIALIZED VIEW"};
    const auto index = log->append(record);
    ASSERT_TRUE(index);
    ASSERT_TRUE(wait_durable(*log, *index + 1)) << i;
  }
  EXPECT_FALSE(log->failure());
  log.reset();
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  EXPECT_EQ(report.decisions, taken.size());
  EXPECT_EQ(report.outcomes, taken.size());
  EXPECT_TRUE(report.closed);
}

TEST_F(DiskFull, IsRecoveredFromWithoutARestart) {
  auto log = open();
  for (std::uint64_t capacity = 200 << 10; capacity < 2'000'000; capacity *= 2) {
    disk_.set_capacity(capacity);
    EXPECT_FALSE(decide_until_refused(*log).empty());
    EXPECT_EQ(refusal_, base::sqlstate::disk_full);
    disk_.set_capacity(UINT64_MAX);
    EXPECT_TRUE(accepts_again(*log));
    EXPECT_FALSE(log->failure());
  }
  log.reset();
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
}

TEST_F(DiskFull, AtTheStartRefusesToOpen) {
  disk_.set_capacity(1000);
  const auto log = Log::open(options("memory"), clock_, disk_.storage());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, base::sqlstate::disk_full);
}

}  // namespace
}  // namespace portcullis::audit
