// What facts say beside effects: where statements stand, what they do to transactions, cursors and prepared
// ones.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/big_stack.hpp"

namespace portcullis::sql {
namespace {

using portcullis::testing::analyze_on_big_stack;

StatementFacts only(std::string_view text) {
  const auto facts = analyze_on_big_stack(text);
  if (!facts || facts->statements.size() != 1) {
    ADD_FAILURE() << text << ": " << (facts ? "not one statement" : facts.error().message);
    return {};
  }
  return facts->statements.front();
}

TEST(Facts, TellWhereEachStatementStands) {
  const std::string text = "  /* a */ select 1 ; -- b\n ;delete from t -- c\n ;\n";
  const auto facts = analyze_on_big_stack(text);
  ASSERT_TRUE(facts);
  ASSERT_EQ(facts->statements.size(), 2u);
  const auto part = [&](std::size_t i) {
    return text.substr(facts->statements[i].offset, facts->statements[i].length);
  };
  EXPECT_EQ(part(0), "select 1");
  EXPECT_EQ(part(1), "delete from t");
}

TEST(Facts, TellWhereEachEffectStands) {
  const std::string text = "select '\xC3\xA4', f(1) /* c */ from app.users";
  const auto facts = only(text);
  ASSERT_EQ(facts.effects.size(), 2u);
  EXPECT_EQ(text.substr(static_cast<std::size_t>(facts.effects[0].location), 4), "f(1)");
  EXPECT_EQ(text.substr(static_cast<std::size_t>(facts.effects[1].location)), "app.users");
}

TEST(Facts, AreNoneForAnEmptyText) {
  for (const auto* text : {"", " \n", "-- c", "/* c */", ";", " ; -- c\n ;"}) {
    const auto facts = analyze_on_big_stack(text);
    ASSERT_TRUE(facts) << text;
    EXPECT_TRUE(facts->statements.empty()) << text;
  }
}

TEST(Facts, FollowTransactions) {
  const std::pair<const char*, TransactionControl> cases[] = {
      {"begin", TransactionControl::begin},
      {"start transaction read only", TransactionControl::begin},
      {"commit", TransactionControl::commit},
      {"end", TransactionControl::commit},
      {"rollback", TransactionControl::rollback},
      {"abort", TransactionControl::rollback},
      {"savepoint a", TransactionControl::savepoint},
      {"release a", TransactionControl::release},
      {"rollback to a", TransactionControl::rollback_to},
      {"prepare transaction 'x'", TransactionControl::prepare_transaction},
      {"commit prepared 'x'", TransactionControl::commit_prepared},
      {"rollback prepared 'x'", TransactionControl::rollback_prepared},
      {"select 1", TransactionControl::none},
      {"set transaction read only", TransactionControl::none},
  };
  for (const auto& [text, control] : cases) EXPECT_EQ(only(text).transaction, control) << text;
}

TEST(Facts, FollowPreparedStatements) {
  EXPECT_EQ(only("prepare \"P\" as select 1").prepares, "P");
  EXPECT_EQ(only("execute p").executes, "p");
  EXPECT_EQ(only("explain analyze execute p").executes, "p");
  EXPECT_EQ(only("create table t as execute p").executes, "p");
  EXPECT_EQ(only("deallocate p").executes, "p");
  EXPECT_EQ(only("deallocate all").executes, "");
  EXPECT_EQ(only("select 1").executes, "");
}

TEST(Facts, FollowCursors) {
  EXPECT_EQ(only("declare c cursor for select 1").declares_cursor, "c");
  EXPECT_EQ(only("explain declare c cursor for select 1").declares_cursor, "");
  EXPECT_EQ(only("fetch c").fetches, "c");
  EXPECT_EQ(only("move 1 in c").fetches, "c");
  EXPECT_EQ(only("close c").fetches, "c");
  EXPECT_EQ(only("close all").fetches, "");
}

TEST(Facts, TellCopyThroughTheProtocol) {
  EXPECT_TRUE(only("copy t from stdin").copy_from_stdin);
  EXPECT_TRUE(only("copy t to stdout").copy_to_stdout);
  EXPECT_TRUE(only("copy (select 1) to stdout").copy_to_stdout);
  for (const auto* text :
       {"copy t from '/x'", "copy t to program 'x'", "copy t from program 'x'", "copy t to ''"}) {
    EXPECT_FALSE(only(text).copy_from_stdin) << text;
    EXPECT_FALSE(only(text).copy_to_stdout) << text;
  }
}

TEST(Facts, GiveSettingsTheirValues) {
  const auto values = [](std::string_view text) { return only(text).effects.at(0).values; };
  EXPECT_EQ(values("set a to 'x', 5, 1.5, on"), (std::vector<std::string>{"x", "5", "1.5", "on"}));
  EXPECT_EQ(values("set a to 0"), std::vector<std::string>{"0"});
  EXPECT_EQ(values("set a to -1"), std::vector<std::string>{"-1"});
  EXPECT_EQ(values("set a to - /* c */ 12"), std::vector<std::string>{"-12"});
  EXPECT_EQ(values("set time zone -7"), std::vector<std::string>{"-7"});
  EXPECT_TRUE(values("set a to default").empty());
  EXPECT_TRUE(only("set a to default").effects.at(0).value_is_constant);
  EXPECT_FALSE(only("set a from current").effects.at(0).value_is_constant);
  EXPECT_FALSE(only("set time zone interval '1' hour").effects.at(0).value_is_constant);
}

TEST(Facts, ReadOnlyMeansThatNothingCanChange) {
  for (const auto* text :
       {"select lower(a), count(*) from t", "explain delete from t", "show all", "fetch c"}) {
    EXPECT_EQ(only(text).reads_only, std::string_view(text) != "explain delete from t") << text;
  }
  for (const auto* text :
       {"select nextval('s')", "select app.f()", "select unknown_function()", "select * from t for update",
        "select (x).lo_unlink from t", "execute p", "with x as (delete from t returning 1) select 1",
        "notify c", "select 1 operator(app.+) 2", "select a into b from c", "call p()", "do ''", "lock t"}) {
    EXPECT_FALSE(only(text).reads_only) << text;
  }
}

TEST(Errors, AreThoseOfPostgresWithTheirPosition) {
  const auto facts = analyze_on_big_stack("select '\xC3\xA4\xC3\xB6', /* \xC3\xBC */ from from");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code.view(), "42601");
  EXPECT_EQ(facts.error().message, "syntax error at or near \"from\"");
  EXPECT_EQ(facts.error().position, 22u);
}

TEST(Errors, OfTheLexerComeThroughToo) {
  for (const auto* text :
       {"select 'a", "select \"a", "select $a$ x", "select 1 /* x", "select U&'\\zzzz'", "select 1a"}) {
    const auto facts = analyze_on_big_stack(text);
    ASSERT_FALSE(facts) << text;
    EXPECT_EQ(facts.error().code.view(), "42601") << text;
    EXPECT_FALSE(facts.error().message.empty()) << text;
  }
}

TEST(Analysis, AlwaysGivesTheSameAnswer) {
  const auto first = analyze_on_big_stack("select f(a) from t; drop table u");
  const auto second = analyze_on_big_stack("select f(a) from t; drop table u");
  ASSERT_TRUE(first && second);
  ASSERT_EQ(first->statements.size(), second->statements.size());
  EXPECT_EQ(first->statements[0].effects[0].object, second->statements[0].effects[0].object);
  EXPECT_EQ(first->statements[1].offset, second->statements[1].offset);
}

TEST(Facts, TellHowManyRowsAnInsertWritesOut) {
  EXPECT_EQ(only("insert into t values (1), (2), (3)").values_rows, 3u);
  EXPECT_EQ(only("insert into t (a) values (now()) on conflict do nothing returning a").values_rows, 1u);
  EXPECT_EQ(only("insert into t default values").values_rows, 1u);
  for (const char* text :
       {"insert into t select 1", "insert into t select 1 union all values (1)", "insert into t table u",
        "with w as (insert into t select * from u) insert into t values (1)",
        "insert into t with w as (insert into t select * from u returning 1) values (1)",
        "insert into t values (1), (2) limit 1", "insert into t (values (1) union values (2))",
        "explain analyze insert into t values (1)", "prepare p as insert into t values (1)",
        "with w as (insert into t values (1) returning *) select * from w", "values (1), (2)",
        "copy (insert into t values (1) returning a) to stdout", "update t set a = 1"}) {
    EXPECT_EQ(only(text).values_rows, std::nullopt) << text;
  }
}

TEST(Facts, TellWhatNoTransactionBlockMayHold) {
  using enum OutsideTransactions;
  const std::vector<std::pair<std::string_view, OutsideTransactions>> expected = {
      {"CREATE INDEX CONCURRENTLY ON t (a)", always},
      {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)", always},
      {"CREATE INDEX ON t (a)", never},
      {"DROP INDEX CONCURRENTLY i", always},
      {"DROP INDEX i", never},
      {"REINDEX TABLE CONCURRENTLY t", always},
      {"REINDEX (CONCURRENTLY) INDEX i", always},
      {"REINDEX (CONCURRENTLY false) INDEX i", perhaps},
      {"REINDEX (CONCURRENTLY 'OFF', VERBOSE) INDEX i", perhaps},
      {"REINDEX TABLE t", perhaps},
      {"REINDEX SCHEMA s", always},
      {"REINDEX DATABASE d", always},
      {"REINDEX SYSTEM d", always},
      {"VACUUM", always},
      {"VACUUM (FULL, ANALYZE) t", always},
      {"ANALYZE t", never},
      {"CLUSTER", always},
      {"CLUSTER t USING i", perhaps},
      {"ALTER TABLE p DETACH PARTITION c CONCURRENTLY", always},
      {"ALTER TABLE p DETACH PARTITION c", never},
      {"ALTER TABLE p DETACH PARTITION c FINALIZE", never},
      {"ALTER TABLE p ADD COLUMN x integer", never},
      {"ALTER TYPE e ADD VALUE 'x'", never},
      {"REFRESH MATERIALIZED VIEW CONCURRENTLY m", never},
      {"DISCARD ALL", always},
      {"DISCARD PLANS", never},
      {"COMMIT PREPARED 'x'", always},
      {"COMMIT", never},
      {"CREATE DATABASE d", always},
      {"DROP DATABASE d", always},
      {"ALTER DATABASE d SET TABLESPACE t", perhaps},
      {"DROP SUBSCRIPTION s", perhaps},
  };
  for (const auto& [text, when] : expected) EXPECT_EQ(only(text).outside_transactions, when) << text;
}

TEST(Facts, TellWhatDecidesHowStronglyItLocks) {
  EXPECT_TRUE(only("REINDEX TABLE CONCURRENTLY t").is_concurrent);
  EXPECT_TRUE(only("REINDEX (CONCURRENTLY off, CONCURRENTLY) TABLE t").is_concurrent);
  EXPECT_FALSE(only("REINDEX (CONCURRENTLY, CONCURRENTLY off) TABLE t").is_concurrent);
  EXPECT_FALSE(only("REINDEX SCHEMA s").is_concurrent);
  EXPECT_TRUE(only("VACUUM FULL t").is_full);
  EXPECT_TRUE(only("VACUUM (FULL, ANALYZE) t").is_full);
  EXPECT_FALSE(only("VACUUM (FULL 0) t").is_full);
  EXPECT_FALSE(only("VACUUM ANALYZE t").is_full);
}

}  // namespace
}  // namespace portcullis::sql
