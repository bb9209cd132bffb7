// The keys that texts are sealed under as they are appended: which slot gets which, and when new ones are
// made.
#include "audit/sealer.hpp"

#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "audit/format.hpp"
#include "base/encoding.hpp"
#include "tests/unit/audit/few_descriptors.hpp"
#include "tests/unit/audit/sealing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Need = Sealer::Need;

class SealerTest : public ::testing::Test {
 protected:
  SealerTest() {
    auto opened = Sealer::open(directory_ / "keys", kOrigin, clock_);
    EXPECT_TRUE(opened) << opened.error().message;
    sealer_ = std::move(*opened);
  }
  // Uses up slots.
  void take(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(sealer_->seal({}, Need::certain));
  }
  // A file in the way of the one that is made first.
  [[nodiscard]] std::filesystem::path obstacle(std::uint64_t epoch) const {
    return directory_ / "keys" / (sealing_name(epoch) + ".new");
  }
  void pass(std::chrono::hours hours) {
    clock_.micros += std::chrono::duration_cast<std::chrono::microseconds>(hours).count();
  }
  [[nodiscard]] std::vector<std::uint64_t> epochs() const { return sealer_->folder().epochs().value(); }

  TemporaryDirectory directory_;
  FixedClock clock_;
  std::unique_ptr<Sealer> sealer_;
  const std::vector<ClearField> text_{{"text", "SELECT 1"}};
};

TEST(SlotKeys, AreThoseOfTheTree) {
  const KeyTree tree(portcullis::testing::key_of_bytes(3));
  SlotKeys keys(tree);
  for (const std::uint32_t slot : {0u, 1u, 2u, 3u, 7u, 8u, 1'000u, kSlots / 2 - 1, kSlots / 2, kSlots - 1})
    EXPECT_EQ(keys.take(slot), tree.key_of(slot)) << slot;
  EXPECT_FALSE(keys.take(kSlots - 1));
}

TEST(SlotKeys, NeverGoBack) {
  const KeyTree tree(portcullis::testing::key_of_bytes(3));
  SlotKeys keys(tree);
  EXPECT_TRUE(keys.take(5));
  for (const std::uint32_t slot : {5u, 4u, 0u}) EXPECT_FALSE(keys.take(slot)) << slot;
  EXPECT_EQ(keys.take(6), tree.key_of(6));
}

TEST(SlotKeys, AreNotThereWhereTheTreeHasNone) {
  KeyTree tree(portcullis::testing::key_of_bytes(3));
  tree.erase(2, 3);
  SlotKeys keys(tree);
  EXPECT_EQ(keys.take(1), tree.key_of(1));
  EXPECT_FALSE(keys.take(2));
  EXPECT_FALSE(keys.take(3));
  EXPECT_EQ(keys.take(4), tree.key_of(4));
}

TEST_F(SealerTest, SealsNothingBeforeAnEpoch) {
  EXPECT_FALSE(sealer_->seal(text_, Need::refusable));
  EXPECT_FALSE(sealer_->seal(text_, Need::certain));
}

TEST_F(SealerTest, SealsUnderTheKeysOfItsFile) {
  ASSERT_TRUE(sealer_->renew(3));
  ASSERT_TRUE(sealer_->seal({}, Need::refusable));
  const std::vector<ClearField> fields{
      {"parameters", "[]"}, {"reason", "because"}, {"said", "x"}, {"text", "y"}};
  const auto sealed = sealer_->seal(fields, Need::refusable);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->epoch, 3u);
  EXPECT_EQ(sealed->slot, 1u);
  const auto keys = sealer_->folder().read(3).value();
  EXPECT_EQ(keys.origin, kOrigin);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& [field, value] = fields[i];
    const SecretKey key = *keys.of(*class_of_field(field)).key_of(1);
    const std::string box = base::from_base64(sealed->fields[i].box).value();
    EXPECT_EQ(open_box(box_key(key, field), {sha256(kOrigin), 3, 1}, field, box), value);
    EXPECT_EQ(sealed->fields[i].commitment, to_text(commitment_of(salt_of(key, field), field, value)));
  }
}

TEST_F(SealerTest, GivesEachThreadSlotsOfItsOwn) {
  ASSERT_TRUE(sealer_->renew(0));
  std::vector<std::thread> threads;
  std::vector<std::vector<std::uint64_t>> taken(4);
  for (auto& mine : taken) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) mine.push_back(sealer_->seal(text_, Need::refusable).value().slot);
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& mine : taken) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 4'000u);
  EXPECT_EQ(*all.rbegin(), 3'999u);
}

TEST_F(SealerTest, BeginsAnEpochEachDay) {
  ASSERT_TRUE(sealer_->renew(2));
  pass(std::chrono::hours(23));
  ASSERT_TRUE(sealer_->renew(10));
  EXPECT_EQ(sealer_->epoch(), 2u);
  pass(std::chrono::hours(1));
  ASSERT_TRUE(sealer_->renew(12));
  EXPECT_EQ(sealer_->epoch(), 12u);
  EXPECT_EQ(sealer_->seal(text_, Need::refusable).value().slot, 0u);
  EXPECT_THAT(epochs(), ElementsAre(2u, 12u));
}

TEST_F(SealerTest, BeginsAnEpochBeforeTheSlotsAreUsedUp) {
  ASSERT_TRUE(sealer_->renew(2));
  take(kSlots - Sealer::kSlotsAhead - 1);
  ASSERT_TRUE(sealer_->renew(10));
  EXPECT_EQ(sealer_->epoch(), 2u);
  take(1);
  ASSERT_TRUE(sealer_->renew(10));
  EXPECT_EQ(sealer_->epoch(), 10u);
}

TEST_F(SealerTest, KeepsItsLastSlotsForWhatCannotBeTurnedAway) {
  ASSERT_TRUE(sealer_->renew(2));
  take(kSlots - Sealer::kSlotsKept);
  const auto refused = sealer_->seal(text_, Need::refusable);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::sqlstate::configuration_limit_exceeded);
  take(Sealer::kSlotsKept - 1);
  EXPECT_EQ(sealer_->seal(text_, Need::certain).value().slot, kSlots - 1);
  EXPECT_FALSE(sealer_->seal(text_, Need::certain)) << "no slot is used twice";
  ASSERT_FALSE(sealer_->renew(2)) << "nor a name of an epoch";
  ASSERT_TRUE(sealer_->renew(3));
  EXPECT_TRUE(sealer_->seal(text_, Need::refusable));
}

TEST_F(SealerTest, BeginsAnEpochOnDemandUnlessNothingWasSealed) {
  ASSERT_TRUE(sealer_->renew(2));
  ASSERT_TRUE(sealer_->renew(5, true));
  EXPECT_EQ(sealer_->epoch(), 2u);
  take(1);
  ASSERT_FALSE(sealer_->renew(2, true)) << "no entry is durable since";
  ASSERT_TRUE(sealer_->renew(5, true));
  EXPECT_EQ(sealer_->epoch(), 5u);
  EXPECT_THAT(epochs(), ElementsAre(2u, 5u));
}

TEST_F(SealerTest, GoesOnWithTheOldEpochForAnHourWhereNoneCanBeMade) {
  ASSERT_TRUE(sealer_->renew(2));
  pass(Sealer::kEpochAge);
  write_bytes(obstacle(9), "");
  const auto failed = sealer_->renew(9);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, base::sqlstate::io_error);
  EXPECT_THAT(failed.error().message, HasSubstr("can make no new keys"));
  EXPECT_TRUE(sealer_->seal(text_, Need::refusable));
  pass(Sealer::kGrace);
  const auto refused = sealer_->seal(text_, Need::refusable);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), failed.error());
  EXPECT_TRUE(sealer_->seal(text_, Need::certain));
  std::filesystem::remove(obstacle(9));
  EXPECT_FALSE(sealer_->renew(9)) << "not at once again";
  std::this_thread::sleep_for(Sealer::kRetry);
  ASSERT_TRUE(sealer_->renew(9));
  EXPECT_EQ(sealer_->seal(text_, Need::refusable).value().epoch, 9u);
}

TEST_F(SealerTest, ThatFindsAnEpochOfItsNameUsesItNot) {
  ASSERT_TRUE(sealer_->folder().create(portcullis::testing::sealing_keys(4)));
  EXPECT_FALSE(sealer_->renew(4));
  EXPECT_FALSE(sealer_->seal(text_, Need::certain));
}

TEST_F(SealerTest, HasItsFolderAlone) {
  const auto other = Sealer::open(directory_ / "keys", kOrigin, clock_);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("in use by another process"));
}

TEST_F(SealerTest, WithoutADescriptorForNewKeysSaysSoAndMakesThemLater) {
  ASSERT_TRUE(sealer_->renew(1));
  pass(Sealer::kEpochAge);
  {
    const FewDescriptors few;
    const auto renewed = sealer_->renew(2);
    ASSERT_FALSE(renewed);
    EXPECT_EQ(renewed.error().code, base::sqlstate::insufficient_resources);
    EXPECT_TRUE(sealer_->seal(text_, Need::refusable)) << "the old keys serve for a while";
  }
  EXPECT_THAT(epochs(), ElementsAre(1));
  std::this_thread::sleep_for(Sealer::kRetry);
  EXPECT_TRUE(sealer_->renew(2));
  EXPECT_THAT(epochs(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace portcullis::audit
