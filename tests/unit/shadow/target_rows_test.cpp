// Rows of production for a dry run: what is asked, where it ends, what is loaded, what is told.
#include "shadow/target_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace portcullis::shadow {
namespace {

using base::Error;
using base::Result;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

// A database of two tables: app.orders (100) and app.items (200), which refers to it.
class Database {
 public:
  char on_delete = 'c', on_update = 'a';
  bool hides = false, has_period = false, is_plain = true, deletes_what_moves = false;
  std::string generated;  // a column of app.orders
  std::vector<Row> children = {{"200", "(0,1)"}, {"200", "(0,2)"}};
  std::string bytes = "10";
  std::optional<std::string> fails_at;  // words of a question
  std::vector<std::string> asked;

  Asking asking() {
    return [this](const std::string& sql) -> Result<std::vector<Row>> {
      asked.push_back(sql);
      if (fails_at && sql.find(*fails_at) != std::string::npos)
        return Error{base::sqlstate::insufficient_privilege, "permission denied"};
      return answer(sql);
    };
  }

 private:
  static bool has(const std::string& sql, std::string_view words) {
    return sql.find(words) != std::string::npos;
  }
  std::vector<Row> answer(const std::string& sql) const {
    const std::string hidden = hides ? "t" : "f";
    if (has(sql, "row_security_active")) {
      if (has(sql, "c.oid = 200"))
        return {{"200", "app", "items", "r", hidden, "order_id", "f", "f"},
                {"200", "app", "items", "r", hidden, "place", "f", "f"}};
      const std::string moves = deletes_what_moves ? "t" : "f", kind = deletes_what_moves ? "p" : "r";
      std::vector<Row> orders;
      for (const char* column : {"id", "note"})
        orders.push_back({"100", "app", "orders", kind, "f", column, generated == column ? "t" : "f", moves});
      return orders;
    }
    const Row key = {"9",
                     "200",
                     std::string(1, on_delete),
                     std::string(1, on_update),
                     "order_id",
                     "id",
                     "app",
                     "orders",
                     "100",
                     has_period ? "t" : "f",
                     "=",
                     is_plain ? "t" : "f",
                     "::bigint",
                     "app",
                     "items"};
    if (has(sql, "k.confrelid = 100") || has(sql, "k.conrelid = 200")) return {key};
    if (has(sql, "pg_constraint")) return {};
    if (has(sql, "SELECT child.tableoid")) return children;
    if (has(sql, "octet_length")) return {{bytes}};
    if (has(sql, "relname FROM pg_class")) return {{"app", "orders"}};
    if (has(sql, "\"order_id\"")) return {{"1", "1"}, {"1", "2"}};
    return generated.empty() ? std::vector<Row>{{"1", std::nullopt}} : std::vector<Row>{{"1"}};
  }
};

TargetQuestion deleting() {
  TargetQuestion question;
  question.most = 3;
  question.sql = "SELECT tableoid, ctid FROM app.orders";
  question.table = {"app", "orders"};
  return question;
}

TargetQuestion updating(std::vector<std::string> columns) {
  auto question = deleting();
  question.assigned = std::move(columns);
  return question;
}

Result<TargetRows> read(Database& database, const TargetQuestion& question,
                        const std::vector<Row>& ids = {{"100", "(0,1)"}}) {
  return read_targets(question, ids, database.asking());
}

std::string why(Database& database, const TargetQuestion& question,
                const std::vector<Row>& ids = {{"100", "(0,1)"}}) {
  const auto rows = read(database, question, ids);
  EXPECT_FALSE(rows);
  return rows ? "" : rows.error().message;
}

TEST(TargetRows, OfADeleteTakeThoseThatCascadeWithThem) {
  Database database;
  const auto rows = read(database, deleting());
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->targets, 1u);
  ASSERT_EQ(rows->tables.size(), 2u);
  EXPECT_THAT(rows->tables[0].table, Pair("app", "orders"));
  EXPECT_THAT(rows->tables[1].table, Pair("app", "items"));
  EXPECT_EQ(rows->tables[1].rows.size(), 2u);
  EXPECT_THAT(rows->references, IsEmpty());
}

TEST(TargetRows, AreReadByTheirPlaceAndNeverWhole) {
  Database database;
  ASSERT_TRUE(read(database, deleting(), {{"100", "(0,1)"}, {"100", "(7,12)"}}));
  for (const auto& sql : database.asked) {
    if (sql.find("portcullis_row") != std::string::npos && sql.find("orders") != std::string::npos) {
      EXPECT_THAT(sql, HasSubstr("portcullis_row.tableoid = 100 AND portcullis_row.ctid = ANY "
                                 "('{\"(0,1)\",\"(7,12)\"}'::tid[])"));
    }
    if (sql.find("child.tableoid") != std::string::npos) {
      EXPECT_THAT(sql, HasSubstr("parent.\"id\" OPERATOR(pg_catalog.=) child.\"order_id\""));
      EXPECT_THAT(sql, HasSubstr("LIMIT 4"));
    }
  }
}

TEST(TargetRows, OfAnUpdateFollowTheKeysThatItAssigns) {
  Database database;
  database.on_update = 'c';
  const auto other = read(database, updating({"note"}));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->tables.size(), 1u);
  const auto key = read(database, updating({"id"}));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->tables.size(), 2u);
}

TEST(TargetRows, OfAnUpdateNameTheKeysThatItGivesANewValue) {
  Database database;
  auto question = updating({"order_id"});
  question.table = {"app", "items"};
  // The child's own question for its table is answered by its name.
  const auto asking = [&](const std::string& sql) -> Result<std::vector<Row>> {
    if (sql.find("c.relname = 'items'") != std::string::npos)
      return std::vector<Row>{{"200", "app", "items", "r", "f", "order_id", "f", "f"},
                              {"200", "app", "items", "r", "f", "place", "f", "f"}};
    return database.asking()(sql);
  };
  const auto rows = read_targets(question, {{"200", "(0,1)"}}, asking);
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->references.size(), 1u);
  EXPECT_THAT(rows->references[0].parent, Pair("app", "orders"));
  EXPECT_THAT(rows->emptied, ElementsAre(Pair("app", "items"), Pair("app", "orders")));
  EXPECT_EQ(keys_query(rows->references[0]),
            "SELECT DISTINCT \"order_id\" FROM \"app\".\"items\" WHERE \"order_id\" IS NOT NULL LIMIT 5001");
  const auto parents = read_parents(rows->references[0], {{"1"}, {"it's"}}, database.asking());
  ASSERT_TRUE(parents);
  EXPECT_THAT(parents->beside, ElementsAre("id"));
  EXPECT_THAT(database.asked.back(),
              HasSubstr("(portcullis_row.\"id\" OPERATOR(pg_catalog.=) '1'::bigint OR "
                        "portcullis_row.\"id\" OPERATOR(pg_catalog.=) 'it''s'::bigint)"));
  const auto many =
      read_parents(rows->references[0], std::vector<Row>(kMostKeys + 1, {"1"}), database.asking());
  ASSERT_FALSE(many);
  EXPECT_THAT(many.error().message, HasSubstr("more than 5000 keys"));
}

// A default, or the same column in another key, gives them one that the statement does not name.
TEST(TargetRows, OfAKeyThatIsSetAreLookedUpLikeThoseThatAreAssigned) {
  for (const char action : {'d', 'n'}) {
    Database database;
    database.on_delete = action;
    const auto rows = read(database, deleting());
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->references.size(), 1u);
    EXPECT_THAT(rows->references[0].table, Pair("app", "items"));
  }
}

TEST(TargetRows, OfAnUpdateFollowKeysOfGeneratedColumns) {
  Database database;
  database.on_update = 'c';
  database.generated = "id";
  const auto rows = read(database, updating({"note"}));
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->tables.size(), 2u);
  EXPECT_THAT(rows->tables[0].columns, ElementsAre("note"));
}

// The children of app.orders are rows of its own then, as of a partition.
TEST(TargetRows, ThatAreFoundTwiceAreLoadedOnce) {
  Database database;
  database.children = {{"100", "(0,1)"}, {"200", "(0,2)"}};
  ASSERT_TRUE(read(database, deleting()));
  const auto asked = [&](const char* words) {
    return std::count_if(database.asked.begin(), database.asked.end(), [&](const std::string& sql) {
      return sql.find("SELECT portcullis_row") != std::string::npos && sql.find(words) != std::string::npos;
    });
  };
  EXPECT_EQ(asked("tableoid = 100"), 1);
  EXPECT_EQ(asked("tableoid = 200"), 1);
}

TEST(TargetRows, WhatBarsIsAskedForButNotBounded) {
  Database database;
  database.on_delete = 'r';
  database.children = {{"200", "(0,1)"}, {"200", "(0,2)"}, {"200", "(0,3)"}, {"200", "(0,4)"}};
  EXPECT_TRUE(read(database, deleting()));
  database.on_delete = 'c';
  EXPECT_THAT(why(database, deleting()), HasSubstr("more than 3 rows of app.items"));
}

TEST(TargetRows, AreNotKnownWhereAnythingIsNot) {
  const std::vector<Row> four = {{"100", "(0,1)"}, {"100", "(0,2)"}, {"100", "(0,3)"}, {"100", "(0,4)"}};
  Database database;
  EXPECT_THAT(why(database, deleting(), four), HasSubstr("more than 3 rows of app.orders"));
  EXPECT_THAT(why(database, deleting(), {{"101", "(0,1)"}}), HasSubstr("inherit from app.orders"));
  for (const auto& bad :
       std::vector<Row>{{"100"}, {"x", "(0,1)"}, {"100", "(0,1)'"}, {"100", "()"}, {"100", std::nullopt}})
    EXPECT_THAT(why(database, deleting(), {bad}), HasSubstr("other columns"));
  database.hides = true;
  EXPECT_THAT(why(database, deleting()), HasSubstr("row security"));
  database = {};
  database.has_period = true;
  EXPECT_THAT(why(database, deleting()), HasSubstr("period"));
  database = {};
  database.is_plain = false;
  EXPECT_THAT(why(database, deleting()),
              HasSubstr("a foreign key of app.items compares by operators of users"));
  database = {};
  database.deletes_what_moves = true;
  EXPECT_THAT(why(database, updating({"id"})), HasSubstr("deleted for app.items"));
  database.on_delete = 'a';
  EXPECT_TRUE(read(database, updating({"id"})));
  database = {};
  database.bytes = "9000000";
  EXPECT_THAT(why(database, deleting()), HasSubstr("too long"));
}

// Whatever question fails, nothing is known.
TEST(TargetRows, AreNotKnownWhereAnyQuestionFails) {
  for (const char* words : {"row_security_active", "pg_constraint", "SELECT child", "octet_length",
                            "pg_class c JOIN pg_namespace n ON", "SELECT portcullis_row"}) {
    Database database;
    database.fails_at = words;
    EXPECT_EQ(why(database, deleting()), "permission denied") << words;
  }
}

TEST(TargetRows, AreLoadedInsteadOfWhatIsThere) {
  EXPECT_EQ(emptying({"app", "or\"ders"}), "DELETE FROM \"app\".\"or\"\"ders\"");
  const TableRows rows{{"app", "or\"ders"}, {"id", "note"}, {{"1", std::nullopt}, {"2", "it's"}}};
  EXPECT_THAT(
      loading(rows),
      ElementsAre(
          "INSERT INTO \"app\".\"or\"\"ders\" (\"id\", \"note\") OVERRIDING SYSTEM VALUE VALUES ('1', NULL), "
          "('2', 'it''s')"));
  auto beside = rows;
  beside.beside = {"id", "no\"te"};
  EXPECT_THAT(loading(beside), ElementsAre(HasSubstr(" ON CONFLICT (\"id\", \"no\"\"te\") DO NOTHING")));
  EXPECT_THAT(loading({{"app", "t"}, {"id"}, {}}), IsEmpty());
  EXPECT_EQ(loading({{"app", "t"}, {"id"}, std::vector<Row>(250, {"1"})}).size(), 3u);
}

RelationFacts table(const char* name) {
  RelationFacts facts;
  facts.schema = "app";
  facts.name = name;
  return facts;
}

RunFacts failed(const char* code) {
  RunFacts facts;
  facts.failure = Error{base::SqlState::from_text(code), "secret", "secret", "secret"};
  facts.failed_by = {"app", "orders", "", "orders_check"};
  return facts;
}

TEST(TargetRows, WhatFailsOnThemIsToldWithoutTheirValues) {
  auto facts = failed("23514");
  hide_values(facts, false, "");
  EXPECT_EQ(facts.failure->message,
            "the database's own rows give SQLSTATE 23514, by the constraint \"orders_check\" of app.orders");
  EXPECT_EQ(facts.failure->detail + facts.failure->hint, "");
  EXPECT_FALSE(facts.on_made_up_rows);
  facts = failed("42501");
  hide_values(facts, false, "");
  EXPECT_EQ(facts.failure->message, "secret");  // PostgreSQL's own words, which name objects
}

TEST(TargetRows, WhatCodeOfUsersFailsByIsNoFactAndTellsNothing) {
  for (const char* code : {"P0001", "42501", "23514"}) {
    auto facts = failed(code);
    facts.failed_by.constraint = "secret";
    facts.relations = {table("secret"), table("orders")};
    facts.relations[0].is_new = true;
    facts.changes.resize(1);
    hide_values(facts, true, "");
    EXPECT_THAT(facts.failure->message, Not(HasSubstr("secret")));
    EXPECT_EQ(facts.failed_by, FailedBy{});
    EXPECT_TRUE(facts.on_made_up_rows);
    EXPECT_EQ(facts.relations.size(), 1u);
    EXPECT_THAT(facts.changes, IsEmpty());
  }
}

TEST(TargetRows, AKeyThatCouldNotBeReadIsNoFact) {
  auto facts = failed("23503");
  hide_values(facts, false, "permission denied");
  EXPECT_TRUE(facts.on_made_up_rows);
  EXPECT_THAT(facts.failure->detail, HasSubstr("permission denied"));
  facts = failed("23514");
  hide_values(facts, false, "permission denied");
  EXPECT_FALSE(facts.on_made_up_rows);
}

TEST(TargetRows, TheRunMustHaveChangedThem) {
  TargetRows rows;
  rows.targets = 3;
  rows.leaves = {{"app", "orders"}};
  RunFacts facts;
  facts.relations = {table("orders"), table("items")};
  facts.relations[0].updated = facts.relations[0].deleted = 1;
  facts.relations[1].deleted = 5;
  EXPECT_FALSE(has_changed_all(rows, facts));
  facts.relations[0].updated = 2;
  EXPECT_TRUE(has_changed_all(rows, facts));
  EXPECT_EQ(rows_changed(facts), 8u);
}

}  // namespace
}  // namespace portcullis::shadow
