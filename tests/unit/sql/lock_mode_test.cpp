#include "portcullis/sql/lock_mode.hpp"

#include <gtest/gtest.h>

namespace portcullis::sql {
namespace {

// Table 13.2 of the manual, written down as it stands there.
constexpr std::string_view kTable[8] = {
    ".......X", "......XX", "....XXXX", "...XXXXX", "..XX.XXX", "..XXXXXX", ".XXXXXXX", "XXXXXXXX",
};

TEST(LockMode, ConflictsAsTheManualSays) {
  for (int a = 0; a < 8; ++a) {
    for (int b = 0; b < 8; ++b) {
      EXPECT_EQ(conflicts(static_cast<LockMode>(a), static_cast<LockMode>(b)), kTable[a][b] == 'X')
          << name(static_cast<LockMode>(a)) << " and " << name(static_cast<LockMode>(b));
    }
  }
}

// SHARE alone would not bar another SHARE.
TEST(LockMode, OfASetEachCounts) {
  LockSet set;
  EXPECT_TRUE(set.empty());
  set.add(LockMode::share);
  EXPECT_FALSE(set.conflicts_with(LockMode::share));
  set.add(LockMode::row_exclusive);
  EXPECT_TRUE(set.conflicts_with(LockMode::share));
  EXPECT_EQ(set.strongest(), LockMode::share);
  EXPECT_FALSE(set.has(LockMode::row_share));
}

TEST(LockMode, IsFoundByItsNames) {
  EXPECT_EQ(lock_mode_named("SHARE ROW EXCLUSIVE"), LockMode::share_row_exclusive);
  EXPECT_EQ(lock_mode_of_view("ShareRowExclusiveLock"), LockMode::share_row_exclusive);
  EXPECT_EQ(name(LockMode::access_exclusive), "ACCESS EXCLUSIVE");
  EXPECT_FALSE(lock_mode_named("share"));
  EXPECT_FALSE(lock_mode_of_view("SIReadLock"));
}

}  // namespace
}  // namespace portcullis::sql
