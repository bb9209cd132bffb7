// Made-up rows: values that CHECK constraints, partition bounds and types are likely to take.
#include "shadow/sample_rows.hpp"

#include <gmock/gmock.h>

namespace portcullis::shadow {
namespace {

using ::testing::HasSubstr;

// A row of columns_query(): not null, no default.
Row column(const std::string& name, const std::string& type, const std::string& category) {
  return {"app", "t",          name,         type,         category,     "f",
          "f",   std::nullopt, std::nullopt, std::nullopt, std::nullopt, "f"};
}

std::vector<std::string> inserts(const std::vector<Row>& columns) {
  const auto tables = read_samples(columns);
  EXPECT_TRUE(tables.has_value());
  std::vector<std::string> all;
  if (!tables || tables->size() != 1) return all;
  while (auto insert = insert_of(tables->front(), all.size())) all.push_back(std::move(*insert));
  return all;
}

TEST(SampleRows, EachTypeHasAValueOfItsOwn) {
  const auto all = inserts({column("n", "int4", "N"), column("at", "date", "D"), column("ids", "_int4", "A"),
                            column("u", "uuid", "U"), column("od\"d", "text", "S")});
  EXPECT_EQ(all.front(),
            "INSERT INTO \"app\".\"t\" (\"n\", \"at\", \"ids\", \"u\", \"od\"\"d\") OVERRIDING SYSTEM VALUE "
            "VALUES ('1', "
            "'2000-01-01 12:00', '{}', '00000000-0000-4000-8000-000000000001', '1')");
}

TEST(SampleRows, ARangeThatMustNotBeEmptyIsEverything) {
  const auto all = inserts({column("during", "daterange", "R"), column("spans", "datemultirange", "R")});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(all[0], HasSubstr("VALUES ('empty', '{}')"));
  EXPECT_THAT(all[1], HasSubstr("VALUES ('(,)', '{(,)}')"));
}

TEST(SampleRows, ATextThatMustBeOneOfSeveralIsOne) {
  auto kind = column("kind", "text", "S");
  kind[8] = "CHECK ((kind = ANY (ARRAY['it''s'::text, 'trade'::text])))";
  EXPECT_THAT(inserts({kind}).at(0), HasSubstr("VALUES ('it''s')"));
  EXPECT_THAT(inserts({kind}).at(1), HasSubstr("VALUES ('trade')"));
}

TEST(SampleRows, ANumberThatDefaultsDoNotFitMayBeOneOfTheConstraint) {
  auto size = column("size", "int4", "N");
  size[8] = "CHECK ((size = 4711))";
  const auto all = inserts({size});
  EXPECT_TRUE(
      std::any_of(all.begin(), all.end(), [](const auto& one) { return one.ends_with("VALUES (4711)"); }));
}

TEST(SampleRows, NullIsTriedWhereItMayBe) {
  auto note = column("note", "text", "S");
  note[5] = "t";
  EXPECT_THAT(inserts({note}).at(0), HasSubstr("VALUES ('1')"));
  EXPECT_THAT(inserts({note}).at(1), HasSubstr("VALUES (NULL)"));
  note[11] = "t";
  EXPECT_THAT(inserts({note}).at(0), HasSubstr("VALUES (NULL)"));
}

TEST(SampleRows, APartitionGetsWhatItsBoundSays) {
  const auto bound = [](const std::string& text, const std::string& place) {
    auto key = column("k", "date", "D");
    key[9] = text;
    key[10] = place;
    return inserts({key}).at(0);
  };
  EXPECT_THAT(bound("FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')", "0"),
              HasSubstr("VALUES ('2024-01-01')"));
  EXPECT_THAT(bound("FOR VALUES FROM ('a, (b)', 5) TO ('c', 6)", "1"), HasSubstr("VALUES (5)"));
  EXPECT_THAT(bound("FOR VALUES IN ('x', 'y')", "0"), HasSubstr("VALUES ('x')"));
  EXPECT_THAT(bound("FOR VALUES FROM (MINVALUE) TO (10)", "0"), HasSubstr("VALUES ('2000-01-01 12:00')"));
  EXPECT_THAT(bound("FOR VALUES WITH (modulus 4, remainder 0)", "0"),
              HasSubstr("VALUES ('2000-01-01 12:00')"));
  EXPECT_THAT(bound("FOR VALUES FROM ('unterminated", "3"), HasSubstr("VALUES ('2000-01-01 12:00')"));
}

TEST(SampleRows, DefaultsAndTablesWithoutColumns) {
  auto id = column("id", "int8", "N");
  id[6] = "t";
  EXPECT_THAT(inserts({id}).at(0), HasSubstr("VALUES (DEFAULT)"));
  Row none(12);
  none[0] = "app";
  none[1] = "t";
  EXPECT_EQ(inserts({none}).at(0), "INSERT INTO \"app\".\"t\" DEFAULT VALUES");
}

TEST(SampleRows, OtherAnswersAreRefused) {
  EXPECT_EQ(read_samples({{"app", "t"}}).error().code.view(), "08P01");
  auto nameless = column("n", "int4", "N");
  nameless[4] = std::nullopt;
  EXPECT_EQ(read_samples({nameless}).error().code.view(), "08P01");
}

}  // namespace
}  // namespace portcullis::shadow
