#include "guard/verdict_cache.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "base/big_stack_thread.hpp"
#include "sql/analyze.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::guard {
namespace {

using FactsPtr = std::shared_ptr<const sql::Facts>;

FactsPtr facts_of(const std::string& text) {
  FactsPtr facts;
  base::run_with_stack(sql::kAnalysisStackBytes, [&] {
    sql::prepare_parser_thread();
    auto analysis = sql::analyze(text);
    if (!analysis) throw std::runtime_error(analysis.error().message);
    facts = std::make_shared<const sql::Facts>(std::move(*analysis));
  });
  return facts;
}

std::shared_ptr<const policy::PolicySet> policy_allowing(const std::string& objects) {
  auto loaded = policy::PolicySet::load(R"({"version": 1, "name": "t", "agents": {"bot": {"login": "l"}},
    "rules": [{"id": "w", "allow": ["select", "insert"], "on": [)" +
                                        objects + R"(], "to": ["*"], "limits": {"rate": "5/hour"}}]})");
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
  return std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
}

std::shared_ptr<const catalog::Snapshot> shop() {
  catalog::testing::MakeSnapshot make;
  make.table("app.orders", {"id int4"});
  make.table("other.orders", {"id int4"});
  return make.build();
}

class Cache : public testing::Test {
 protected:
  Cache() { cache.judge_by(std::make_shared<const int>(1)); }

  std::shared_ptr<const Verdict> decide(const FactsPtr& facts, std::string_view text = {}) {
    return cache.decide(guard, facts, {"bot", &names, snapshot.get(), text});
  }
  bool is_kept(const FactsPtr& facts) {
    const auto first = decide(facts);
    return first == decide(facts);
  }

  std::shared_ptr<const catalog::Snapshot> snapshot = shop();
  std::shared_ptr<const policy::PolicySet> policy = policy_allowing(R"("app.*")");
  Guard guard{policy, std::make_shared<const policy::Bound>(policy->bind(*snapshot))};
  catalog::NameSpace names{{"pg_catalog", "app"}};
  VerdictCache cache;
};

TEST_F(Cache, KeepsWhatWasAllowed) {
  const auto facts = facts_of("INSERT INTO orders VALUES (1)");
  const auto first = decide(facts);
  EXPECT_TRUE(first->allowed());
  EXPECT_EQ(decide(facts), first);
  EXPECT_EQ(first->demand.rules, (std::vector<policy::RuleUse>{{"w", 1}}));
}

TEST_F(Cache, OtherFactsAreDecidedOnTheirOwn) {
  const auto allowed = facts_of("SELECT id FROM app.orders");
  const auto refused = facts_of("SELECT id FROM other.orders");
  EXPECT_TRUE(decide(allowed)->allowed());
  EXPECT_FALSE(decide(refused)->allowed());
  EXPECT_TRUE(decide(allowed)->allowed());
}

// The same facts come with their text in Parse and without it in Bind.
TEST_F(Cache, RefusalsSpeakOfTheirOwnText) {
  const std::string text = "SELECT id FROM other.orders";
  const auto facts = facts_of(text);
  EXPECT_TRUE(decide(facts, text)->refusal->position.has_value());
  EXPECT_FALSE(decide(facts)->refusal->position.has_value());
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(Cache, WhatTheDatabaseDoesNotHaveIsLookedForEachTime) {
  EXPECT_FALSE(is_kept(facts_of("SELECT id FROM app.not_there")));
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(Cache, ForgetsWhatAnotherBasisAllowed) {
  const auto facts = facts_of("SELECT id FROM app.orders");
  EXPECT_TRUE(decide(facts)->allowed());
  const auto stricter = policy_allowing(R"("other.*")");
  const Guard other(stricter, std::make_shared<const policy::Bound>(stricter->bind(*snapshot)));
  cache.judge_by(std::make_shared<const int>(2));
  EXPECT_FALSE(cache.decide(other, facts, {"bot", &names, snapshot.get(), {}})->allowed());
}

TEST_F(Cache, ForgetsWhenAskedTo) {
  const auto facts = facts_of("SELECT id FROM orders");
  EXPECT_TRUE(decide(facts)->allowed());
  names.search_path = {"pg_catalog", "other"};
  cache.clear();
  EXPECT_FALSE(decide(facts)->allowed());
}

TEST_F(Cache, TheSameBasisAgainForgetsNothing) {
  const auto basis = std::make_shared<const int>(3);
  cache.judge_by(basis);
  const auto facts = facts_of("SELECT id FROM app.orders");
  const auto first = decide(facts);
  cache.judge_by(basis);
  EXPECT_EQ(decide(facts), first);
}

// Otherwise a new one at the address of one that is gone would pass for it.
TEST_F(Cache, HoldsItsBasisAndItsFacts) {
  auto basis = std::make_shared<const int>(4);
  auto facts = facts_of("SELECT id FROM app.orders");
  const std::weak_ptr<const int> basis_left = basis;
  const std::weak_ptr<const sql::Facts> facts_left = facts;
  cache.judge_by(basis);
  ASSERT_TRUE(decide(facts)->allowed());
  basis.reset();
  facts.reset();
  EXPECT_FALSE(basis_left.expired());
  EXPECT_FALSE(facts_left.expired());
  cache.judge_by(nullptr);
  EXPECT_TRUE(basis_left.expired());
  EXPECT_TRUE(facts_left.expired());
}

TEST_F(Cache, KeepsNothingWithoutABasis) {
  cache.judge_by(nullptr);
  EXPECT_FALSE(is_kept(facts_of("SELECT id FROM app.orders")));
}

TEST_F(Cache, KeepsNothingThatNobodyOwns) {
  const auto owned = facts_of("SELECT id FROM app.orders");
  EXPECT_FALSE(is_kept(FactsPtr(FactsPtr(), owned.get())));
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(Cache, HoldsNoMoreEntriesThanItSays) {
  const auto model = facts_of("SELECT 1");
  for (std::size_t i = 0; i < 5 * VerdictCache::kMaxEntries; ++i) {
    ASSERT_TRUE(decide(std::make_shared<const sql::Facts>(*model))->allowed());
    ASSERT_LE(cache.size(), 2 * VerdictCache::kMaxEntries);
  }
  EXPECT_GT(cache.size(), VerdictCache::kMaxEntries / 2);
}

TEST_F(Cache, WhatIsUsedOutlivesWhatIsNot) {
  const auto model = facts_of("SELECT 1");
  const auto used = std::make_shared<const sql::Facts>(*model),
             unused = std::make_shared<const sql::Facts>(*model);
  const auto kept = decide(used), lost = decide(unused);
  for (std::size_t i = 0; i < 5 * VerdictCache::kMaxEntries; ++i) {
    (void)decide(std::make_shared<const sql::Facts>(*model));
    ASSERT_EQ(decide(used), kept) << i;
  }
  EXPECT_NE(decide(unused), lost);
}

TEST_F(Cache, WhatIsTooLargeIsDecidedEachTime) {
  std::string text = "SELECT id FROM app.orders WHERE id = 1";
  for (int i = 0; i < 2'000; ++i) text += " OR orders.id = " + std::to_string(i);
  const auto small = facts_of(text);
  EXPECT_TRUE(is_kept(small));  // each column once
  text = "SELECT 1";
  for (int i = 0; i < 90; ++i) text += "; SELECT id FROM app.orders";
  EXPECT_FALSE(is_kept(facts_of(text)));
}

TEST_F(Cache, HoldsNoMoreBytesThanItSays) {
  std::string text = "SELECT 1";
  for (int i = 0; i < 20; ++i) text += "; SELECT id FROM app.orders";
  const auto model = facts_of(text);
  ASSERT_TRUE(is_kept(std::make_shared<const sql::Facts>(*model)));
  for (std::size_t i = 0; i < VerdictCache::kMaxEntries; ++i) {
    (void)decide(std::make_shared<const sql::Facts>(*model));
  }
  // Each takes more than a statement's facts and a decision for each of its twenty.
  const std::size_t least = 20 * (sizeof(sql::StatementFacts) + sizeof(policy::EffectDecision));
  EXPECT_LE(cache.size() * least, 2 * VerdictCache::kMaxBytes);
}

}  // namespace
}  // namespace portcullis::guard
