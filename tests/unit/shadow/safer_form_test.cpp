// The safer form is written for what is known to have one, and for nothing that does more.
#include "shadow/safer_form.hpp"

#include <gmock/gmock.h>

#include "shapes.hpp"

namespace portcullis::shadow {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> steps(const RunFacts& facts,
                               std::string_view statement = "ALTER TABLE t ADD CHECK (a IN (1, 2))") {
  std::vector<std::string> sql;
  const auto form = safer_form(facts, statement);
  if (form) {
    EXPECT_FALSE(form->why.empty());
    for (const auto& step : form->steps) sql.push_back(step.sql);
  }
  return sql;
}

RunFacts checked() {
  auto after = orders();
  after.constraints = {check_of("od\"d", "(id > 0)", {1})};
  return facts_of(orders(), after);
}

TEST(SaferForm, ACheckIsValidatedLater) {
  EXPECT_THAT(
      steps(checked()),
      ElementsAre("ALTER TABLE \"app\".\"orders\" ADD CONSTRAINT \"od\"\"d\" CHECK ((id > 0)) NOT VALID",
                  "ALTER TABLE \"app\".\"orders\" VALIDATE CONSTRAINT \"od\"\"d\""));
}

TEST(SaferForm, AStatementWithMoreThanOneActionHasNone) {
  EXPECT_TRUE(steps(checked(), "ALTER TABLE t ADD CHECK (a > 0), SET (fillfactor = 70)").empty());
  EXPECT_TRUE(steps(checked(), "ALTER TABLE t ADD CHECK (a > 'x").empty());
}

TEST(SaferForm, AFailureHasNone) {
  auto facts = checked();
  facts.failure = base::Error{base::SqlState("42601"), "x"};
  EXPECT_TRUE(steps(facts).empty());
}

TEST(SaferForm, APartitionedTableHasNone) {
  auto before = orders(), after = orders();
  before.kind = after.kind = 'p';
  Index index;
  index.name = "i";
  index.definition = "CREATE INDEX i ON app.orders USING btree (id)";
  after.indexes = {index};
  EXPECT_TRUE(steps(facts_of(before, after, "CREATE INDEX")).empty());
  before.kind = after.kind = 'r';
  const auto form = safer_form(facts_of(before, after, "CREATE INDEX"), "");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->steps.at(0).sql, "CREATE INDEX CONCURRENTLY i ON app.orders USING btree (id)");
  EXPECT_EQ(form->steps.at(0).stand_in, index.definition);
}

// PostgreSQL 18 tells NOT NULL twice.
TEST(SaferForm, NotNullMayHaveAConstraintOfItsOwn) {
  auto after = orders();
  after.columns[1].is_not_null = true;
  auto filled = check_of("orders_note_not_null", "", {2});
  filled.kind = 'n';
  after.constraints = {filled};
  EXPECT_EQ(steps(facts_of(orders(), after)).size(), 4u);
  after.constraints[0].name = "filled";  // the steps would lose it
  EXPECT_TRUE(steps(facts_of(orders(), after)).empty());
}

TEST(SaferForm, NotNullThatIsThereIsValidated) {
  auto before = orders(), after = orders();
  auto filled = check_of("filled", "", {2});
  filled.kind = 'n';
  after.columns[1].is_not_null = true;
  after.constraints = {filled};
  filled.is_valid = false;
  before.constraints = {filled};
  auto facts = facts_of(before, after);
  EXPECT_TRUE(steps(facts).empty());  // VALIDATE CONSTRAINT itself
  facts.relations[0].locks.add(LockMode::access_exclusive);
  EXPECT_THAT(steps(facts), ElementsAre("ALTER TABLE \"app\".\"orders\" VALIDATE CONSTRAINT \"filled\""));
}

TEST(SaferForm, WhatChangesOtherwiseHasNone) {
  auto after = orders();
  after.columns[1].is_not_null = true;
  EXPECT_EQ(steps(facts_of(orders(), after)).size(), 4u);
  after.columns[1].type = "varchar";
  EXPECT_TRUE(steps(facts_of(orders(), after)).empty());
  after.columns.pop_back();
  EXPECT_TRUE(steps(facts_of(orders(), after)).empty());
}

}  // namespace
}  // namespace portcullis::shadow
