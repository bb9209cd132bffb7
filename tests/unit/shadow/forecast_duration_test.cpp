// How long a statement would take, by what it reads and writes; what cannot be told is not called short.
#include <gmock/gmock.h>

#include "forecast_rows.hpp"

namespace portcullis::shadow {
namespace {

using ::testing::HasSubstr;

RelationFacts orders(bool is_scanned, bool is_rewritten, LockMode mode = LockMode::access_exclusive) {
  auto facts = relation("orders", mode);
  facts.is_scanned = is_scanned;
  facts.is_rewritten = is_rewritten;
  return facts;
}

TEST(ForecastDuration, OfTheCatalogAloneHangsOnNoSize) {
  auto row = quiet("0");
  row[6] = std::nullopt;
  const auto of = forecast({row}, altering({orders(false, false)}));
  EXPECT_EQ(of.duration, base::DurationClass::under_1s);
  EXPECT_EQ(of.basis, "changes the catalog only");
}

TEST(ForecastDuration, OfWhatIsReadHangsOnItsSize) {
  auto row = quiet("0");
  EXPECT_EQ(forecast({row}, altering({orders(true, false)})).basis, "reads 7 MiB");
  EXPECT_EQ(forecast({row}, altering({orders(true, false)})).duration, base::DurationClass::under_1s);
  row[3] = "1000000";
  EXPECT_EQ(forecast({row}, altering({orders(true, false)})).duration, base::DurationClass::up_to_100s);
}

TEST(ForecastDuration, OfAnUnknownSizeIsUnknown) {
  auto row = quiet("0");
  row[6] = std::nullopt;
  const auto of = forecast({row}, altering({orders(true, false)}));
  EXPECT_FALSE(of.duration);
  EXPECT_EQ(of.basis, "the size of app.orders is unknown");
  EXPECT_FALSE(forecast({}, altering({orders(true, false)})).duration);
  EXPECT_FALSE(forecast({}, altering({orders(false, true)})).duration);
}

// What is written anew with its table is not counted twice.
TEST(ForecastDuration, ATableIsWrittenWithItsIndexes) {
  auto index = relation("orders_pkey", LockMode::access_exclusive, 'i');
  index.is_rewritten = true;
  const std::vector<Row> rows = {quiet("0"), quiet("1", "i", "20000")};
  EXPECT_EQ(forecast(rows, altering({orders(true, true), index})).basis,
            "writes 7 MiB anew and builds 2 MiB of indexes again");
  EXPECT_EQ(forecast(rows, altering({orders(true, false), index})).basis,
            "reads 7 MiB and builds 7 MiB of indexes again");
}

TEST(ForecastDuration, ANewIndexIsBuiltOverWhatIsRead) {
  auto index = relation("orders_note", LockMode::access_exclusive, 'i');
  index.is_new = true;
  auto facts = altering({orders(true, false, LockMode::share), index});
  facts.tag = "CREATE INDEX";
  const auto of = forecast({quiet("0")}, facts);
  EXPECT_EQ(of.relations.size(), 1u);
  EXPECT_EQ(of.basis, "reads 7 MiB and builds an index over 7 MiB");
}

TEST(ForecastDuration, AnIndexThatIsBuiltBesideReadsTwice) {
  auto index = relation("orders_note", LockMode::access_exclusive, 'i');
  index.is_new = true;
  auto facts = altering({orders(true, false, LockMode::share_update_exclusive), index});
  facts.tag = "CREATE INDEX";
  facts.waits_for_older = true;
  EXPECT_EQ(forecast({quiet("0")}, facts).basis,
            "reads 15 MiB and builds an index over 7 MiB, besides waiting for older transactions");
}

TEST(ForecastDuration, AVacuumIsKnownWhereItWritesAllAnew) {
  auto facts = altering({orders(true, true)});
  facts.tag = "VACUUM";
  EXPECT_TRUE(forecast({quiet("0")}, facts).duration);
  facts = altering({orders(true, false, LockMode::share_update_exclusive)});
  facts.tag = "VACUUM";
  EXPECT_FALSE(forecast({quiet("0")}, facts).duration);
}

TEST(ForecastDuration, AForeignKeyIsProvenByBothOfItsTables) {
  const auto parent = relation("parents", LockMode::share_row_exclusive);
  EXPECT_EQ(forecast({quiet("0"), quiet("1")},
                     altering({orders(true, false, LockMode::share_row_exclusive), parent}))
                .basis,
            "reads 15 MiB");
  EXPECT_EQ(forecast({quiet("0"), quiet("1")},
                     altering({orders(false, false, LockMode::share_row_exclusive), parent}))
                .basis,
            "changes the catalog only");
}

TEST(ForecastDuration, TruncateHangsOnNoSize) {
  auto facts = altering({orders(true, true)});
  facts.tag = "TRUNCATE TABLE";
  EXPECT_EQ(forecast({quiet("0")}, facts).duration, base::DurationClass::under_1s);
  facts.relations[0].inserted = 1;  // by a trigger
  EXPECT_FALSE(forecast({quiet("0")}, facts).duration);
}

TEST(ForecastDuration, OfStatementsOnRowsIsUnknown) {
  for (const auto* tag : {"UPDATE 0", "DELETE 1", "INSERT 0 1", "SELECT 1", "MERGE 0", "ANALYZE",
                          "REFRESH MATERIALIZED VIEW", ""}) {
    auto facts = altering({orders(false, false, LockMode::row_exclusive)});
    facts.tag = tag;
    EXPECT_FALSE(forecast({quiet("0")}, facts).duration) << tag;
  }
  auto facts = altering({orders(true, false, LockMode::access_share)});
  EXPECT_FALSE(forecast({quiet("0")}, facts).duration);
  EXPECT_THAT(forecast({quiet("0")}, facts).basis, HasSubstr("query of app.orders"));
}

TEST(ForecastDuration, OfAStatementThatFailsIsUnknown) {
  RunFacts facts;
  facts.failure = base::Error{base::sqlstate::internal_error, "no"};
  EXPECT_FALSE(forecast({}, facts).duration);
}

TEST(ForecastDuration, WhatLocksNothingIsShort) {
  const auto of = forecast({}, altering({}));
  EXPECT_EQ(of.duration, base::DurationClass::under_1s);
}

}  // namespace
}  // namespace portcullis::shadow
