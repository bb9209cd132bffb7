// What production's locks and sizes say of a statement, and that nothing is made of an answer of another
// shape.
#include "shadow/forecast.hpp"

#include <gmock/gmock.h>

#include "forecast_rows.hpp"

namespace portcullis::shadow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Forecast, AsksOnlyForWhatWasThereAndForWhatBarsIt) {
  auto fresh = relation("fresh", LockMode::access_exclusive);
  fresh.is_new = true;
  const auto sql = forecast_query(altering({relation("o'r", LockMode::share), fresh}), 4711);
  EXPECT_THAT(sql, HasSubstr("(0, 'app', 'o''r', '{RowExclusiveLock,ShareUpdateExclusiveLock,"
                             "ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}')"));
  EXPECT_THAT(sql, Not(HasSubstr("fresh")));
  EXPECT_THAT(sql, HasSubstr("NOT IN (pg_backend_pid(), 4711)"));
}

// No relation has it; production would be sent whatever the copy answers.
TEST(Forecast, DoesNotAskForANameThatNothingCanHave) {
  const auto facts = altering({relation(std::string(64, 'x'), LockMode::share)});
  EXPECT_THAT(forecast_query(facts), Not(HasSubstr("xxx")));
  const auto of = forecast({}, facts);
  ASSERT_EQ(of.relations.size(), 1u);
  EXPECT_FALSE(of.relations[0].is_found);
}

TEST(Forecast, AsksForAThousandAtMost) {
  const auto facts = altering(std::vector<RelationFacts>(1'001, relation("orders", LockMode::share)));
  EXPECT_THAT(forecast_query(facts), HasSubstr("(999, "));
  EXPECT_THAT(forecast_query(facts), Not(HasSubstr("(1000, ")));
  EXPECT_FALSE(read_forecast({quiet("1000")}, facts));
}

TEST(Forecast, NamesWhoIsInTheWay) {
  const auto of = forecast({held("0", "RowExclusiveLock")}, bare());
  ASSERT_EQ(of.relations.size(), 1u);
  const auto& orders = of.relations[0];
  EXPECT_TRUE(orders.is_found);
  EXPECT_EQ(orders.in_the_way, 1u);
  ASSERT_EQ(orders.holders.size(), 1u);
  EXPECT_EQ(orders.holders[0].pid, 478);
  EXPECT_EQ(orders.holders[0].mode, LockMode::row_exclusive);
  EXPECT_TRUE(orders.holders[0].is_granted);
  EXPECT_EQ(orders.holders[0].state, "idle in transaction");
  EXPECT_EQ(orders.holders[0].age, std::chrono::milliseconds(312'400));
}

TEST(Forecast, OfAnythingElseByTheNameNothingIsKnown) {
  EXPECT_FALSE(forecast({quiet("0", "v")}, bare()).relations[0].is_found);
}

TEST(Forecast, ThePagesGrowWithTheRows) {
  auto row = quiet("0");
  row[4] = "10";      // of long values
  row[7] = "100000";  // living rows, twice as many as when somebody looked
  const auto orders = forecast({row}, bare()).relations[0];
  EXPECT_EQ(orders.rows, 100'000u);
  EXPECT_EQ(orders.bytes, (2'000u + 10u) * 8'192u);
  EXPECT_EQ(orders.index_bytes, 600u * 8'192u);
}

TEST(Forecast, WhatNobodyHasLookedAtHasNoKnownSize) {
  auto row = quiet("0");
  row[6] = std::nullopt;
  EXPECT_EQ(forecast({row}, bare()).relations[0].rows, 50'000u);
  EXPECT_FALSE(forecast({row}, bare()).relations[0].bytes);
  row[7] = "0";
  EXPECT_FALSE(forecast({row}, bare()).relations[0].rows);
  row[6] = "0";  // it was empty, and still is
  EXPECT_EQ(forecast({row}, bare()).relations[0].rows, 0u);
  row[7] = "7";  // it was empty
  EXPECT_FALSE(forecast({row}, bare()).relations[0].bytes);
}

TEST(Forecast, APartitionedTableHoldsNothingItself) {
  const auto facts = altering({relation("parts", LockMode::access_exclusive, 'p')});
  auto row = quiet("0", "p");
  row[6] = std::nullopt;
  EXPECT_EQ(forecast({row}, facts).relations[0].bytes, 0u);
}

TEST(Forecast, WhatALockBarsFollowsFromItsConflicts) {
  EXPECT_EQ(barred_by({}), Barred::nothing);
  for (const auto mode : {LockMode::access_share, LockMode::row_share, LockMode::row_exclusive,
                          LockMode::share_update_exclusive})
    EXPECT_EQ(barred_by(locks({mode})), Barred::schema_changes);
  for (const auto mode : {LockMode::share, LockMode::share_row_exclusive, LockMode::exclusive})
    EXPECT_EQ(barred_by(locks({mode})), Barred::writers);
  EXPECT_EQ(barred_by(locks({LockMode::access_share, LockMode::access_exclusive})), Barred::everybody);
}

// For every pair of modes: whom it asks for it believes, and nobody else.
TEST(Forecast, OnlyWhoBarsTheStatementIsInItsWay) {
  for (const auto wanted : sql::kLockModes) {
    const auto facts = altering({relation("orders", wanted)});
    std::string against;
    for (const auto other : sql::kLockModes) {
      EXPECT_EQ(read_forecast({held("0", std::string(sql::name_in_view(other)))}, facts).has_value(),
                sql::conflicts(wanted, other))
          << name(wanted) << " and " << name(other);
      if (sql::conflicts(wanted, other))
        against += (against.empty() ? "" : ",") + std::string(sql::name_in_view(other));
    }
    EXPECT_THAT(forecast_query(facts), HasSubstr("'orders', '{" + against + "}')"));
  }
}

TEST(Forecast, AnAnswerOfAnotherShapeIsNone) {
  const std::vector<std::pair<std::size_t, std::optional<std::string>>> wrong = {
      {0, std::nullopt},
      {0, "1"},
      {0, "-1"},
      {0, "0x"},
      {1, std::nullopt},
      {1, ""},
      {2, "-5"},
      {3, "-1"},
      {3, "1e9"},
      {4, "junk"},
      {5, "2000000000000000"},
      {6, "-1"},
      {7, ""},
      {8, "999999999999"},
      {9, "0"},
      {10, "0"},
      {10, "2"},
      {12, "0"},
      {12, "x"},
      {13, std::string(1'001, 'u')},
      {17, "SIReadLock"},
      {17, std::nullopt},
      {18, "true"},
      {19, "-1"},
      {20, std::nullopt},
      {11, std::nullopt}};
  ASSERT_TRUE(read_forecast({held("0", "RowExclusiveLock")}, bare()));
  for (const auto& [column, value] : wrong) {
    auto row = held("0", "RowExclusiveLock");
    row[column] = value;
    const auto read = read_forecast({row}, bare());
    ASSERT_FALSE(read) << column << " " << value.value_or("NULL");
    EXPECT_EQ(read.error().code, base::sqlstate::protocol_violation);
  }
  auto narrow = quiet("0");
  narrow.pop_back();
  EXPECT_FALSE(read_forecast({narrow}, bare()));
  EXPECT_FALSE(read_forecast({quiet("0"), quiet("0")}, bare()));
  EXPECT_FALSE(read_forecast({quiet("0"), held("0", "RowExclusiveLock")}, bare()));
}

TEST(Forecast, HoldersAreAsManyAsItSays) {
  std::vector<Row> rows;
  for (int place = 1; place <= 20; ++place) rows.push_back(held("0", "RowExclusiveLock", place, 500));
  EXPECT_EQ(forecast(rows, bare()).relations[0].in_the_way, 500u);
  auto fewer = rows;
  fewer.pop_back();
  EXPECT_FALSE(read_forecast(fewer, bare()));
  rows.push_back(held("0", "RowExclusiveLock", 21, 500));
  EXPECT_FALSE(read_forecast(rows, bare()));
}

}  // namespace
}  // namespace portcullis::shadow
