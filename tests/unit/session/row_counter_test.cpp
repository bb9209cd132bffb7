// What is made of the server's counters.
#include "session/row_counter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "portcullis/audit/record.hpp"

namespace portcullis::session {
namespace {

using Row = OwnRound::Row;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Row base(const std::string& oid, const std::string& count) {
  return {oid, count};
}
Row report(const std::string& oid, const std::string& count, const std::string& name,
           const std::string& kind = "r", const std::string& track = "on") {
  return {oid, count, track, kind, "app", name};
}

TEST(RowCounter, CountsTheDifferenceToTheBase) {
  RowCounter counter;
  ASSERT_TRUE(counter.take_base({base("16384", "1650")}));
  const auto touched = counter.take_report({report("16384", "1710", "t"), report("16390", "7", "u")});
  ASSERT_TRUE(touched);
  EXPECT_EQ(touched->total, 67u);
  EXPECT_EQ(to_text(*touched), "67 rows in 2 tables (app.t: 60, app.u: 7)");
  EXPECT_THAT(to_record(*touched), ElementsAre("app.t: 60", "app.u: 7"));
}

TEST(RowCounter, NeverCountsBackwards) {
  RowCounter counter;
  ASSERT_TRUE(counter.take_base({base("16384", "50")}));  // a TRUNCATE has reset it since
  const auto touched = counter.take_report({report("16384", "1", "t"), report("16390", "4", "u")});
  ASSERT_TRUE(touched);
  EXPECT_EQ(to_text(*touched), "4 rows in 1 table (app.u: 4)");
}

TEST(RowCounter, LeavesOutThePartsOfLongValues) {
  RowCounter counter;
  const auto touched =
      counter.take_report({report("16384", "1", "t"), report("16390", "400", "pg_toast_16384", "t")});
  ASSERT_TRUE(touched);
  EXPECT_EQ(touched->total, 1u);
}

TEST(RowCounter, SaysWhatItCannotCount) {
  RowCounter counter;
  const auto off = counter.take_report({report("16384", "0", "t", "r", "off")});
  ASSERT_FALSE(off);
  EXPECT_THAT(off.error().message, HasSubstr("track_counts"));
  const auto foreign = counter.take_report({report("16384", "0", "far", "f")});
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, HasSubstr("app.far"));
}

TEST(RowCounter, TakesNothingElse) {
  RowCounter counter;
  EXPECT_FALSE(counter.take_base({{"16384"}}));
  EXPECT_FALSE(counter.take_base({base("16384", "-1")}));
  EXPECT_FALSE(counter.take_base({base("x", "1")}));
  EXPECT_FALSE(counter.take_report({{"16384", "1"}}));
  EXPECT_FALSE(counter.take_report({{"16384", std::nullopt, "on", "r", "app", "t"}}));
  EXPECT_FALSE(counter.take_report({{"16384", "1", std::nullopt, "r", "app", "t"}}));
}

TEST(RowCounter, CountsWhatHasNoNameAnyMore) {
  RowCounter counter;
  const auto touched = counter.take_report({{"16384", "3", "on", std::nullopt, std::nullopt, std::nullopt}});
  ASSERT_TRUE(touched);
  EXPECT_EQ(touched->total, 3u);
}

TEST(RowCounter, AsksForTheTablesOfTheSessionUntilItForgets) {
  RowCounter counter;
  EXPECT_THAT(counter.base_query(), HasSubstr("unnest('{}'"));
  ASSERT_TRUE(counter.take_report({report("16384", "1", "t"), report("16390", "0", "u")}));
  EXPECT_THAT(counter.base_query(), HasSubstr("unnest('{16384,16390}'"));
  counter.forget();
  EXPECT_THAT(counter.base_query(), HasSubstr("pg_class"));
  ASSERT_TRUE(counter.take_base({base("16400", "7")}));
  EXPECT_THAT(counter.base_query(), HasSubstr("unnest('{16384,16390,16400}'"));
}

TEST(RowCounter, KeepsABoundedNumberOfTables) {
  RowCounter counter;
  std::vector<Row> many;
  for (std::size_t i = 0; i <= RowCounter::kMostTables; ++i)
    many.push_back(base(std::to_string(20'000 + i), "1"));
  ASSERT_TRUE(counter.take_base(many));
  EXPECT_THAT(counter.base_query(), HasSubstr("pg_class"));
}

// A schema of the client's may hold operators and functions of these names.
TEST(RowCounter, QualifiesWhatItAsks) {
  RowCounter counter;
  std::vector<std::string> queries{counter.base_query(), std::string(RowCounter::report_query())};
  counter.forget();
  queries.push_back(counter.base_query());
  for (auto sql : queries) {
    for (auto at = sql.find("OPERATOR(pg_catalog."); at != std::string::npos;
         at = sql.find("OPERATOR(pg_catalog.", at)) {
      sql.erase(at, sql.find(')', at) + 1 - at);
    }
    for (auto at = sql.find("pg_catalog."); at != std::string::npos; at = sql.find("pg_catalog.", at))
      sql.replace(at, std::string_view("pg_catalog.").size(), "@");
    for (const char* bare :
         {" + ", " = ", " <> ", " >= ", " IN ", " FROM pg_", " JOIN pg_", " pg_stat", "'oid"})
      EXPECT_THAT(sql, Not(HasSubstr(bare)));
  }
}

TEST(RowCounter, TellsFewTablesAndShortNames) {
  RowsTouched touched;
  for (int i = 0; i < 20; ++i)
    touched.tables.push_back({"app.t" + std::to_string(i) + std::string(300, 'x'), 1});
  touched.total = 20;
  touched.tables[0].name = "app.a\nb";
  EXPECT_THAT(to_text(touched), HasSubstr("20 rows in 20 tables (app.a?b: 1, "));
  EXPECT_THAT(to_text(touched), HasSubstr(", ...)"));
  const auto lines = to_record(touched);
  EXPECT_EQ(lines.size(), audit::kMostRowEntries);
  for (const auto& line : lines) {
    EXPECT_LE(line.size(), audit::kMaxRowEntryBytes);
    EXPECT_TRUE(line.ends_with(": 1"));
  }
}

}  // namespace
}  // namespace portcullis::session
