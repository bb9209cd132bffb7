// What is recorded of a decision is all that a policy asks: judged again from the log it comes out as it did,
// by its own policy and by any other.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "audit/log.hpp"
#include "audit/read.hpp"
#include "base/clock.hpp"
#include "guard/guard.hpp"
#include "replay/learn.hpp"
#include "replay/past_decision.hpp"
#include "replay/replay.hpp"
#include "session/effect_traits.hpp"
#include "tests/support/big_stack.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/judgement/judged_shop.hpp"
#include "tests/unit/judgement/variants.hpp"

namespace portcullis::testing {
namespace {

// Beside those that are there: what sets something, calls what names something, adds columns, goes by routes.
constexpr const char* kMore[] = {
    "SET search_path = app, public",
    "SET search_path = elsewhere",
    "SET client_encoding = 'UTF8'",
    "SET client_encoding = 'LATIN1'",
    "SET work_mem = '1MB'",
    "SET portcullis.reason = 'why'",
    "SET ROLE bob",
    "RESET ROLE",
    "RESET ALL",
    "SHOW ALL",
    "SHOW work_mem",
    "SELECT set_config('work_mem', '1MB', false)",
    "SELECT set_config('search_path', 'app', false)",
    "SELECT set_config('search_path', 'elsewhere', false)",
    "SELECT set_config('search_path', note, false) FROM app.orders",
    "SELECT set_config(note, 'x', false) FROM app.orders",
    "SELECT current_setting('data_directory')",
    "SELECT current_setting('server_version')",
    "SELECT nextval('app.orders_id_seq')",
    "SELECT nextval('orders_id_seq')",
    "SELECT currval('app.orders_id_seq')",
    "SELECT nextval(note) FROM app.orders",
    "SELECT pg_input_is_valid('1', 'integer')",
    "SELECT pg_input_is_valid('1', 'app.email')",
    "SELECT pg_sleep(1)",
    "ALTER TABLE app.orders ADD COLUMN a int CHECK (a > 0)",
    "ALTER TABLE app.orders ADD COLUMN a app.email",
    "ALTER TABLE IF EXISTS app.nowhere ADD COLUMN a int",
    "DROP TABLE app.customers CASCADE",
    "DROP TABLE IF EXISTS app.nowhere",
    "DROP SCHEMA app CASCADE",
    "TRUNCATE app.orders CASCADE",
    "SELECT value FROM secret.measured_2024",
    "SELECT day FROM app.readings_2025",
    "SELECT app.order_total(1)",
    "SELECT app.order_total('x')",
    "CALL app.purge()",
    "SELECT to_json(status) FROM app.orders",
    "SELECT rolpassword FROM pg_authid",
    "SELECT relname FROM pg_class",
    "SELECT * FROM pg_stat_activity",
    "BEGIN; UPDATE app.orders SET note = 'x' WHERE id = 1; COMMIT",
    "CREATE TABLE app.more (id int, body app.email, mood app.mood)",
    "CREATE VIEW app.all_orders AS SELECT * FROM app.orders",
    "DO 'BEGIN END'",
    "COPY app.orders FROM STDIN",
    "COPY (SELECT id FROM app.orders) TO STDOUT",
    "DELETE FROM app.customers WHERE id = 1",
    "UPDATE app.\"Mixed\" SET \"Value\" = 'x' WHERE id = 1",
    "GRANT SELECT ON app.orders TO public",
    "EXPLAIN ANALYZE SELECT id FROM app.orders",
    "CREATE ROLE bob",
    "LISTEN orders",
    "SELECT 1",
    "VACUUM app.orders",
    "COMMENT ON TABLE app.orders IS 'x'",
};

std::vector<std::string> texts() {
  std::vector<std::string> all(std::begin(kMore), std::end(kMore));
  std::ifstream in(PORTCULLIS_JUDGED_STATEMENTS);
  for (std::string line; std::getline(in, line);) {
    const std::size_t bar = line.find(" | ");
    if (!line.starts_with('#') && bar != std::string::npos) all.push_back(plain(line.substr(bar + 3)));
  }
  return all;
}

// A policy that nobody would write: a handful of rules by chance.
std::string chance_policy(unsigned seed) {
  std::mt19937 chance(seed);
  const auto pick = [&](const std::vector<std::string>& of) { return of[chance() % of.size()]; };
  const std::vector<std::string> objects{"\"app.*\"",
                                         "\"app.orders\"",
                                         "\"app.orders(id, note)\"",
                                         "\"app.customers(id, name)\"",
                                         "\"app.customers\"",
                                         "\"secret.*\"",
                                         "\"app.people\"",
                                         "\"app.measured\"",
                                         "\"app.readings\"",
                                         "\"app.order_items\"",
                                         "\"*.*\"",
                                         "\"app.events\"",
                                         "\"app.orders_id_seq\"",
                                         "\"app.\\\"Mixed\\\"\"",
                                         "\"app.contacts\"",
                                         "\"app.accounts\""};
  const std::vector<std::string> actions{R"("select")",
                                         R"("insert")",
                                         R"("update", "delete")",
                                         R"("select", "update")",
                                         R"("alter table add column")",
                                         R"("drop table", "truncate")",
                                         R"("create table", "create view", "comment")"};
  std::string rules;
  for (int i = 0; i < 8; ++i) {
    const auto verb = pick({"allow", "allow", "allow", "allow", "deny", "ask"});
    const auto action = pick(actions);
    const auto one = pick(objects), other = pick(objects);
    std::string rule = "{\"id\": \"r" + std::to_string(i) + "\", \"" + verb + "\": [" + action +
                       "], \"on\": [" + one + (one == other ? "" : ", " + other) + "], \"to\": [\"*\"]";
    if (verb == "allow" && action.find("update") != std::string::npos && chance() % 2 == 0)
      rule += R"(, "require": ["where"])";
    if (verb == "allow" && chance() % 6 == 0) rule += R"(, "mode": "monitor")";
    if (verb == "ask") rule += R"(, "of": {"reviewers": "dba", "count": 1, "expires": "1h"})";
    if (verb == "allow" && action.find("add column") != std::string::npos)
      rule += R"(, "when": {"default": ["none"], "type": "base"})";
    rules += (i == 0 ? "" : ",\n") + rule + "}";
  }
  std::string policy =
      R"({"version": 1, "name": "chance", "agents": {"bot": {"login": "b"}}, "reviewers": {"dba": ["ada"]}, )";
  if (chance() % 2 == 0) policy += R"("protect": [{"id": "p", "on": [)" + pick(objects) + "]}], ";
  if (chance() % 2 == 0)
    policy += R"j("functions": {"allow": ["app.order_total(int4)", "app.trip", "app.on_event()"]}, )j";
  if (chance() % 2 == 0) policy += R"("settings": {"allow": ["work_mem"]}, )";
  return policy + "\"rules\": [" + rules + "]}";
}

struct Judged {
  catalog::Resolution resolution;
  guard::Verdict verdict;
};

class Replayed : public ::testing::Test {
 protected:
  static std::shared_ptr<const policy::PolicySet> load(const std::string& text) {
    auto loaded = policy::PolicySet::load(text);
    if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy") + text);
    return std::make_shared<const policy::PolicySet>(*std::move(loaded.policy));
  }

  // All texts, judged by the policy, as decisions of a log in the folder.
  void record(const std::shared_ptr<const policy::PolicySet>& policy,
              const std::vector<std::string>& statements, bool store_text = true) {
    const guard::Guard guard(policy, std::make_shared<const policy::Bound>(policy->bind(*snapshot_)));
    auto log = audit::Log::open({.directory = folder_.path() / "log",
                                 .origin = "test",
                                 .text = store_text ? audit::TextMode::plain : audit::TextMode::none},
                                clock_);
    ASSERT_TRUE(log) << log.error().message;
    ASSERT_TRUE((*log)->append(audit::PolicyRecord{policy->policy_name(), policy->hash(), policy->bytes()}));
    for (const auto& text : statements) {
      const auto facts = analyze_on_big_stack(text);
      ASSERT_TRUE(facts) << text;
      const auto verdict =
          guard.decide(*facts, {.agent = "bot", .names = &names_, .snapshot = snapshot_.get(), .text = text});
      audit::DecisionRecord decision;
      decision.agent = "bot";
      decision.message = "Query";
      decision.verdict = name(verdict.outcome);
      decision.kinds = {facts->statements.front().kind};
      decision.text = text;
      decision.policy_hash = policy->hash();
      decision.catalog = "c";
      if (verdict.refusal) decision.sqlstate = verdict.refusal->code.view();
      for (const auto& effect : verdict.decision.effects)
        decision.effects.push_back(session::effect_record(effect, verdict.resolution.get(), snapshot_.get()));
      const auto appended = (*log)->append(decision);
      ASSERT_TRUE(appended) << appended.error().message;
      judged_.push_back(verdict);
    }
  }

  [[nodiscard]] std::vector<replay::PastDecision> past() const {
    std::vector<replay::PastDecision> all;
    audit::EntryFilter decisions;
    decisions.type = audit::EntryType::decision;
    const auto read =
        audit::for_each_entry(folder_.path() / "log", decisions, [&](const audit::EntryReader& entry) {
          all.push_back(replay::past_decision(entry));
          return true;
        });
    EXPECT_TRUE(read) << read.error().message;
    return all;
  }

  const std::shared_ptr<const catalog::Snapshot> snapshot_ = judged_shop();
  const catalog::NameSpace names_{{"app", "public"}};
  base::SystemClock clock_;
  TemporaryFolder folder_;
  std::vector<guard::Verdict> judged_;
};

std::string text_of(const policy::Decision& decision) {
  std::string text(name(decision.outcome));
  for (const auto& effect : decision.effects) {
    text += "\n  " + std::string(sql::name(effect.action)) + ' ' + sql::to_text(effect.object) + ": " +
            std::string(name(effect.outcome)) + " by " + effect.rule + ' ' + std::string(name(effect.ground));
  }
  return text;
}

TEST_F(Replayed, AnyPolicySaysOfTheRecordWhatItSaysOfTheStatement) {
  record(load(kJudgedPolicy), texts());
  const auto all = past();
  const auto statements = texts();
  ASSERT_EQ(all.size(), statements.size());
  std::set<std::string> outcomes;
  std::size_t policies = 0;
  for (unsigned seed = 0; seed < 600; ++seed) {
    // A rule may name columns where none can be, or only what is protected: no policy, then.
    auto loaded = policy::PolicySet::load(chance_policy(seed));
    if (!loaded.policy) continue;
    ++policies;
    const auto policy = std::make_shared<const policy::PolicySet>(*std::move(loaded.policy));
    const auto bound = policy->bind(*snapshot_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(all[i].unclear, "") << statements[i];
      const auto direct = policy->evaluate(*judged_[i].resolution, {"bot"}, &bound);
      const auto known = policy->bind(all[i].known);
      const auto again = policy->evaluate(all[i].resolution, {"bot"}, &known);
      ASSERT_EQ(text_of(again), text_of(direct)) << statements[i] << "\n" << policy->bytes();
      outcomes.insert(text_of(direct).substr(0, 4));
    }
  }
  EXPECT_GT(policies, 100u);
  EXPECT_EQ(outcomes.size(), 4u);  // allow, would_deny, ask, deny
}

TEST_F(Replayed, ByItsOwnPolicyEveryDecisionIsAsItWas) {
  for (const bool store_text : {true, false}) {
    const auto policy = load(kJudgedPolicy);
    record(policy, texts(), store_text);
    const auto report = replay::replay(folder_.path() / "log", *policy, nullptr, {});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->judged, judged_.size());
    EXPECT_EQ(report->changed(), 0u);
    EXPECT_EQ(report->untold, 0u);
    const auto allowed =
        std::count_if(judged_.begin(), judged_.end(), [](const auto& v) { return v.allowed(); });
    EXPECT_EQ(report->same[0], static_cast<std::uint64_t>(allowed));
    EXPECT_EQ(report->unread, 0u);
  }
}

// A policy that watches: everything is recorded, and nothing held back.
constexpr const char* kWatching =
    R"({"version": 1, "name": "watch", "mode": "monitor", "agents": {"bot": {"login": "b", "owner": "ada"}}, "rules": []})";

// The file as a value, to be changed and written again.
nlohmann::json value_of(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, true, true);
}

class LearntPolicy : public Replayed {
 protected:
  // Of some texts by chance.
  std::vector<std::string> some(unsigned seed) {
    std::mt19937 chance(seed);
    std::vector<std::string> chosen;
    for (const auto& text : texts()) {
      if (chance() % 8 == 0) chosen.push_back(text);
    }
    return chosen;
  }
  [[nodiscard]] static bool always(const policy::PolicySet&, const replay::LearntTest&) { return true; }
};

TEST_F(LearntPolicy, ItAllowsWhatItWasLearntFromAndEachRuleIsNeeded) {
  std::size_t rules = 0;
  for (unsigned seed = 0; seed < 25; ++seed) {
    std::filesystem::remove_all(folder_.path() / "log");
    record(load(kWatching), some(seed));
    const auto lesson = replay::learn(folder_.path() / "log", {}, false);
    ASSERT_TRUE(lesson) << lesson.error().message;
    const auto text = replay::policy_text(*lesson, "learnt", [](const auto&, const auto&) { return false; });
    const auto loaded = policy::PolicySet::load(text);
    ASSERT_TRUE(loaded.policy) << policy::to_text(loaded.problems, "learnt") << text;
    ASSERT_EQ(replay::not_allowed(*lesson, *loaded.policy), lesson->beyond) << text;
    const auto whole = value_of(text);
    for (std::size_t i = 0; i < whole["rules"].size(); ++i, ++rules) {
      auto less = whole;
      less["rules"].erase(i);
      EXPECT_NE(replay::not_allowed(*lesson, *load(less.dump())), lesson->beyond)
          << "not needed: " << whole["rules"][i] << "\n"
          << text;
    }
  }
  EXPECT_GT(rules, 60u);
}

TEST_F(LearntPolicy, NothingIsOpenedByAStarAndTheEvidenceIsThere) {
  record(load(kWatching), {"SELECT id, note FROM app.orders", "SELECT status FROM app.orders",
                           "DELETE FROM app.order_items WHERE line = 1", "SELECT app.order_total(1)"});
  const auto lesson = replay::learn(folder_.path() / "log", {}, false);
  ASSERT_TRUE(lesson);
  EXPECT_TRUE(lesson->beyond.empty());
  const auto text = replay::policy_text(*lesson, "learnt", always);
  const auto policy = value_of(text);
  EXPECT_EQ(policy["agents"], (nlohmann::json{{"bot", {{"login", "b"}, {"owner", "ada"}}}}));
  ASSERT_EQ(policy["rules"].size(), 2u) << text;
  EXPECT_EQ(policy["rules"][0]["allow"], nlohmann::json{"delete"});
  EXPECT_EQ(policy["rules"][0]["require"], nlohmann::json{"where"});
  EXPECT_EQ(policy["rules"][1]["on"],
            (nlohmann::json{"app.order_items(line)", "app.orders(id, note, status)"}));
  EXPECT_EQ(policy["functions"]["allow"], (nlohmann::json{"app.order_total(int4)", "app.order_total(text)"}));
  EXPECT_NE(text.find("\"app.orders(id, note, status)\"  // 2 records: 3, 4\n"), std::string::npos) << text;
  EXPECT_EQ(policy["rules"].dump().find('*'), std::string::npos);
  std::set<std::string> expected;
  for (const auto& test : policy["tests"]) expected.insert(test["expect"].get<std::string>());
  EXPECT_EQ(expected, (std::set<std::string>{"allow", "deny"}));
}

TEST_F(LearntPolicy, WhatNoPolicyCanAllowIsNamed) {
  record(load(kWatching),
         {"SELECT id FROM app.orders", "DO 'BEGIN END'", "SELECT pg_read_file('x')", "SET ROLE bob"});
  const auto lesson = replay::learn(folder_.path() / "log", {}, false);
  ASSERT_TRUE(lesson);
  std::set<std::uint64_t> records;
  for (const auto& [untold, evidence] : lesson->beyond) records.insert(evidence.first);
  EXPECT_EQ(records, (std::set<std::uint64_t>{4, 5, 6}));
}

}  // namespace
}  // namespace portcullis::testing
