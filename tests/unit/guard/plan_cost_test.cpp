// What EXPLAIN's answer says that a statement costs.
#include "guard/plan_cost.hpp"

#include <gtest/gtest.h>

namespace portcullis::guard {
namespace {

TEST(PlanCost, IsTheTotalOfThePlan) {
  const auto cost = plan_cost(
      R"([{"Plan": {"Node Type": "Aggregate", "Startup Cost": 5.1, "Total Cost": 12.5,
                    "Plans": [{"Node Type": "Seq Scan", "Total Cost": 9000}]}}])");
  ASSERT_TRUE(cost);
  EXPECT_EQ(*cost, 12.5);
}

TEST(PlanCost, IsTheSumWhereRulesMadeSeveralQueries) {
  const auto cost = plan_cost(R"([{"Plan": {"Total Cost": 1}}, {"Plan": {"Total Cost": 2.25}}])");
  ASSERT_TRUE(cost);
  EXPECT_EQ(*cost, 3.25);
}

TEST(PlanCost, IsNothingThatCouldBeGuessed) {
  for (const char* text :
       {"", "[]", "{}", "[1]", "[{}]", R"([{"Plan": 1}])", R"([{"Plan": {}}])",
        R"([{"Plan": {"Total Cost": "1"}}])", R"([{"Plan": {"Total Cost": -1}}])",
        R"([{"Plan": {"Total Cost": 1e999}}])", R"([{"Plan": {"Total Cost": 1}}, "Utility Statement"])",
        R"([{"Plan": {"Total Cost": 1}}] x)", "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)"}) {
    EXPECT_FALSE(plan_cost(text)) << text;
  }
}

}  // namespace
}  // namespace portcullis::guard
