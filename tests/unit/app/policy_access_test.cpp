// What an agent may do to each relation of a database.
#include "app/policy_access.hpp"

#include <gmock/gmock.h>

#include "tests/unit/app/sample_shop.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::sample_shop;
using portcullis::testing::shop_policy;
using sql::Action;
using ::testing::ElementsAre;

class PolicyAccess : public ::testing::Test {
 protected:
  std::string of(const std::string& relation, Action action, const std::string& rules = {}) {
    auto loaded = policy::PolicySet::load(shop_policy(rules));
    EXPECT_TRUE(loaded.policy) << policy::to_text(loaded.problems, "policy");
    relations_ =
        access_in(*loaded.policy, "bot", *sample_shop().build(), loaded.policy->explain("bot").opened);
    for (const auto& access : relations_) {
      if (access.relation != relation) continue;
      const auto found = access.actions.find(action);
      if (found == access.actions.end()) return "does not fit";
      reason_ = found->second.reason;
      return to_text(found->second);
    }
    return "no such relation";
  }

  std::vector<RelationAccess> relations_;
  std::string reason_;
};

TEST_F(PolicyAccess, IsWhatTheGateWouldSay) {
  EXPECT_EQ(of("app.orders", Action::select), "allow");
  EXPECT_EQ(of("app.orders", Action::insert), "allow");
  EXPECT_EQ(of("app.orders", Action::update), "allow with WHERE");
  EXPECT_EQ(of("app.orders", Action::alter_table_add_column), "allow");
  EXPECT_EQ(of("app.users", Action::select), "deny");
  EXPECT_EQ(reason_, "select on app.users is protected");
  EXPECT_EQ(of("other.things", Action::select), "deny");
}

TEST_F(PolicyAccess, NamesTheColumnsThatAreOpen) {
  EXPECT_EQ(of("app.customers", Action::select), "allow (id, name)");
}

TEST_F(PolicyAccess, OpensViews) {
  EXPECT_EQ(of("app.people", Action::select), "deny");
  EXPECT_EQ(reason_, "select on app.users (through view app.people) is protected");
}

TEST_F(PolicyAccess, AsksOnlyWhatFitsTheRelation) {
  EXPECT_EQ(of("app.orders", Action::drop_table), "allow");  // its own sequence goes with it
  EXPECT_EQ(of("app.orders", Action::drop_trigger), "allow");
  EXPECT_EQ(of("app.orders", Action::drop_view), "does not fit");
  EXPECT_EQ(of("app.orders", Action::drop_role), "does not fit");
  EXPECT_EQ(of("app.people", Action::drop_view), "deny");
  EXPECT_EQ(of("app.orders", Action::delete_), "does not fit");  // no rule names it
}

TEST_F(PolicyAccess, CoversTablesViewsAndSequences) {
  (void)of("app.orders", Action::select);
  std::vector<std::string> names;
  for (const auto& access : relations_) names.push_back(access.relation + " " + access.kind);
  EXPECT_THAT(names, ElementsAre("app.customers table", "app.orders table", "app.orders_id_seq sequence",
                                 "app.people view", "app.users table", "other.things table"));
}

}  // namespace
}  // namespace portcullis::app
