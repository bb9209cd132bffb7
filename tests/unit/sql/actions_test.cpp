#include <gtest/gtest.h>

#include <set>
#include <string>

#include "portcullis/sql/facts.hpp"

namespace portcullis::sql {
namespace {

TEST(Actions, AreFoundByTheirOwnWords) {
  std::set<std::string_view> seen;
  for (const Action action : all_actions()) {
    EXPECT_EQ(action_named(name(action)), action) << name(action);
    EXPECT_TRUE(seen.insert(name(action)).second) << name(action);
  }
  EXPECT_GT(seen.size(), 250u);
}

TEST(Actions, HaveThePostgresWords) {
  EXPECT_EQ(name(Action::select), "select");
  EXPECT_EQ(name(Action::delete_), "delete");
  EXPECT_EQ(name(Action::alter_table_add_column), "alter table add column");
  EXPECT_EQ(name(Action::create_index_concurrently), "create index concurrently");
  EXPECT_EQ(name(Action::close), "close");
}

TEST(Actions, AreNotFoundByOtherWords) {
  EXPECT_EQ(action_named("merge"), std::nullopt);
  EXPECT_EQ(action_named("SELECT"), std::nullopt);
  EXPECT_EQ(action_named(""), std::nullopt);
  EXPECT_EQ(action_named("select "), std::nullopt);
}

TEST(Names, ArePlainWhereTheirTextReadsBackAsTheName) {
  const auto parts = std::to_array<std::string>({"", "a", "a.b", ".", "a.", ".a"});
  for (const auto& database : parts) {
    for (const auto& schema : parts) {
      for (const auto& name : parts) {
        const Name whole{database, schema, name};
        EXPECT_EQ(is_plain(whole), plain_name_of(to_text(whole)) == whole) << to_text(whole);
      }
    }
  }
}

TEST(Names, ReadAsWrittenWithDots) {
  EXPECT_EQ(to_text({"", "", "t"}), "t");
  EXPECT_EQ(to_text({"", "app", "t"}), "app.t");
  EXPECT_EQ(to_text({"db", "app", "t"}), "db.app.t");
}

}  // namespace
}  // namespace portcullis::sql
