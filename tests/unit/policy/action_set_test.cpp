#include "policy/action_set.hpp"

#include <gtest/gtest.h>

#include <set>

namespace portcullis::policy {
namespace {

using sql::Action;

TEST(ActionSet, HoldsEveryActionOfTheEnumeration) {
  std::set<std::size_t> places;
  for (const Action action : sql::all_actions()) {
    EXPECT_LT(static_cast<std::size_t>(action), 512U) << sql::name(action);
    EXPECT_TRUE(places.insert(static_cast<std::size_t>(action)).second);
  }
  EXPECT_GT(places.size(), 250U);
}

TEST(ActionsMatching, TakesWordsPatternsAndAll) {
  const auto one = actions_matching("drop table");
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->contains(Action::drop_table));
  EXPECT_FALSE(one->contains(Action::drop_index));

  const auto drops = actions_matching("drop *");
  ASSERT_TRUE(drops);
  EXPECT_TRUE(drops->contains(Action::drop_table));
  EXPECT_TRUE(drops->contains(Action::drop_text_search_parser));
  EXPECT_FALSE(drops->contains(Action::alter_table_drop_column));

  const auto all = actions_matching("all");
  ASSERT_TRUE(all);
  for (const Action action : sql::all_actions()) EXPECT_TRUE(all->contains(action)) << sql::name(action);
}

TEST(ActionsMatching, KnowsNoOtherForm) {
  for (const auto* word : {"", "*", " *", "drop", "drop*", "drop t*", "drop  *", "SELECT", "selects", "al"}) {
    EXPECT_FALSE(actions_matching(word)) << word;
  }
}

TEST(SuggestAction, OffersTheNearest) {
  EXPECT_EQ(suggest_action("SELECT"), ": did you mean \"select\"?");
  EXPECT_EQ(suggest_action("alter table ad column"), ": did you mean \"alter table add column\"?");
  EXPECT_EQ(suggest_action("*"), ": write \"all\"");
  EXPECT_EQ(suggest_action("frobnicate everything"),
            ": write it in lower case, as in \"alter table add column\" or \"drop *\"");
}

TEST(TargetOf, TellsWhatOnCanName) {
  EXPECT_EQ(target_of(Action::select), Target::named);
  EXPECT_EQ(target_of(Action::create_index_concurrently), Target::named);
  EXPECT_EQ(target_of(Action::begin), Target::nameless);
  EXPECT_EQ(target_of(Action::create_role), Target::nameless);
  EXPECT_EQ(target_of(Action::comment), Target::either);
}

TEST(NeverAllowed, NamesWhatNoProtectionWouldHoldAgainst) {
  for (const Action action :
       {Action::do_, Action::load, Action::cascade, Action::drop_owned, Action::copy_to_program,
        Action::set_role, Action::set, Action::create_temporary_table}) {
    EXPECT_TRUE(never_allowed(action)) << sql::name(action);
  }
  for (const Action action : {Action::select, Action::drop_table, Action::truncate, Action::create_table}) {
    EXPECT_FALSE(never_allowed(action)) << sql::name(action);
  }
}

}  // namespace
}  // namespace portcullis::policy
