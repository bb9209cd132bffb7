#include "guard/policy_tests.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace portcullis::guard {
namespace {

policy::PolicySet policy_with(const std::string& tests) {
  auto loaded = policy::PolicySet::load(
      "{\"version\": 1, \"name\": \"t\", \"agents\": {\"bot\": {\"login\": \"l\"}},\n"
      "\"rules\": [{\"id\": \"read\", \"allow\": [\"select\"], \"on\": [\"public.t\"], \"to\": [\"*\"]}],\n"
      "\"protect\": [{\"id\": \"pii\", \"on\": [\"app.users\"]}], \"tests\": [\n" +
      tests + "]}");
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "policy"));
  return std::move(*loaded.policy);
}

// Texts of these tests: "select NAME", "use NAME" (EXECUTE), "make NAME" (PREPARE), "make NAME; use NAME",
// "bad".
base::Result<sql::Facts> analyze(std::string_view text) {
  if (text == "bad") return base::Error{base::sqlstate::syntax_error, "syntax error at or near \"bad\""};
  sql::Facts facts;
  while (!text.empty()) {
    const auto end = std::min(text.find("; "), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    auto& statement = facts.statements.emplace_back();
    const std::string name(part.substr(part.find(' ') + 1));
    sql::Effect effect{};
    if (part.starts_with("use")) {
      statement.executes = name;
      effect.action = sql::Action::execute;
    } else if (part.starts_with("fetch")) {
      statement.fetches = name;
      effect.action = sql::Action::fetch;
    } else if (part.starts_with("make")) {
      statement.prepares = statement.declares_cursor = name;
      effect.action = sql::Action::prepare;
    } else {
      effect.action = sql::Action::select;
      effect.kind = sql::ObjectKind::relation;
      effect.object = name == "users" ? sql::Name{{}, "app", "users"} : sql::Name{{}, {}, name};
    }
    statement.effects.push_back(effect);
  }
  return facts;
}

std::vector<policy::Problem> failures(const std::string& tests) {
  return run_policy_tests(policy_with(tests), analyze);
}

TEST(PolicyTests, LookNamesUpInTheirSearchPath) {
  EXPECT_TRUE(failures(R"({"as": "bot", "sql": "select t", "search_path": ["public"], "expect": "allow"},
    {"as": "bot", "sql": "select t", "search_path": ["app"], "expect": "deny"},
    {"as": "bot", "sql": "select t", "search_path": ["public", "app"], "expect": "deny"})")
                  .empty());
}

TEST(PolicyTests, PassWhereTheVerdictIsAsExpected) {
  EXPECT_TRUE(failures(R"({"as": "bot", "sql": "select t", "expect": "allow"},
    {"as": "bot", "sql": "select t", "expect": "allow", "rule": "read"},
    {"as": "bot", "sql": "select u", "expect": "deny"},
    {"as": "bot", "sql": "select users", "expect": "deny", "rule": "pii"},
    {"as": "bot", "sql": "bad", "expect": "deny"})")
                  .empty());
}

TEST(PolicyTests, FailWithWhereWhatAndWhy) {
  const auto found = failures(
      "{\"as\": \"bot\", \"sql\": \"select t\", \"expect\": \"deny\"},\n"
      "  {\"as\": \"bot\", \"sql\": \"select u\", \"expect\": \"deny\", \"rule\": \"pii\"},\n"
      "{\"as\": \"bot\", \"sql\": \"bad\", \"expect\": \"ask\"}");
  EXPECT_EQ(policy::to_text(found, "p.json"),
            "p.json:4:1: the test expects deny for bot, the policy says allow by \"read\": select t\n"
            "p.json:5:3: the test expects deny by \"pii\" for bot, the policy says deny: select u "
            "(portcullis: denied: no rule "
            "allows SELECT on public.u. Allowed here: SELECT on public.t.)\n"
            "p.json:6:1: the test expects ask for bot, the policy says deny: bad (portcullis: refused: "
            "syntax error at or "
            "near \"bad\".)\n");
}

TEST(PolicyTests, KnowOnlyTheNamesThatTheirTextMade) {
  EXPECT_TRUE(failures(R"({"as": "bot", "sql": "use p", "expect": "deny"},
    {"as": "bot", "sql": "fetch c", "expect": "deny"},
    {"as": "bot", "sql": "make p; use p", "expect": "allow"},
    {"as": "bot", "sql": "make c; fetch c", "expect": "allow"},
    {"as": "bot", "sql": "use p; make p", "expect": "deny"},
    {"as": "bot", "sql": "make p; use q", "expect": "deny"})")
                  .empty());
}

}  // namespace
}  // namespace portcullis::guard
