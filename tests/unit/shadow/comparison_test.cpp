// What happened in production, held against what a dry run had shown.
#include "shadow/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portcullis::shadow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

RelationFacts relation(std::string name, std::initializer_list<LockMode> locks) {
  RelationFacts facts;
  facts.schema = "app";
  facts.name = std::move(name);
  for (const auto mode : locks) facts.locks.add(mode);
  return facts;
}

const auto kOrders = relation("orders", {LockMode::access_share, LockMode::access_exclusive});

TEST(Comparison, TheSameIsNoDifference) {
  EXPECT_THAT(differences({kOrders}, {kOrders}, {}), IsEmpty());
}

TEST(Comparison, OtherLocksAreNamedWithThosePredicted) {
  EXPECT_THAT(differences({kOrders}, {relation("orders", {LockMode::share})}, {}),
              ElementsAre("locks: app.orders: SHARE; predicted: ACCESS SHARE, ACCESS EXCLUSIVE"));
  EXPECT_THAT(differences({kOrders}, {}, {}),
              ElementsAre("locks: app.orders: none; predicted: ACCESS SHARE, ACCESS EXCLUSIVE"));
}

TEST(Comparison, WhatWasHeldBeforeNeedNotBeTaken) {
  const auto held = relation("orders", {LockMode::access_share});
  EXPECT_THAT(differences({kOrders}, {relation("orders", {LockMode::access_exclusive})}, {held}), IsEmpty());
  // But is no lock that was foreseen.
  EXPECT_THAT(differences({kOrders}, {}, {held}), Not(IsEmpty()));
}

TEST(Comparison, WhatNobodyForesawIsADifferenceThoughItLooksNew) {
  auto other = relation("ledger", {LockMode::share});
  other.is_new = true;  // it has no baseline
  EXPECT_THAT(differences({}, {other}, {}), ElementsAre("locks: app.ledger: SHARE; predicted: none"));
}

TEST(Comparison, WhatTheStatementMadeIsNotCompared) {
  auto made = relation("made", {LockMode::access_exclusive});
  made.is_new = true;
  auto other = made;
  other.locks.add(LockMode::share);
  EXPECT_THAT(differences({made}, {other}, {}), IsEmpty());
  EXPECT_THAT(differences({made}, {}, {}), IsEmpty());
}

TEST(Comparison, TemporaryObjectsAreNotCompared) {
  auto temporary = kOrders;
  temporary.schema = "pg_temp_3";
  EXPECT_THAT(differences({}, {temporary}, {}), IsEmpty());
  EXPECT_THAT(differences({temporary}, {}, {}), IsEmpty());
}

TEST(Comparison, RewritesAndScansAreComparedBothWays) {
  auto heavy = kOrders;
  heavy.is_rewritten = heavy.is_scanned = true;
  EXPECT_THAT(differences({kOrders}, {heavy}, {}),
              ElementsAre("rewrite: app.orders: stored anew, not predicted",
                          "scan: app.orders: read whole, not predicted"));
  EXPECT_THAT(differences({heavy}, {kOrders}, {}),
              ElementsAre("rewrite: app.orders: predicted, not stored anew",
                          "scan: app.orders: predicted, not read whole"));
}

TEST(Comparison, TheBaselineIsAskedOfWhatWasThereOnly) {
  auto made = relation("made", {});
  made.is_new = true;
  auto odd = relation("o'dd", {});
  const auto sql = baseline_query({kOrders, made, odd});
  EXPECT_THAT(sql, HasSubstr("('app'::pg_catalog.name, 'orders'::pg_catalog.name)"));
  EXPECT_THAT(sql, HasSubstr("'o''dd'::pg_catalog.name"));
  EXPECT_THAT(sql, Not(HasSubstr("'made'")));
}

}  // namespace
}  // namespace portcullis::shadow
