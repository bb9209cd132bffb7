#include <algorithm>

#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

std::vector<Problem> problems_of(const std::string& text) {
  const auto loaded = PolicySet::load(text);
  EXPECT_EQ(loaded.policy.has_value(), loaded.problems.empty());
  return loaded.problems;
}

// A policy whose part under test stands on lines of its own, from line 5 on.
std::string with_rule(const std::string& rule) {
  return "{\"version\": 1, \"name\": \"t\", \"reviewers\": {\"dba\": [\"ada\", \"grace\"]},\n"
         "\"agents\": {\"bot\": {\"login\": \"l\"}}, \"groups\": {\"empty\": {}},\n"
         "\"protect\": [{\"id\": \"pii\", \"on\": [\"app.users\"], \"except\": [\"select\"]}],\n"
         "\"rules\": [\n" +
         rule + "\n]}";
}
std::vector<Problem> rule_problems(const std::string& rule) {
  return problems_of(with_rule(rule));
}

#define EXPECT_PROBLEMS(text, ...) EXPECT_EQ(text, (std::vector<Problem>{__VA_ARGS__}))

TEST(Load, ReadsEveryPart) {
  const auto policy = loaded(R"(// comments of both kinds
    { "$schema": "./policy.schema.json", "version": 1, "name": "shop-production", "mode": "enforce", /* here */
      "agents": { "migrator": { "login": "agent_migrator", "groups": ["etl"], "owner": "ada" },
                  "analyst": { "login": "agent analyst" } },
      "groups": { "etl": { "description": "schema repair" } },
      "reviewers": { "dba": ["ada", "grace"] },
      "rules": [ { "id": "read", "allow": ["select"], "on": ["app.orders"], "to": ["*"] } ],
      "tests": [ { "as": "analyst", "sql": "SELECT 1", "expect": "allow" },
                 { "as": "migrator", "sql": "DROP TABLE app.orders", "expect": "deny", "rule": "read" } ] })");
  EXPECT_EQ(policy.policy_name(), "shop-production");
  ASSERT_EQ(policy.agents().size(), 2U);
  EXPECT_EQ(policy.agents()[0].groups, (std::vector<std::string>{"etl"}));
  EXPECT_EQ(policy.agents()[0].owner, "ada");
  ASSERT_NE(policy.agent_by_login("agent analyst"), nullptr);
  EXPECT_EQ(policy.agent_by_login("agent analyst")->name, "analyst");
  EXPECT_EQ(policy.agent_by_login("analyst"), nullptr);
  EXPECT_EQ(policy.agent_by_name("migrator")->login, "agent_migrator");
  EXPECT_EQ(policy.agent_by_name(""), nullptr);
  ASSERT_EQ(policy.tests().size(), 2U);
  EXPECT_EQ(policy.tests()[1].line, 9U);
  EXPECT_EQ(policy.tests()[1].column, 18U);
  EXPECT_EQ(policy.tests()[1].expect, Outcome::deny);
  EXPECT_EQ(policy.tests()[1].rule, "read");
}

TEST(Load, KeepsTheBytesAndTheirHash) {
  const std::string text = policy_text("");
  const auto policy = loaded(text);
  EXPECT_EQ(policy.bytes(), text);
  EXPECT_EQ(policy.hash().size(), 64U);
  EXPECT_EQ(policy.hash(), loaded(text).hash());
  EXPECT_NE(policy.hash(), loaded(text + " ").hash());
  // FIPS 180-4's algorithm over a text of its own, from another implementation.
  EXPECT_EQ(loaded(R"({"version":1,"name":"n","agents":{"a":{"login":"l"}},"rules":[]})").hash(),
            "e42b889462f4322444e98b192a69ffeca5c3a3c1d203a36f68389fdf3dd816c4");
}

TEST(Load, WantsAnObjectWithItsParts) {
  EXPECT_PROBLEMS(problems_of("[]"), {1, 1, "a policy is one object: write { ... }"});
  EXPECT_PROBLEMS(problems_of("{}"), {1, 1, "the policy lacks \"version\", a whole number"},
                  {1, 1, "the policy lacks \"name\", a string"},
                  {1, 1, "the policy lacks \"agents\", an object"},
                  {1, 1, "the policy lacks \"rules\", a list"});
  EXPECT_PROBLEMS(
      problems_of("{\"version\": 2, \"name\": \"\", \"agents\": {}, \"rules\": {}}"),
      {1, 13, "the version of the format is 1: write 1"},
      {1, 24, "the policy's name is \"\": write 1 to 63 bytes of letters, digits, \"_\", \"-\" and \".\""},
      {1, 38, "\"agents\" is empty: name at least one, for a rule without agents can never match"},
      {1, 51, "\"rules\" must be a list"});
  EXPECT_EQ(problems_of("{").size(), 1U);
}

TEST(Load, TellsUnknownKeysFromThoseNotEnforcedYet) {
  const std::string start =
      "{\"version\": 1, \"name\": \"n\", \"agents\": {\"a\": {\"login\": \"l\"}}, \"rules\": []";
  EXPECT_TRUE(
      problems_of(start + ",\n\"limits\": {},\n\"functions\": {}, \"settings\": {},\n\"mode\": \"monitor\"}")
          .empty());
  EXPECT_PROBLEMS(problems_of(start + ",\n\"protects\": [],\n\"frobnicate\": 1, \"mode\": \"enforced\"}"),
                  {2, 1, "unknown key \"protects\" in the policy: did you mean \"protect\"?"},
                  {3, 1, "unknown key \"frobnicate\" in the policy: take it out"},
                  {3, 26, "\"mode\" must be \"enforce\" or \"monitor\""});
}

TEST(Load, ChecksWhoThereIs) {
  EXPECT_PROBLEMS(
      problems_of("{\"version\": 1, \"name\": \"n\", \"rules\": [],\n"
                  "\"groups\": {\"etl\": {}, \"ops\": []},\n"
                  "\"agents\": {\n"
                  " \"a\": {\"login\": \"one\", \"groups\": [\"etx\"]},\n"
                  " \"b\": {\"login\": \"one\"},\n"
                  " \"etl\": {\"login\": \"\"},\n"
                  " \"c d\": {\"login\": \"two\"},\n"
                  " \"e\": {\"lgoin\": \"three\"},\n"
                  " \"f\": 1},\n"
                  "\"reviewers\": {\"dba\": [\"ada\", \"a\", \"ada\"], \"none\": []}}"),
      {2, 30, "a group is an object: write {}"}, {4, 35, "there is no group \"etx\": did you mean \"etl\"?"},
      {5, 17, "the login \"one\" is another agent's already: give each its own"},
      {6, 2, "\"etl\" is a group and an agent: rename one of the two"},
      {6, 19, "a login has 1 to 63 bytes, none of them a control character"},
      {7, 2,
       "the name of an agent is \"c d\": write 1 to 63 bytes of letters, digits, \"_\", \"-\" and \".\""},
      {8, 7, "the agent lacks \"login\", a string"},
      {8, 8, "unknown key \"lgoin\" in an agent: did you mean \"login\"?"},
      {9, 7, "an agent is an object: write { \"login\": ... }"},
      {10, 30, "\"a\" is an agent: only people can approve"},
      {10, 35, "\"ada\" stands twice in \"dba\": take one out"},
      {10, 51, "\"none\" must be a list of at least one string"});
}

TEST(Load, ChecksProtections) {
  const auto problems = problems_of(
      "{\"version\": 1, \"name\": \"n\", \"agents\": {\"a\": {\"login\": \"l\"}}, \"rules\": [], "
      "\"protect\": [\n"
      "{\"id\": \"one\", \"on\": [\"users\", \"*.secret\", \"app.customers()\"]},\n"
      "{\"id\": \"one\", \"on\": [], \"excpet\": []},\n"
      "{\"id\": \"two\", \"on\": [\"app.x\"], \"except\": [\"selct\"]},\n"
      "{\"id\": \"all\", \"on\": [\"app.x\"], \"except\": [\"all\"]},\n"
      "{\"on\": [\"app.x\"]}, 1]}");
  EXPECT_PROBLEMS(
      problems,
      {2, 22, "\"users\" has no schema: write schema.users, for a rule must not depend on a search_path"},
      {2, 31, "\"*.secret\" is no pattern: write schema.*, *.* or the name of an object"},
      {2, 43, "\"app.customers()\" has no list of columns behind it: write schema.table(a, b)"},
      {3, 8, "the id \"one\" is used twice: rules and protections share their ids"},
      {3, 21, "\"on\" must be a list of at least one string"},
      {3, 25, "unknown key \"excpet\" in a protection: did you mean \"except\"?"},
      {4, 43, "unknown action \"selct\": did you mean \"select\"?"},
      {5, 1, "the protection excepts every action: take it out"},
      {6, 1, "the protection lacks \"id\", a string"},
      {6, 20, "a protection is an object: write { \"id\": ..., \"on\": [...] }"});
}

TEST(LoadRule, ChecksActions) {
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "on": ["app.t"], "to": ["bot"]})"),
                  {5, 1, "the rule lacks \"allow\", \"ask\" or \"deny\", a list of actions"});
  EXPECT_PROBLEMS(
      rule_problems(
          R"({"id": "r", "allow": ["select"], "deny": ["insert"], "on": ["app.t"], "to": ["bot"]})"),
      {5, 42, "a rule has one of \"allow\", \"ask\" and \"deny\": make two rules of this"});
  EXPECT_PROBLEMS(
      rule_problems(
          R"({"id": "r", "allow": ["alter table ad column", "drop*"], "on": ["app.t"], "to": ["bot"]})"),
      {5, 23, "unknown action \"alter table ad column\": did you mean \"alter table add column\"?"},
      {5, 48,
       "unknown action \"drop*\": write it in lower case, as in \"alter table add column\" or \"drop *\""});
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "allow": ["do"], "to": ["bot"]})"),
                  {5, 23, "\"do\" cannot be allowed: it runs code that the gate cannot read"});
  EXPECT_PROBLEMS(
      rule_problems(R"({"id": "r", "allow": ["set"], "to": ["bot"]})"),
      {5, 23,
       "\"set\" cannot be allowed: the settings that are harmless are free for everyone: name others under "
       "\"settings\""});
  EXPECT_PROBLEMS(
      rule_problems(R"({"id": "r", "allow": ["create temporary *"], "on": ["app.t"], "to": ["bot"]})"),
      {5, 23, "none of \"create temporary *\" can be allowed"});
  EXPECT_TRUE(rule_problems(R"({"id": "r", "deny": ["do", "set"], "to": ["bot"]})").empty());
}

TEST(LoadRule, ChecksOn) {
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "allow": ["select"], "to": ["bot"]})"),
                  {5, 23, "\"select\" needs \"on\", a list of names: it is done to objects of a schema"});
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "allow": ["comment"], "to": ["bot"]})"),
                  {5, 23, "\"comment\" needs \"on\", a list of names: it is done to objects of a schema"});
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "allow": ["create schema"], "on": ["app.t"], "to": ["bot"]})"),
                  {5, 23,
                   "\"create schema\" is done to nothing that \"on\" can name, so it can never match: give "
                   "it a rule of its "
                   "own without \"on\""});
  EXPECT_PROBLEMS(
      rule_problems(R"({"id": "r", "allow": ["execute function"], "on": ["app.*"], "to": ["bot"]})"),
      {5, 23,
       "a function must be named, for no star opens one: write schema.function in \"on\", or its signature "
       "under "
       "\"functions\""});
  EXPECT_PROBLEMS(
      rule_problems(R"j({"id": "r", "allow": ["select", "delete"], "on": ["app.t(a)"], "to": ["bot"]})j"),
      {5, 33, "\"delete\" is done to a table as a whole, never to columns: name the table without them"});
  EXPECT_TRUE(rule_problems(R"j({"id": "r", "allow": ["all"], "on": ["app.*", "app.t(a)"], "to": ["bot"]})j")
                  .empty());
  EXPECT_PROBLEMS(
      rule_problems(R"({"id": "r", "allow": ["select"], "on": ["app.t", "app.t"], "to": ["bot"]})"),
      {5, 50, "\"app.t\" stands twice in \"on\": take one out"});
  EXPECT_TRUE(
      rule_problems(R"({"id": "r", "allow": ["create schema", "create role"], "to": ["bot"]})").empty());
  EXPECT_TRUE(rule_problems(R"({"id": "r", "deny": ["drop *"], "to": ["bot"]})").empty());
}

TEST(LoadRule, OpensCatalogsForReadingOnly) {
  EXPECT_PROBLEMS(
      rule_problems(
          R"({"id": "r", "allow": ["select", "update"], "on": ["pg_catalog.pg_class"], "to": ["bot"]})"),
      {5, 51,
       "\"pg_catalog.pg_class\" belongs to PostgreSQL: only \"select\" can be allowed on its tables and "
       "views"});
  EXPECT_PROBLEMS(
      rule_problems(R"({"id": "r", "ask": ["all"], "on": ["information_schema.tables"], "to": ["bot"],
"of": {"reviewers": "dba"}})"),
      {5, 36,
       "\"information_schema.tables\" belongs to PostgreSQL: only \"select\" can be allowed on its tables "
       "and "
       "views"});
  EXPECT_PROBLEMS(
      rule_problems(
          R"({"id": "r", "allow": ["execute function"], "on": ["pg_catalog.pg_read_file"], "to": ["bot"]})"),
      {5, 51,
       "\"execute function\" cannot be allowed on \"pg_catalog.pg_read_file\": reads or lists files of the "
       "server"});
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "allow": ["select"], "on": ["pg_catalog.*"], "to": ["bot"]})"),
                  {5, 41,
                   "\"pg_catalog.*\" would open what PostgreSQL hides: what is harmless in it is open to "
                   "everyone, name the "
                   "others"});
  EXPECT_TRUE(
      rule_problems(R"({"id": "r", "allow": ["select"], "on": ["information_schema.tables"], "to": ["bot"]})")
          .empty());
  EXPECT_TRUE(
      rule_problems(R"({"id": "r", "deny": ["all"], "on": ["pg_catalog.pg_proc"], "to": ["bot"]})").empty());
}

TEST(LoadRule, ChecksTo) {
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "allow": ["select"], "on": ["app.t"]})"),
                  {5, 1, "the rule lacks \"to\", a list"});
  EXPECT_PROBLEMS(
      rule_problems(
          R"({"id": "r", "allow": ["select"], "on": ["app.t"], "to": ["bto", "empty", "nobody-at-all"]})"),
      {5, 58, "there is no agent or group \"bto\": did you mean \"bot\"?"},
      {5, 65, "group \"empty\" has no agents, so the rule can never match: put agents in it or take it out"},
      {5, 74, "there is no agent or group \"nobody-at-all\": name it first, or write \"*\""});
}

TEST(LoadRule, ChecksWhen) {
  const auto when = [](const std::string& actions, const std::string& condition) {
    return rule_problems(R"({"id": "r", "allow": [)" + actions + R"(], "on": ["app.t"], "to": ["bot"],)" +
                         "\n\"when\": " + condition + "}");
  };
  const std::string add = "\"alter table add column\"";
  EXPECT_TRUE(
      when(add, R"({"default": ["none", "constant", "other"], "nullable": false, "type": "base"})").empty());
  EXPECT_PROBLEMS(
      when("\"select\"", R"({"nullable": true})"),
      {6, 9, "\"when\" speaks of the new column: give \"alter table add column\" a rule of its own"});
  EXPECT_PROBLEMS(when(add, "{}"), {6, 9,
                                    "\"when\" must be an object with \"default\", \"nullable\", \"type\" or "
                                    "\"confidence_below\" in it"});
  EXPECT_PROBLEMS(
      when(add,
           R"({"default": "none", "nullable": 1, "type": "int", "confidence_below": "8", "nulable": 1})"),
      {6, 21, "\"default\" must be a list of at least one string"},
      {6, 41, "\"nullable\" must be true or false, not a whole number"},
      {6, 52, "\"type\" must be \"base\": one of PostgreSQL's own types"},
      {6, 79, "\"confidence_below\" must be a number from 0 to 1"},
      {6, 84, "unknown key \"nulable\" in \"when\": did you mean \"nullable\"?"});
  EXPECT_PROBLEMS(when(add, R"({"default": ["constnat"]})"),
                  {6, 22, "\"constnat\" is no kind of default: write \"none\", \"constant\" or \"other\""});
}

TEST(LoadRule, ChecksRequireAndLimits) {
  const auto more = [](const std::string& verb, const std::string& actions, const std::string& rest) {
    return rule_problems(R"({"id": "r", ")" + verb + R"(": [)" + actions +
                         R"(], "on": ["app.t"], "to": ["bot"],)" + "\n" + rest + "}");
  };
  EXPECT_TRUE(more("allow", "\"insert\", \"update\"", R"("require": ["where"])").empty());
  EXPECT_PROBLEMS(more("allow", "\"select\"", R"("require": ["where"])"),
                  {6, 13, "only \"update\" and \"delete\" can have a WHERE: take \"require\" out"});
  EXPECT_PROBLEMS(more("deny", "\"update\"", R"("require": ["where"])"),
                  {6, 12, "a deny rule requires nothing: take \"require\" out"});
  EXPECT_PROBLEMS(more("allow", "\"update\"",
                       R"("require": ["dry run", "reason", "luck"], "limits": {}, "mode": "monitor")"),
                  {6, 34, "unknown requirement \"luck\": write \"where\", \"reason\" or \"dry run\""},
                  {6, 53, "a rule's limits are an object: write { \"rate\": \"5/hour\" }"});
}

TEST(LoadRule, ChecksWhatIsTriedOut) {
  const auto more = [](const std::string& actions, const std::string& rest) {
    return rule_problems(R"({"id": "r", "allow": [)" + actions + R"(], "on": ["app.t"], "to": ["bot"],)" +
                         "\n" + rest + "}");
  };
  const auto alter = [&](const std::string& bounds) {
    return more("\"alter table add column\"", R"("require": ["dry run"], "dry_run": )" + bounds);
  };
  EXPECT_TRUE(alter(R"({"max_lock": "SHARE", "rewrite": false, "full_scan": false,
                        "max_duration": "1-10 s", "incomplete": true})")
                  .empty());
  EXPECT_PROBLEMS(alter("{}"),
                  {6, 36, "\"dry_run\" is an object with at least one bound: write { \"rewrite\": false }"});
  EXPECT_PROBLEMS(
      alter(R"({"max_lock": "share", "rewrite": true, "max_duration": "1 s", "max_locks": "SHARE"})"),
      {6, 49,
       "\"share\" is no lock mode: write one of LOCK TABLE's in capitals, such as \"SHARE UPDATE "
       "EXCLUSIVE\""},
      {6, 69, "\"rewrite\" is allowed where it is not forbidden: write false, or take it out"},
      {6, 91,
       "\"1 s\" is no class of duration: write \"under 1 s\", \"1-10 s\", \"10-100 s\", \"minutes\" or "
       "\"hours\""},
      {6, 98, "unknown key \"max_locks\" in \"dry_run\": did you mean \"max_lock\"?"});
  EXPECT_PROBLEMS(more("\"alter table add column\"", R"("dry_run": {"rewrite": false})"),
                  {6, 12, "\"dry_run\" bounds what is tried out: write \"require\": [\"dry run\"] with it"});
  const auto update = [&](const std::string& rows) {
    return more("\"update\"", R"("require": ["dry run"], "dry_run": {"rows": )" + rows + "}");
  };
  EXPECT_TRUE(update("0").empty());
  EXPECT_TRUE(update("1000000").empty());
  EXPECT_PROBLEMS(update("-1"), {6, 45, "\"rows\" is -1: write a number from 0 to 1000000"});
  EXPECT_PROBLEMS(update("1.5"), {6, 45, "\"rows\" must be a whole number, not a number with a fraction"});
  EXPECT_TRUE(more("\"create table as\"", R"("require": ["dry run"], "dry_run": {"rows": 5})").empty());
  EXPECT_PROBLEMS(
      alter(R"({"rows": 5})"),
      {6, 45,
       "\"rows\" bounds how many rows are changed, and the rule names no action that changes any: "
       "take it out"});
  const auto on_rows = [&](const std::string& action, const std::string& rows) {
    return more('"' + action + '"', R"("require": ["dry run"], "dry_run": {"target_rows": )" + rows + "}");
  };
  EXPECT_TRUE(on_rows("update", "1").empty());
  EXPECT_TRUE(on_rows("delete", "1000").empty());
  EXPECT_PROBLEMS(on_rows("update", "0"), {6, 52, "\"target_rows\" is 0: write a number from 1 to 1000"});
  EXPECT_PROBLEMS(on_rows("update", "1001"),
                  {6, 52, "\"target_rows\" is 1001: write a number from 1 to 1000"});
  EXPECT_PROBLEMS(
      on_rows("insert", "5"),
      {6, 52,
       "\"target_rows\" is for rows that an UPDATE or DELETE changes, and the rule names neither: "
       "take it out"});
  for (const std::string action : {"create index concurrently", "drop index concurrently", "vacuum"})
    EXPECT_TRUE(more('"' + action + '"', R"("require": ["dry run"])").empty()) << action;
  EXPECT_PROBLEMS(more("\"copy to stdout\"", R"("require": ["dry run"])"),
                  {6, 13,
                   "nothing that this rule names can be tried out, so the rule would refuse all of it: take "
                   "\"dry run\" out"});
}

TEST(LoadRule, ChecksWhoIsAsked) {
  const auto of = [](const std::string& verb, const std::string& rest) {
    return rule_problems(R"({"id": "r", ")" + verb + R"(": ["select"], "on": ["app.t"], "to": ["bot"])" +
                         rest + "}");
  };
  EXPECT_TRUE(of("ask", ",\n\"of\": {\"reviewers\": \"dba\", \"count\": 2, \"expires\": \"90min\"}").empty());
  EXPECT_PROBLEMS(of("ask", ""),
                  {5, 1, "an ask rule needs \"of\": write { \"reviewers\": ... } with who is asked"});
  EXPECT_PROBLEMS(of("allow", ",\n\"of\": {\"reviewers\": \"dba\"}"),
                  {6, 7, "\"of\" says who is asked: only an ask rule has it"});
  EXPECT_PROBLEMS(
      of("ask", ",\n\"of\": {\"reviewers\": \"dbas\", \"count\": 0, \"expires\": \"soon\", \"x\": 1}"),
      {6, 21, "there are no reviewers \"dbas\": did you mean \"dba\"?"},
      {6, 38, "\"count\" is 0: write a number from 1 to 100"},
      {6, 52, "\"soon\" is no duration: write a whole number and ms, s, min, h or d"},
      {6, 60, "unknown key \"x\" in \"of\": take it out"});
  EXPECT_PROBLEMS(of("ask", ",\n\"of\": {\"reviewers\": \"dba\", \"count\": 3}"),
                  {6, 37, "\"dba\" has only 2 reviewers"});
  for (const auto* wrong : {"", "h", "0s", "1", "1 h", "-1s", "1h30", "1234567890s", "1.5h"}) {
    EXPECT_EQ(
        of("ask", std::string(",\"of\": {\"reviewers\": \"dba\", \"expires\": \"") + wrong + "\"}").size(),
        1U)
        << wrong;
  }
}

TEST(LoadRule, RefusesWhatAProtectionSwallows) {
  const std::string swallowed =
      "the rule can never hold: \"protect\" covers all that it names; take the rule out, or make an "
      "\"except\" in the "
      "protection";
  EXPECT_PROBLEMS(rule_problems(R"({"id": "r", "allow": ["update"], "on": ["app.users"], "to": ["bot"]})"),
                  {5, 8, swallowed});
  EXPECT_PROBLEMS(
      rule_problems(
          R"({"id": "r", "ask": ["update"], "on": ["app.users"], "to": ["bot"], "of": {"reviewers": "dba"}})"),
      {5, 8, swallowed});
  EXPECT_TRUE(
      rule_problems(R"({"id": "r", "allow": ["update"], "on": ["app.users", "app.t"], "to": ["bot"]})")
          .empty());
  EXPECT_TRUE(
      rule_problems(R"({"id": "r", "allow": ["select", "update"], "on": ["app.users"], "to": ["bot"]})")
          .empty());
  EXPECT_TRUE(
      rule_problems(R"({"id": "r", "deny": ["update"], "on": ["app.users"], "to": ["bot"]})").empty());
  EXPECT_TRUE(rule_problems(R"({"id": "r", "allow": ["update"], "on": ["app.*"], "to": ["bot"]})").empty());
  EXPECT_PROBLEMS(
      rule_problems(R"j({"id": "r", "allow": ["update"], "on": ["app.users(a)"], "to": ["bot"]})j"),
      {5, 8, swallowed});
}

TEST(LoadTest, ChecksWhatItRefersTo) {
  const auto problems = problems_of(
      "{\"version\": 1, \"name\": \"n\", \"agents\": {\"bot\": {\"login\": \"l\"}}, \"rules\": [], "
      "\"tests\": [\n"
      "{\"as\": \"bto\", \"sql\": \"SELECT 1\", \"expect\": \"permit\", \"rule\": \"none\"},\n"
      "{\"sql\": 1, \"expects\": \"allow\"}, []]}");
  EXPECT_PROBLEMS(problems, {2, 8, "there is no agent \"bto\": did you mean \"bot\"?"},
                  {2, 44, "\"permit\" is no verdict: write \"allow\", \"would_deny\", \"ask\" or \"deny\""},
                  {2, 62, "\"rule\" must be the id of a rule or a protection"},
                  {3, 1, "the test lacks \"as\", a string"}, {3, 1, "the test lacks \"expect\", a string"},
                  {3, 9, "\"sql\" must be a string"},
                  {3, 12, "unknown key \"expects\" in a test: did you mean \"expect\"?"},
                  {3, 33, "a test is an object: write { \"as\": ..., \"sql\": ..., \"expect\": ... }"});
}

TEST(Load, StopsListingProblemsSomewhere) {
  std::string rules;
  for (int i = 0; i < 1000; ++i) rules += std::string(i == 0 ? "" : ",") + "1";
  const auto problems = rule_problems(rules);
  ASSERT_EQ(problems.size(), 201U);
  EXPECT_EQ(problems.back().message, "and 800 more problems from here on");
}

TEST(ToText, WritesOneProblemALine) {
  EXPECT_EQ(to_text({{1, 2, "one"}, {30, 4, "two"}}, "shop.json"),
            "shop.json:1:2: one\nshop.json:30:4: two\n");
  EXPECT_EQ(to_text({{1, 1, "a\nb\x1B[2J"}}, "f"), "f:1:1: a?b?[2J\n");
  EXPECT_EQ(to_text({}, "shop.json"), "");
}

}  // namespace
}  // namespace portcullis::policy
