// Which questions a statement leaves to production's rows, and what follows from the answers.
#include "shadow/probes.hpp"

#include <gmock/gmock.h>

#include "shapes.hpp"

namespace portcullis::shadow {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Probe only_probe(const RunFacts& facts, std::string_view text = "ALTER TABLE app.orders ...") {
  const auto probes = probes_of(facts, text);
  EXPECT_EQ(probes.size(), 1u);
  return probes.empty() ? Probe{} : probes.front();
}

TEST(Probes, NotNullAsksForANull) {
  auto after = orders();
  after.columns[1].is_not_null = true;
  const auto probe = only_probe(facts_of(orders(), after));
  EXPECT_EQ(probe.sql, "SELECT 1 FROM ONLY \"app\".\"orders\" AS c WHERE c.\"note\" IS NULL LIMIT 1");
  EXPECT_EQ(probe.question, "rows of app.orders whose note is null");
  EXPECT_EQ(probe.violated, base::SqlState("23502"));
}

// A valid CHECK proves it, and the database does not look either.
TEST(Probes, WhatIsNotReadIsNotAsked) {
  auto after = orders();
  after.columns[1].is_not_null = true;
  auto facts = facts_of(orders(), after);
  facts.relations[0].is_scanned = false;
  EXPECT_THAT(probes_of(facts, ""), IsEmpty());
}

TEST(Probes, ANewColumnStandsForItsDefault) {
  auto after = orders();
  after.columns.push_back(column_of(3, "more", "integer"));
  after.columns.back().value = "7";
  after.constraints = {check_of("c", "(more > id)", {1, 3})};
  EXPECT_EQ(only_probe(facts_of(orders(), after)).sql,
            "SELECT 1 FROM (SELECT t.\"id\" AS \"id\", CAST((7) AS integer) AS \"more\" FROM ONLY "
            "\"app\".\"orders\" AS t) AS c WHERE NOT ((more > id)) LIMIT 1");
  after.columns.back().value_code = Code::changes;
  const auto unknown = only_probe(facts_of(orders(), after));
  EXPECT_THAT(unknown.sql, IsEmpty());
  EXPECT_THAT(unknown.why, HasSubstr("another value in each row"));
}

TEST(Probes, OfConstantsTwoRowsAreEnough) {
  auto after = orders();
  after.columns.push_back(column_of(3, "more", "integer"));
  after.constraints = {check_of("c", "(more > 0)", {3})};
  EXPECT_THAT(only_probe(facts_of(orders(), after)).sql, HasSubstr("AS t LIMIT 2) AS c"));
}

TEST(Probes, UsersCodeIsNotAsked) {
  auto after = orders();
  after.constraints = {check_of("c", "app.f(id)", {1})};
  after.constraints[0].code = Code::foreign;
  const auto probe = only_probe(facts_of(orders(), after));
  EXPECT_THAT(probe.sql, IsEmpty());
  EXPECT_EQ(probe.answer, Probe::Answer::unknown);
}

TEST(Probes, WhatIsMoreThanOneStatementIsNotAsked) {
  for (const std::string expression : {"id > 0); DROP TABLE app.orders; --", "id > 'x", "id > 0 /*"}) {
    auto after = orders();
    after.constraints = {check_of("c", expression, {1})};
    EXPECT_THAT(only_probe(facts_of(orders(), after)).sql, IsEmpty()) << expression;
  }
}

TEST(Probes, AConstraintThatIsNotValidAsksNothing) {
  auto after = orders();
  after.constraints = {check_of("c", "id > 0", {1})};
  after.constraints[0].is_valid = false;
  EXPECT_THAT(probes_of(facts_of(orders(), after), ""), IsEmpty());
}

TEST(Probes, ALengthIsAskedForBlanksAside) {
  auto after = orders();
  after.columns[1] = column_of(2, "note", "character varying(5)", 1043);
  after.columns[1].modifier = 9;
  const auto probe = only_probe(facts_of(orders(), after));
  EXPECT_THAT(probe.sql, HasSubstr("length(pg_catalog.rtrim(CAST(c.\"note\" AS pg_catalog.text))) > 5"));
  EXPECT_EQ(probe.violated, base::SqlState("22001"));
  EXPECT_THAT(
      only_probe(facts_of(orders(), after), "ALTER TABLE t ALTER note TYPE varchar(5) uSiNg lower(note)").sql,
      IsEmpty());
}

TEST(Probes, UniqueLeavesNullsOut) {
  auto after = orders();
  Index index;
  index.oid = "1";
  index.name = "i";
  index.is_unique = true;
  index.columns = {2};
  index.keys = "note";
  index.keys_not_null = "(note) IS NOT NULL";
  after.indexes = {index};
  EXPECT_THAT(only_probe(facts_of(orders(), after)).sql,
              HasSubstr("WHERE (note) IS NOT NULL GROUP BY note HAVING pg_catalog.count(*) > 1 LIMIT 1"));
  after.indexes[0].nulls_are_equal = true;
  after.indexes[0].predicate = "id > 0";
  EXPECT_THAT(only_probe(facts_of(orders(), after)).sql, HasSubstr("WHERE (id > 0)  GROUP BY note"));
}

TEST(Probes, OverlapsAreNotAskedFor) {
  auto after = orders();
  Index index;
  index.is_unique = index.is_exclusion = true;
  index.columns = {1, 2};
  index.keys = "id, note";
  after.indexes = {index};
  const auto probe = only_probe(facts_of(orders(), after));
  EXPECT_THAT(probe.sql, IsEmpty());
  EXPECT_EQ(probe.violated, base::SqlState("23P01"));
  EXPECT_EQ(probe.answer, Probe::Answer::unknown);
}

TEST(Probes, AForeignKeyAsksForOrphans) {
  auto after = orders();
  auto key = check_of("k", "", {1, 2});
  key.kind = 'f';
  key.referenced_schema = "app";
  key.referenced_name = "parents";
  key.match = "p.a OPERATOR(pg_catalog.=) c.id";
  after.constraints = {key};
  const auto simple = only_probe(facts_of(orders(), after));
  EXPECT_THAT(simple.sql,
              HasSubstr("WHERE c.\"id\" IS NOT NULL AND c.\"note\" IS NOT NULL AND NOT EXISTS (SELECT FROM "
                        "ONLY \"app\".\"parents\" AS p WHERE p.a OPERATOR(pg_catalog.=) c.id)"));
  EXPECT_EQ(simple.reads.size(), 2u);
  after.constraints[0].is_full = true;
  EXPECT_THAT(only_probe(facts_of(orders(), after)).sql,
              HasSubstr("OR c.\"note\" IS NOT NULL) AND (c.\"id\" IS NULL OR"));
  after.constraints[0].match.clear();
  EXPECT_THAT(only_probe(facts_of(orders(), after)).sql, IsEmpty());
  after.constraints[0].is_part = true;
  EXPECT_THAT(probes_of(facts_of(orders(), after), ""), IsEmpty());
}

TEST(Outlook, WhatNoQuestionExplainsIsUnknown) {
  auto facts = facts_of(orders(), orders(), "REFRESH MATERIALIZED VIEW");
  EXPECT_EQ(outlook_of(facts, probes_of(facts, "")).outcome, Outlook::Outcome::runs);
  facts.on_made_up_rows = base::Error{base::SqlState("22012"), "division by zero"};
  EXPECT_EQ(outlook_of(facts, probes_of(facts, "")).outcome, Outlook::Outcome::unknown);
}

TEST(Outlook, AnswersDecide) {
  auto after = orders();
  after.columns[1].is_not_null = true;
  auto facts = facts_of(orders(), after);
  facts.on_made_up_rows = base::Error{base::SqlState("23502"), "null"};
  auto probes = probes_of(facts, "");
  EXPECT_EQ(outlook_of(facts, probes).outcome, Outlook::Outcome::unknown);
  probes.at(0).answer = Probe::Answer::passes;
  EXPECT_EQ(outlook_of(facts, probes).outcome, Outlook::Outcome::runs);
  probes.at(0).answer = Probe::Answer::violates;
  EXPECT_EQ(outlook_of(facts, probes).outcome, Outlook::Outcome::fails);
  EXPECT_EQ(outlook_of(facts, probes).error->code, base::SqlState("23502"));
}

TEST(Outlook, AFailureOfItsOwnIsOne) {
  RunFacts with_rows, rowless;
  with_rows.failure = base::Error{base::SqlState("22012"), "division by zero"};
  rowless.failure = with_rows.failure;
  EXPECT_EQ(outlook_of(facts_of_both(with_rows, rowless), {}).outcome, Outlook::Outcome::fails);
  // Nor is a parent there where there are no rows.
  with_rows.failure = rowless.failure = base::Error{base::SqlState("23503"), "no parent"};
  EXPECT_EQ(outlook_of(facts_of_both(with_rows, rowless), {}).outcome, Outlook::Outcome::unknown);
  rowless.failure.reset();
  rowless.tag = "ALTER TABLE";
  EXPECT_EQ(facts_of_both(with_rows, rowless).tag, "ALTER TABLE");
  EXPECT_TRUE(facts_of_both(with_rows, rowless).on_made_up_rows);
}

}  // namespace
}  // namespace portcullis::shadow
