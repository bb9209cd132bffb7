// How many rows a statement would change: what is asked, and with which parameters.
#include "shadow/row_count.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portcullis::shadow {
namespace {

using ::testing::ElementsAre;
using Basis = RowCount::Basis;

TEST(RowCount, IsAskedUpToOneMore) {
  EXPECT_EQ(counting({.most = 100, .sql = "SELECT FROM app.t WHERE a"}),
            "SELECT pg_catalog.count(*) FROM (SELECT FROM (SELECT FROM app.t WHERE a) AS portcullis_changed "
            "LIMIT 101) AS portcullis_counted");
}

TEST(RowCount, BeyondTheMostIsMore) {
  const RowQuestion question{.most = 2, .sql = "SELECT FROM t"};
  EXPECT_EQ(counted(question, 2, Basis::probed).rows, 2u);
  EXPECT_FALSE(counted(question, 2, Basis::probed).is_more);
  const auto more = counted(question, 3, Basis::probed);
  EXPECT_TRUE(more.is_more);
  EXPECT_EQ(more.rows, 2u);
  EXPECT_FALSE(more.is_within(2));
  EXPECT_FALSE(more.is_within(1'000));  // nobody knows how many more
}

TEST(RowCount, WhatTheTextSaysIsKnownWhole) {
  const auto count = counted(rows_known(2, 7), 7, Basis::written);
  EXPECT_EQ(count.rows, 7u);
  EXPECT_FALSE(count.is_more);
  EXPECT_TRUE(count.is_within(7));
  EXPECT_FALSE(count.is_within(6));
}

TEST(RowCount, UnknownIsWithinNothing) {
  EXPECT_FALSE(RowCount{}.is_within(1'000'000));
}

TEST(RowCount, ParametersThatAreNotAskedAboutHaveAType) {
  const Parameters given{{0, 23}, {1, 0, 1}, {"a", "7", std::nullopt, "'$1'"}};
  const auto asked = parameters_for("SELECT FROM t WHERE a = $2 AND b = '$1'", given);
  EXPECT_THAT(asked.types, ElementsAre(25, 23, 25, 25));
  EXPECT_THAT(asked.formats, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(asked.values, ElementsAre(std::nullopt, "7", std::nullopt, std::nullopt));
}

TEST(RowCount, OneFormatIsThatOfAll) {
  const Parameters given{{}, {1}, {"a", "b"}};
  const auto asked = parameters_for("SELECT FROM t WHERE a = $1", given);
  EXPECT_THAT(asked.types, ElementsAre(0, 25));
  EXPECT_THAT(asked.formats, ElementsAre(1, 0));
  EXPECT_THAT(asked.values, ElementsAre("a", std::nullopt));
}

}  // namespace
}  // namespace portcullis::shadow
