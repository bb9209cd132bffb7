// No descriptor is left for another file while the log runs: entries go on in the segment that is open, and
// once there is one again, so does everything else.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "audit/format.hpp"
#include "audit/note_read.hpp"
#include "tests/unit/audit/few_descriptors.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

constexpr int kEntries = 24;

class Descriptors : public ::testing::Test {
 protected:
  LogOptions small() {
    auto with = options("memory");
    with.segment_bytes = 6 << 10;
    with.queue_bytes = 16 << 10;
    with.key = std::make_shared<const NamedKey>(portcullis::testing::named_key(1, kOrigin));
    with.checkpoint_interval = std::chrono::milliseconds(0);
    with.checkpoint_held_up = [this] { ++held_up_; };
    return with;
  }
  std::unique_ptr<Log> open() {
    auto log = Log::open(small(), clock_, disk_->storage());
    EXPECT_TRUE(log) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }
  // Each is taken, and durable when this returns.
  void decide(Log& log, int entries) {
    for (int i = 0; i < entries; ++i) {
      const auto index =
          log.append(decision("select " + std::string(static_cast<std::size_t>(i) % 7 * 200, 'x')));
      ASSERT_TRUE(index) << index.error().message;
      ASSERT_TRUE(wait_durable(log, *index + 1));
      ++decisions_;
    }
  }
  [[nodiscard]] std::size_t segments() const {
    std::size_t count = 0;
    for (const auto& name : disk_->names()) count += name.ends_with(".jsonl") ? 1 : 0;
    return count;
  }
  // False where the log does not begin another one in time.
  bool begins_segments(Log& log, std::size_t more) {
    const std::size_t wanted = segments() + more;
    for (int i = 0; i < 2'000 && segments() < wanted; ++i) {
      decide(log, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return segments() >= wanted;
  }
  // The log's own newest notes stand for an anchor.
  void expect_clean() {
    TemporaryDirectory directory, elsewhere;
    disk_->copy_to(directory.path());
    const auto key = portcullis::testing::named_key(1, kOrigin);
    VerifyOptions with;
    with.keys.push_back(read_vkey(vkey_text(key.name, key.key.public_key())).value());
    std::filesystem::path newest;
    for (const auto& file : std::filesystem::directory_iterator(directory.path()))
      if (file.path().extension() == ".notes" && file.file_size() > 0) newest = std::max(newest, file.path());
    write_bytes(elsewhere / "anchor", read_bytes(newest));
    with.anchors.push_back(elsewhere / "anchor");
    const auto report = verify(directory.path(), with);
    EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
    EXPECT_EQ(report.decisions, decisions_);
  }
  void reset() {
    disk_ = std::make_unique<FakeDisk>();
    decisions_ = 0;
    held_up_ = 0;
  }

  std::unique_ptr<FakeDisk> disk_ = std::make_unique<FakeDisk>();
  FixedClock clock_;
  std::atomic<int> held_up_{0};
  std::uint64_t decisions_ = 0;
};

TEST_F(Descriptors, MayBeMissingAtAnyCall) {
  for (std::uint64_t k = 1; k <= 10; ++k) {
    for (const std::uint64_t count : {1, 2, 3}) {
      reset();
      auto log = open();
      disk_->lack_descriptors(k, count);
      decide(*log, kEntries);
      EXPECT_TRUE(begins_segments(*log, 2)) << "call " << k;
      EXPECT_GE(disk_->opening_calls(), k);
      EXPECT_FALSE(log->failure()) << log->failure()->message;
      log.reset();
      expect_clean();
      if (HasFailure()) FAIL() << count << " from call " << k << " on";
    }
  }
}

TEST_F(Descriptors, ThatAreMissingForLongHoldUpNoEntry) {
  for (std::uint64_t k = 1; k <= 6; ++k) {
    reset();
    auto log = open();
    disk_->lack_descriptors(k);
    decide(*log, 10 * kEntries);
    EXPECT_EQ(segments(), 1 + k / 2) << "the segment goes on growing";
    EXPECT_EQ(held_up_ > 0, k % 2 == 0) << "a segment has no file of notes";
    EXPECT_FALSE(log->failure());
    disk_->lack_descriptors(0);
    EXPECT_TRUE(begins_segments(*log, 2));
    log.reset();
    expect_clean();
    if (HasFailure()) FAIL() << "from call " << k << " on";
  }
}

TEST_F(Descriptors, ThatAreMissingAtTheEndAreNotNeededForIt) {
  for (std::uint64_t k = 1; k <= 6; ++k) {
    reset();
    auto log = open();
    disk_->lack_descriptors(k);
    decide(*log, kEntries);
    log.reset();
    disk_->lack_descriptors(0);
    log = open();  // signs what is not signed yet
    ASSERT_TRUE(log);
    decide(*log, 1);
    log.reset();
    expect_clean();
    if (HasFailure()) FAIL() << "from call " << k << " on";
  }
}

TEST_F(Descriptors, AndThePowerMayGoTogether) {
  std::mt19937 random(29);
  for (std::uint64_t k = 1; k <= 6; ++k) {
    for (int seed = 0; seed < 5; ++seed) {
      reset();
      auto log = open();
      disk_->lack_descriptors(k);
      decide(*log, kEntries);
      disk_->fail_at(1, true);  // it dies here
      log.reset();
      disk_->cut_power(random);
      log = open();
      ASSERT_TRUE(log) << "from call " << k << " on";
      decide(*log, 3);
      log.reset();
      expect_clean();
      if (HasFailure()) FAIL() << "from call " << k << " on";
    }
  }
}

TEST_F(Descriptors, AreNeededAtTheStart) {
  open().reset();
  disk_->lack_descriptors(1);
  const auto log = Log::open(small(), clock_, disk_->storage());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, base::sqlstate::insufficient_resources);
  disk_->lack_descriptors(0);
  open().reset();
  expect_clean();
}

TEST(DescriptorsOfTheSystem, ThatAreMissingLeaveADirectoryAsItWas) {
  TemporaryDirectory directory;
  const auto storage = open_directory(directory / "log");
  ASSERT_TRUE(storage);
  ASSERT_TRUE((*storage)->create("there"));
  {
    const FewDescriptors few;
    const auto created = (*storage)->create("next");
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code, base::sqlstate::insufficient_resources);
    EXPECT_NE(created.error().message.find("raise the limit of open files"), std::string::npos);
    const auto opened = (*storage)->open("there");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, base::sqlstate::insufficient_resources);
    const auto listed = (*storage)->list();
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code, base::sqlstate::insufficient_resources);
    EXPECT_TRUE((*storage)->sync_directory());
  }
  EXPECT_FALSE(std::filesystem::exists(directory / "log" / "next"));
  EXPECT_TRUE((*storage)->create("next"));
}

}  // namespace
}  // namespace portcullis::audit
