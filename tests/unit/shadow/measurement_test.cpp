// Facts are read off locks, file nodes and counters, and an answer of another shape is none.
#include "shadow/measurement.hpp"

#include <gmock/gmock.h>

namespace portcullis::shadow {
namespace {

using ::testing::HasSubstr;

Baseline baseline() {
  return *Baseline::read({{"20000", "app", "orders", "r", "20000"},
                          {"20010", "app", "orders_pkey", "i", "20010"},
                          {"20020", "app", "recent", "v", std::nullopt},
                          {"20030", "app", "gone", "r", "20030"}});
}

Row locked(std::string oid, std::string mode, std::string name, std::string kind,
           std::optional<std::string> filenode, std::string scans = "0", std::string inserted = "0") {
  return {oid, mode, "app", name, kind, filenode, scans, inserted, "0", "0"};
}

TEST(Measurement, EachLockCounts) {
  Counters counters;
  const auto facts = read_facts({locked("20000", "AccessShareLock", "orders", "r", "20000"),
                                 locked("20000", "AccessExclusiveLock", "orders", "r", "20000"),
                                 locked("20000", "RowExclusiveLock", "orders", "r", "20000")},
                                baseline(), {}, counters);
  ASSERT_TRUE(facts);
  ASSERT_EQ(facts->size(), 1u);
  RelationFacts expected;
  expected.schema = "app";
  expected.name = "orders";
  for (const auto mode : {LockMode::access_share, LockMode::row_exclusive, LockMode::access_exclusive})
    expected.locks.add(mode);
  EXPECT_EQ(facts->front(), expected);
}

TEST(Measurement, ANewFileNodeIsARewrite) {
  Counters counters;
  const auto facts = *read_facts({locked("20000", "AccessExclusiveLock", "orders", "r", "30000"),
                                  locked("20020", "AccessExclusiveLock", "recent", "v", std::nullopt)},
                                 baseline(), {}, counters);
  EXPECT_TRUE(facts[0].is_rewritten);
  EXPECT_FALSE(facts[1].is_rewritten);
}

// ALTER COLUMN TYPE gives an index a new oid also where it keeps its file.
TEST(Measurement, AnIndexIsKnownAgainByItsName) {
  Counters counters;
  const auto kept = *read_facts({locked("30001", "AccessExclusiveLock", "orders_pkey", "i", "20010")},
                                baseline(), {}, counters);
  EXPECT_FALSE(kept[0].is_rewritten);
  EXPECT_FALSE(kept[0].is_new);
  const auto built = *read_facts({locked("30001", "AccessExclusiveLock", "orders_pkey", "i", "30001")},
                                 baseline(), {}, counters);
  EXPECT_TRUE(built[0].is_rewritten);
}

TEST(Measurement, AnIndexThatIsBuiltAgainIsNotGone) {
  Counters counters;
  Row old{"20010",      "AccessExclusiveLock", std::nullopt, std::nullopt, std::nullopt,
          std::nullopt, std::nullopt,          std::nullopt, std::nullopt, std::nullopt};
  const auto facts = *read_facts({old, locked("30001", "AccessExclusiveLock", "orders_pkey", "i", "20010")},
                                 baseline(), {}, counters);
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_FALSE(facts[0].is_gone);
}

TEST(Measurement, WhatWasMadeIsNewAndWhatWasDroppedKeepsItsName) {
  Counters counters;
  Row dropped{"20030",      "AccessExclusiveLock", std::nullopt, std::nullopt, std::nullopt,
              std::nullopt, std::nullopt,          std::nullopt, std::nullopt, std::nullopt};
  Row passing = dropped;
  passing[0] = "30009";  // made and dropped by the statement itself
  const auto facts =
      *read_facts({dropped, passing, locked("30005", "AccessExclusiveLock", "added", "r", "30005")},
                  baseline(), {}, counters);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].name, "added");
  EXPECT_TRUE(facts[0].is_new);
  EXPECT_FALSE(facts[0].is_rewritten);
  EXPECT_EQ(facts[1].name, "gone");
  EXPECT_TRUE(facts[1].is_gone);
}

TEST(Measurement, TablesOfLongValuesAreLeftOut) {
  Counters counters;
  EXPECT_TRUE(read_facts({locked("20001", "AccessExclusiveLock", "pg_toast_20000", "t", "1")}, baseline(), {},
                         counters)
                  ->empty());
}

TEST(Measurement, CountersGoOnFromRunToRun) {
  Counters counters;
  EXPECT_THAT(counters.query(), HasSubstr("FROM pg_catalog.pg_class"));
  ASSERT_TRUE(counters.take({}));
  EXPECT_THAT(counters.query(), HasSubstr("unnest('{}'"));
  const auto first = *read_facts({locked("20000", "RowExclusiveLock", "orders", "r", "20000", "1", "5")},
                                 baseline(), {}, counters);
  EXPECT_TRUE(first[0].is_scanned);
  EXPECT_EQ(first[0].inserted, 5u);
  EXPECT_THAT(counters.query(), HasSubstr("unnest('{20000}'"));
  ASSERT_TRUE(counters.take({{"20000", "1", "5", "0", "0"}}));
  const auto second = *read_facts({locked("20000", "RowExclusiveLock", "orders", "r", "20000", "1", "7")},
                                  baseline(), {}, counters);
  EXPECT_FALSE(second[0].is_scanned);
  EXPECT_EQ(second[0].inserted, 2u);
}

TEST(Measurement, BehindAFailureAllCountersAreRead) {
  Counters counters;
  ASSERT_TRUE(counters.take({}));
  counters.forget();
  ASSERT_TRUE(counters.take({{"20000", "2", "5", "0", "0"}}));
  const auto facts = *read_facts({locked("20000", "AccessShareLock", "orders", "r", "20000", "2", "5")},
                                 baseline(), {}, counters);
  EXPECT_FALSE(facts[0].is_scanned);
  EXPECT_EQ(facts[0].inserted, 0u);
}

// What the transaction had done before is not the statement's.
TEST(Measurement, WhatWasHeldBeforeIsLeftOut) {
  const auto held = *Held::read({locked("20000", "AccessExclusiveLock", "orders", "r", "30000"),
                                 locked("20030", "RowExclusiveLock", "gone", "r", "20030")});
  Counters counters;
  const auto facts = *read_facts({locked("20000", "AccessExclusiveLock", "orders", "r", "30000"),
                                  locked("20030", "RowExclusiveLock", "gone", "r", "20030"),
                                  locked("20030", "ShareLock", "gone", "r", "20030")},
                                 baseline(), held, counters);
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0].name, "gone");
  EXPECT_TRUE(facts[0].locks.has(LockMode::share));
  EXPECT_FALSE(facts[0].locks.has(LockMode::row_exclusive));
  EXPECT_FALSE(Held::read({{"1", "no lock"}}));
}

// The scans of an index are searches.
TEST(Measurement, AnIndexIsNotScanned) {
  Counters counters;
  const auto facts = *read_facts({locked("20010", "AccessShareLock", "orders_pkey", "i", "20010", "3")},
                                 baseline(), {}, counters);
  EXPECT_FALSE(facts[0].is_scanned);
}

TEST(Measurement, WhatHasAnotherShapeIsRefused) {
  Counters counters;
  EXPECT_FALSE(read_facts({{"20000"}}, baseline(), {}, counters));
  EXPECT_FALSE(read_facts({locked("x", "AccessShareLock", "orders", "r", "1")}, baseline(), {}, counters));
  EXPECT_FALSE(read_facts({locked("1", "SIReadLock", "orders", "r", "1")}, baseline(), {}, counters));
  EXPECT_FALSE(read_facts({locked("1", "AccessShareLock", "orders", "", "1")}, baseline(), {}, counters));
  EXPECT_FALSE(
      read_facts({locked("1", "AccessShareLock", "orders", "r", "1", "-1")}, baseline(), {}, counters));
  EXPECT_FALSE(counters.take({{"1", "2"}}));
  EXPECT_FALSE(Baseline::read({{"1", "app", std::nullopt, "r", "1"}}));
  EXPECT_FALSE(Baseline::read({{"1", "app", "t", "", "1"}}));
}

}  // namespace
}  // namespace portcullis::shadow
