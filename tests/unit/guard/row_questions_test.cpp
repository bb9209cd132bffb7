// Which rows may be counted ahead of a statement, and where nobody knows how many it would change.
#include "guard/row_questions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/big_stack.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::guard {
namespace {

using shadow::RowQuestion;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::shared_ptr<const catalog::Snapshot> shop() {
  catalog::testing::MakeSnapshot make;
  make.table("app.t", {"id int4", "a text", "b text"});
  make.table("app.u", {"id int4", "t_id int4"});
  make.table("app.parents", {"id int4", "name text"});
  make.table("app.children", {"id int4", "parent_id int4"});
  make.foreign_key("k", "app.children(parent_id)", "app.parents(id)", 'c', 'c');
  make.table("app.stamped", {"id int4"});
  make.function("app.stamp", {});
  make.trigger("app.stamped", "stamp", "u", "app.stamp");
  make.function("app.guess", {"int4"});
  make.view("app.v", {"id int4"}, {"app.t(id)"});
  make.relation(catalog::RelationKind::partitioned_table, "app.days", {"day date"});
  make.table("app.days_1", {"day date"});
  make.inherit("app.days_1", "app.days");
  make.relation(catalog::RelationKind::foreign_table, "app.far", {"id int4"});
  make.table("app.emptied", {"id int4"});
  make.table("app.emptied_too", {"id int4", "e_id int4"});
  make.foreign_key("e", "app.emptied_too(e_id)", "app.emptied(id)");
  return make.build();
}

RowQuestion question(std::string_view text, std::uint64_t most = 10) {
  static const auto snapshot = shop();
  const catalog::NameSpace names{{"app"}};
  return testing::on_big_stack([&] {
    const auto facts = sql::analyze(text);
    EXPECT_TRUE(facts) << text;
    return row_question({text, facts->statements.front(), snapshot.get(), names}, most);
  });
}

std::string why(std::string_view text) {
  const auto asked = question(text);
  EXPECT_EQ(asked.sql, "") << text;
  EXPECT_FALSE(asked.known) << text;
  return asked.why;
}

TEST(RowQuestions, AreAskedOfTheTargetsRows) {
  const auto asked = question("UPDATE t SET a = 'x' WHERE id < $1", 7);
  EXPECT_EQ(asked.most, 7u);
  EXPECT_THAT(asked.sql, HasSubstr("SELECT FROM t"));
  EXPECT_THAT(asked.sql, HasSubstr("WHERE id < $1"));
  EXPECT_THAT(asked.reads, ElementsAre(Pair("app", "t")));
  EXPECT_THAT(question("DELETE FROM t USING u WHERE u.t_id = t.id").reads,
              ElementsAre(Pair("app", "t"), Pair("app", "u")));
}

TEST(RowQuestions, OfPartitionsNameAllThatIsRead) {
  EXPECT_THAT(question("DELETE FROM days").reads, ElementsAre(Pair("app", "days"), Pair("app", "days_1")));
}

TEST(RowQuestions, AreNotAskedWhereTheTextSaysIt) {
  EXPECT_EQ(question("INSERT INTO t VALUES (1), (2), (3)").known, 3u);
  EXPECT_EQ(question("INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 'x'").known, 1u);
  EXPECT_EQ(question("INSERT INTO t (a) VALUES (now()::text)").known, 1u);
  EXPECT_THAT(question("INSERT INTO t SELECT * FROM t").sql, HasSubstr("SELECT * FROM t"));
}

// One row with a function that returns a set becomes many.
TEST(RowQuestions, OfOneRowThatMayBecomeManyAreNotTheTexts) {
  const auto asked = question("INSERT INTO t (id) VALUES (generate_series(1, 1000))");
  EXPECT_EQ(asked.known, std::nullopt);
  EXPECT_THAT(asked.sql, HasSubstr("generate_series"));
}

TEST(RowQuestions, WhatChangesNoRowsIsKnown) {
  for (const std::string_view text :
       {"SELECT * FROM t", "ALTER TABLE t ADD COLUMN c int", "CREATE INDEX ON t (a)",
        "COMMENT ON TABLE t IS 'x'", "CREATE TABLE n (a int)"})
    EXPECT_EQ(question(text).known, 0u) << text;
}

TEST(RowQuestions, CountWhatFillsATable) {
  EXPECT_THAT(question("CREATE TABLE n AS SELECT * FROM t WHERE a = 'x'").sql,
              HasSubstr("SELECT * FROM t WHERE a = 'x'"));
  EXPECT_THAT(question("SELECT * INTO n FROM t").reads, ElementsAre(Pair("app", "t")));
}

TEST(RowQuestions, OfTruncateAreAllRowsOfAllThatItEmpties) {
  EXPECT_EQ(question("TRUNCATE t, u").sql,
            "SELECT FROM ONLY \"app\".\"t\" UNION ALL SELECT FROM ONLY \"app\".\"u\"");
  EXPECT_THAT(question("TRUNCATE emptied CASCADE").reads,
              ElementsAre(Pair("app", "emptied"), Pair("app", "emptied_too")));
}

TEST(RowQuestions, HaveNoAnswerWhereOtherRowsAreChangedBesides) {
  EXPECT_THAT(why("DELETE FROM parents WHERE id = 1"),
              HasSubstr("it changes rows of app.children, too (ON DELETE"));
  EXPECT_THAT(why("UPDATE parents SET id = 2"), HasSubstr("ON UPDATE CASCADE"));
  EXPECT_NE(question("UPDATE parents SET name = 'x'").sql, "");  // the key stays
  EXPECT_THAT(why("UPDATE stamped SET id = 1"), HasSubstr("trigger stamp"));
  EXPECT_NE(question("DELETE FROM stamped").sql, "");  // it is fired by UPDATE
  EXPECT_THAT(why("WITH d AS (DELETE FROM u RETURNING 1) UPDATE t SET a = 'x'"),
              HasSubstr("one table alone"));
  EXPECT_THAT(why("WITH d AS (DELETE FROM t RETURNING 1) UPDATE t SET a = 'x'"), Not(IsEmpty()));
  EXPECT_THAT(why("WITH d AS (DELETE FROM u RETURNING 1) SELECT * FROM d"), HasSubstr("one table alone"));
  EXPECT_THAT(why("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE"),
              HasSubstr("one table alone"));
}

TEST(RowQuestions, HaveNoAnswerWhereUsersCodeRuns) {
  EXPECT_THAT(why("SELECT guess(1)"), HasSubstr("it runs app.guess, which may change any rows"));
  EXPECT_THAT(why("DELETE FROM t WHERE id = guess(1)"), HasSubstr("app.guess"));
  EXPECT_THAT(why("UPDATE t SET id = guess(1) WHERE id = 1"), HasSubstr("app.guess"));
}

TEST(RowQuestions, RunNothingThatIsMoreThanComputation) {
  EXPECT_THAT(why("DELETE FROM t WHERE id > random()"), HasSubstr("volatile"));
  EXPECT_THAT(why("INSERT INTO t SELECT * FROM t FOR UPDATE"), HasSubstr("locks rows"));
  EXPECT_THAT(why("DELETE FROM t WHERE id <> pg_backend_pid()"), HasSubstr("otherwise in another session"));
  EXPECT_THAT(why("DELETE FROM t WHERE current_setting('application_name') = a"),
              HasSubstr("otherwise in another session"));
  EXPECT_NE(question("DELETE FROM t WHERE a < now()::text").sql, "");
  EXPECT_NE(question("UPDATE t SET a = random()::text WHERE id = 1").sql, "");  // that is not asked
}

TEST(RowQuestions, AreOfTablesAlone) {
  EXPECT_THAT(why("DELETE FROM far"), HasSubstr("app.far is no table"));
  EXPECT_THAT(why("DELETE FROM t WHERE id IN (SELECT id FROM far)"), HasSubstr("it reads app.far"));
  EXPECT_THAT(why("DELETE FROM t WHERE id IN (SELECT id FROM v)"), HasSubstr("it reads app.v"));
  EXPECT_THAT(why("DELETE FROM v"), Not(IsEmpty()));
  EXPECT_THAT(why("DELETE FROM nowhere"), HasSubstr("nowhere is no table"));
}

TEST(RowQuestions, NeedACatalog) {
  const auto asked = testing::on_big_stack([] {
    const auto facts = sql::analyze("DELETE FROM t");
    return row_question({"DELETE FROM t", facts->statements.front(), nullptr, catalog::NameSpace{{"app"}}},
                        1);
  });
  EXPECT_THAT(asked.why, HasSubstr("no catalog"));
}

shadow::TargetQuestion targets(std::string_view text) {
  static const auto snapshot = shop();
  const catalog::NameSpace names{{"app"}};
  return testing::on_big_stack([&] {
    const auto facts = sql::analyze(text);
    EXPECT_TRUE(facts) << text;
    return target_question({text, facts->statements.front(), snapshot.get(), names}, 100);
  });
}

TEST(TargetQuestions, AreAskedOfASingleTable) {
  const auto update = targets("UPDATE t SET a = 'x', b = a WHERE id < $1");
  EXPECT_EQ(update.sql, "SELECT tableoid, ctid FROM t  WHERE id < $1");
  EXPECT_EQ(update.most, 100u);
  EXPECT_THAT(update.table, Pair("app", "t"));
  EXPECT_THAT(update.assigned, ElementsAre("a", "b"));
  EXPECT_FALSE(update.runs_code);
  EXPECT_THAT(targets("DELETE FROM days").assigned, IsEmpty());
}

TEST(TargetQuestions, FollowForeignKeysAndTriggers) {
  EXPECT_THAT(targets("DELETE FROM parents WHERE id = 1").sql, HasSubstr("FROM parents"));
  EXPECT_FALSE(targets("DELETE FROM parents WHERE id = 1").runs_code);
  EXPECT_THAT(targets("UPDATE stamped SET id = 1").sql, HasSubstr("FROM stamped"));
  EXPECT_TRUE(targets("UPDATE stamped SET id = 1").runs_code);
  EXPECT_TRUE(targets("UPDATE t SET id = guess(1)").runs_code);
}

TEST(TargetQuestions, AreNotAskedWhereOtherThingsStandBetween) {
  const auto why = [](std::string_view text) {
    EXPECT_EQ(targets(text).sql, "") << text;
    return targets(text).why;
  };
  EXPECT_THAT(why("INSERT INTO t VALUES (1)"), HasSubstr("no UPDATE or DELETE"));
  EXPECT_THAT(why("UPDATE v SET id = 1"), HasSubstr("is no table"));
  EXPECT_THAT(why("DELETE FROM far"), HasSubstr("is no table"));
  EXPECT_THAT(why("DELETE FROM t USING u WHERE u.t_id = t.id"), HasSubstr("reads more than the table"));
  EXPECT_THAT(why("UPDATE t SET a = (SELECT name FROM parents)"), HasSubstr("reads more than the table"));
  EXPECT_THAT(why("DELETE FROM t WHERE id = guess(id)"), Not(IsEmpty()));
  EXPECT_THAT(why("DELETE FROM t WHERE random() < 0.5"), HasSubstr("volatile"));
}

}  // namespace
}  // namespace portcullis::guard
