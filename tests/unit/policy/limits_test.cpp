// "limits" as it is loaded, and which rules' rates a statement counts against.
#include "policy/limits.hpp"

#include <initializer_list>

#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using std::chrono::seconds;

std::vector<Problem> problems_of(const std::string& text) {
  const auto loaded = PolicySet::load(text);
  EXPECT_EQ(loaded.policy.has_value(), loaded.problems.empty());
  return loaded.problems;
}

// The section under test begins on line 2, the rule on line 3.
std::string with(const std::string& limits, const std::string& rule = "") {
  return "{\"version\": 1, \"name\": \"t\", \"groups\": {\"etl\": {}, \"empty\": {}}, \"limits\":\n" +
         limits +
         ", \"agents\": {\"bot\": {\"login\": \"b\", \"groups\": [\"etl\"]}, \"cat\": {\"login\": \"c\"}},"
         " \"rules\": [\n" +
         rule + "]}";
}
AgentLimits limits_of(const std::string& limits, const std::string& agent) {
  return loaded(with(limits)).limits().agents.at(agent);
}
std::vector<std::string> texts(const std::vector<Rate>& rates) {
  std::vector<std::string> all;
  for (const auto& rate : rates) all.push_back(rate.text);
  return all;
}
using Texts = std::vector<std::string>;

#define EXPECT_PROBLEMS(text, ...) EXPECT_EQ(text, (std::vector<Problem>{__VA_ARGS__}))

TEST(Rate, IsReadInItsTwoForms) {
  struct Case {
    const char* text;
    std::uint32_t count;
    seconds window;
  };
  for (const auto& [text, count, window] :
       {Case{"1/second", 1, seconds{1}}, Case{"600/minute", 600, seconds{60}},
        Case{"5/hour", 5, seconds{3600}}, Case{"20/day", 20, seconds{86400}}, Case{"7/1s", 7, seconds{1}},
        Case{"3/10min", 3, seconds{600}}, Case{"2/12h", 2, seconds{43200}},
        Case{"1000000/31d", 1'000'000, seconds{31 * 86400}}}) {
    const auto rate = parse_rate(text);
    ASSERT_TRUE(rate) << text;
    EXPECT_EQ(rate->count, count) << text;
    EXPECT_EQ(rate->window, window) << text;
    EXPECT_EQ(rate->text, text);
  }
}

TEST(Rate, IsNothingElse) {
  for (const char* text : {"",
                           "/",
                           "5",
                           "5/",
                           "/minute",
                           "0/minute",
                           "05/minute",
                           "+5/minute",
                           "-5/minute",
                           " 5/minute",
                           "5 /minute",
                           "5/ minute",
                           "5/minute ",
                           "5/minutes",
                           "5/Minute",
                           "5/min",
                           "5/s",
                           "5/0min",
                           "5/010min",
                           "5/10",
                           "5/10minute",
                           "5/10 min",
                           "5/-1s",
                           "5/32d",
                           "5/745h",
                           "5/2678401s",
                           "5/99999999999s",
                           "1000001/day",
                           "4294967297/day",
                           "99999999999999999999/day",
                           "1.5/day",
                           "5/1ms",
                           "5/minute/hour"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
  EXPECT_TRUE(parse_rate("5/2678400s"));
}

TEST(LoadLimits, EveryMatchingEntryCounts) {
  const std::string limits = R"({
    "*": { "statements": "600/minute", "connections": 20, "concurrent": 4 },
    "etl": { "ddl": "20/day", "same_statement_failures": "3/10min", "statements": "1000/hour", "connections": 5 },
    "bot": { "statements": "60/1min", "connections": 7, "concurrent": 3 } })";
  const auto bot = limits_of(limits, "bot");
  EXPECT_EQ(texts(bot.statements), (Texts{"600/minute", "1000/hour", "60/1min"}));
  EXPECT_EQ(texts(bot.ddl), (Texts{"20/day"}));
  EXPECT_EQ(texts(bot.same_statement_failures), (Texts{"3/10min"}));
  EXPECT_EQ(bot.connections, 5U);
  EXPECT_EQ(bot.concurrent, 3U);
  const auto cat = limits_of(limits, "cat");
  EXPECT_EQ(texts(cat.statements), (Texts{"600/minute"}));
  EXPECT_TRUE(cat.ddl.empty());
  EXPECT_EQ(cat.connections, 20U);
  EXPECT_EQ(cat.concurrent, 4U);
}

TEST(LoadLimits, TheSameRateCountsOnce) {
  EXPECT_EQ(texts(limits_of(R"({"*": {"ddl": "60/minute"}, "bot": {"ddl": "60/60s"}})", "bot").ddl),
            (Texts{"60/minute"}));
}

TEST(LoadLimits, WithoutThemEveryAgentIsThereWithNone) {
  const auto policy = loaded(policy_text(""));
  ASSERT_EQ(policy.limits().agents.size(), 2U);
  const auto& bot = policy.limits().agents.at("bot");
  EXPECT_TRUE(bot.statements.empty() && bot.ddl.empty() && bot.same_statement_failures.empty());
  EXPECT_FALSE(bot.connections || bot.concurrent);
  EXPECT_TRUE(bot.rules.empty());
}

TEST(LoadLimits, ARuleHasOneForEachAgentThatItIsTo) {
  const std::string rule =
      R"({"id": "fix", "allow": ["update"], "on": ["app.t"], "to": ["etl"], "limits": {"rate": "5/hour"}})";
  const auto policy = loaded(with("{}", rule));
  EXPECT_EQ(policy.limits().agents.at("bot").rules.at("fix").text, "5/hour");
  EXPECT_TRUE(policy.limits().agents.at("cat").rules.empty());
}

TEST(LoadLimits, ReportsEachProblemAtItsPlace) {
  EXPECT_PROBLEMS(problems_of(with("1")), {2, 1, "\"limits\" must be an object"});
  EXPECT_PROBLEMS(problems_of(with(R"({"empty": {"ddl": "1/day"}})")),
                  {2, 2,
                   "group \"empty\" has no agents, so nothing is limited: put agents in it or take it "
                   "out"});
  EXPECT_PROBLEMS(problems_of(with(R"({"etx": {"ddl": "1/day"}})")),
                  {2, 2, "there is no agent or group \"etx\": did you mean \"etl\"?"});
  EXPECT_PROBLEMS(
      problems_of(with(R"({"bot": {}, "cat": 5})")),
      {2, 9, "limits are an object with at least one in it: write { \"statements\": \"600/minute\" }"},
      {2, 20, "limits are an object with at least one in it: write { \"statements\": \"600/minute\" }"});
  EXPECT_PROBLEMS(
      problems_of(
          with(R"({"*": {"statements": 600, "ddl": "20/dya", "connections": 0, "concurrent": "4"}})")),
      {2, 22, "\"statements\" must be a string such as \"600/minute\" or \"3/10min\""},
      {2, 34,
       "\"20/dya\" is no rate: write a number from 1 to 1000000, \"/\" and second, minute, hour or day, or a "
       "number of s, min, h or d up to 31d, as in \"3/10min\""},
      {2, 59, "\"connections\" is 0: write a number from 1 to 100000"},
      {2, 76, "\"concurrent\" must be a whole number, not a string"});
  EXPECT_PROBLEMS(problems_of(with(R"({"*": {"same_statement_failures": "101/day", "statement": "1/day"}})")),
                  {2, 35, "\"same_statement_failures\" can count to 100 at most"},
                  {2, 46, "unknown key \"statement\" in \"limits\": did you mean \"statements\"?"});
  EXPECT_PROBLEMS(problems_of(with(R"({"bot": {"ddl": "1/day"}, "bot": {"ddl": "1/day"}})")),
                  {2, 27, "\"bot\" stands twice in the same object: take one of the two out"});
}

TEST(LoadLimits, ACostIsAWholeNumber) {
  const std::string start = R"({"id": "r", "allow": ["select"], "on": ["app.t"], "to": ["bot"], "limits":)";
  EXPECT_PROBLEMS(problems_of(with("{}", start + R"({"cost": 1000}})")));
  EXPECT_PROBLEMS(problems_of(with("{}", start + R"(
{"cost": 0}})")),
                  {4, 10, "\"cost\" is 0: write a number from 1 to 1000000000000"});
}

TEST(LoadLimits, OfWhatAnAgentIsGivenBackAllHold) {
  const auto bot = limits_of(R"({"*": {"bytes_returned": "1GiB/day", "rows_returned": "50000/hour"},
                                 "bot": {"bytes_returned": "64MiB/10min"}})",
                             "bot");
  ASSERT_EQ(bot.bytes_returned.size(), 2U);
  EXPECT_EQ(bot.bytes_returned[0].count, std::uint64_t{1} << 30);
  EXPECT_EQ(bot.bytes_returned[0].window, seconds{86400});
  EXPECT_EQ(bot.bytes_returned[1].text, "64MiB/10min");
  ASSERT_EQ(bot.rows_returned.size(), 1U);
  EXPECT_EQ(bot.rows_returned[0].count, 50'000U);
}

TEST(LoadLimits, AVolumeIsNothingElse) {
  for (const char* text : {"", "/day", "1GiB", "1GiB/", "1gib/day", "1GB/day", "0/day", "01MiB/day",
                           "-1MiB/day", "1.5GiB/day", "1 GiB/day", "1GiB/ day", "1GiB/32d", "2TiB/day",
                           "1025GiB/day", "18446744073709551616/day", "1MiB/day/day"}) {
    EXPECT_FALSE(parse_volume(text, true)) << text;
  }
  EXPECT_TRUE(parse_volume("1024GiB/31d", true));
  EXPECT_FALSE(parse_volume("1KiB/day", false));
  EXPECT_TRUE(parse_volume("1024/day", false));
  EXPECT_PROBLEMS(problems_of(with(R"({"*": {"bytes_returned": 5, "rows_returned": "1MiB/day"}})")),
                  {2, 26, "\"bytes_returned\" must be a string such as \"1GiB/day\" or \"64MiB/10min\""},
                  {2, 46, "\"rows_returned\" must be a string such as \"50000/day\" or \"1000/10min\""});
}

TEST(LoadLimits, ChecksThoseOfARule) {
  const auto rule = [](const std::string& verb, const std::string& limits) {
    return problems_of(with("{}", R"({"id": "r", ")" + verb +
                                      R"(": ["select"], "on": ["app.t"], "to": ["bot"], "limits":)" + "\n" +
                                      limits + "}"));
  };
  EXPECT_TRUE(rule("allow", R"({"rate": "5/hour"})").empty());
  EXPECT_PROBLEMS(rule("allow", R"({"rows_returned": 0})"),
                  {4, 19, "\"rows_returned\" is 0: write a number from 1 to 1000000000000"});
  EXPECT_PROBLEMS(rule("allow", R"({"bytes_returned": 512})"),
                  {4, 20, "\"bytes_returned\" is no size: write a string such as \"16MiB\" or \"64KiB\""});
  for (const char* time : {"30", "\"30\"", "\"0s\"", "\"1.5s\"", "\"32d\"", "\"1 s\""}) {
    EXPECT_PROBLEMS(
        rule("allow", std::string(R"({"time": )") + time + "}"),
        {4, 10, "\"time\" is no duration: write a string such as \"500ms\", \"30s\" or \"5min\", up to 31d"});
  }
  EXPECT_PROBLEMS(rule("deny", R"({"rate": "5/hour"})"),
                  {4, 1, "a deny rule lets nothing through to be limited: take \"limits\" out"});
  EXPECT_PROBLEMS(rule("allow", "\"5/hour\""),
                  {4, 1, "a rule's limits are an object: write { \"rate\": \"5/hour\" }"});
  EXPECT_PROBLEMS(rule("allow", R"({"ddl": "5/hour"})"),
                  {4, 2, "unknown key \"ddl\" in a rule's \"limits\": take it out"});
  EXPECT_PROBLEMS(rule("allow", R"({"rate": 5})"),
                  {4, 10, "\"rate\" must be a string such as \"600/minute\" or \"3/10min\""});
}

// --- what counts against a rule's rate

std::string rated(const std::string& id, const std::string& verb, const std::string& actions,
                  const std::string& on) {
  return rule(id, verb, actions, on, R"(, "limits": {"rate": "5/hour"})");
}
sql::Effect at(std::int32_t location, sql::Effect effect) {
  effect.location = location;
  return effect;
}
sql::Facts statements(std::initializer_list<std::vector<sql::Effect>> all) {
  sql::Facts facts;
  for (const auto& effects : all) facts.statements.emplace_back().effects = effects;
  return facts;
}
std::vector<RuleUse> uses(const PolicySet& policy, const sql::Facts& facts, std::string_view agent = "bot") {
  return policy.rule_uses(facts, catalog::resolve_by_name(facts, {{"app"}}), agent);
}
using Uses = std::vector<RuleUse>;

TEST(RuleUses, CountTheStatementsUnderARule) {
  const auto policy = loaded(policy_text(rated("w", "allow", "\"insert\"", "\"app.*\"") + "," +
                                         rule("r", "allow", "\"select\"", "\"app.*\"")));
  const auto insert = [](std::int32_t location) { return at(location, effect_on(Action::insert, app("t"))); };
  const auto select = at(40, effect_on(Action::select, app("t")));
  EXPECT_EQ(uses(policy, statements({{select}})), Uses{});
  EXPECT_EQ(uses(policy, statements({{insert(12), select}})), (Uses{{"w", 1}}));
  EXPECT_EQ(uses(policy, statements({{insert(12), insert(30)}})), (Uses{{"w", 1}}));
  EXPECT_EQ(uses(policy, statements({{insert(12)}, {select}, {insert(90)}})), (Uses{{"w", 2}}));
  EXPECT_EQ(uses(policy, statements({{insert(12)}}), "stranger"), Uses{});
}

TEST(RuleUses, CountForEveryRuleThatCoversNotOnlyForTheOneThatAllows) {
  const auto policy = loaded(policy_text(rule("free", "allow", "\"update\"", "\"app.*\"") + "," +
                                         rated("a", "allow", "\"update\"", "\"app.t\"") + "," +
                                         rated("b", "ask", "\"update\"", "\"*.*\"") + "," +
                                         rated("c", "allow", "\"update\"", "\"app.u\"")));
  EXPECT_EQ(uses(policy, statements({{at(7, effect_on(Action::update, app("t")))}})),
            (Uses{{"a", 1}, {"b", 1}}));
}

TEST(ResultLimits, AStatementMayGiveBackAsMuchAsItsStrictestRule) {
  const auto read = [](const std::string& id, const std::string& on, const std::string& limits) {
    return rule(id, "allow", "\"select\"", on, ", \"limits\": " + limits);
  };
  const auto policy = loaded(policy_text(
      read("wide", "\"app.*\"", R"({"rows_returned": 1000, "bytes_returned": "1MiB", "time": "2min"})") +
      "," + read("narrow", "\"app.t\"", R"({"rows_returned": 10, "time": "1500ms"})")));
  const auto limits = [&](const sql::Facts& facts, std::string_view agent = "bot") {
    return policy.result_limits(facts, catalog::resolve_by_name(facts, {{"app"}}), agent);
  };
  const auto both = limits(statements(
      {{at(7, effect_on(Action::select, app("t")))}, {at(60, effect_on(Action::select, app("u")))}}));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].rows, (Ceiling{10, "narrow"}));
  EXPECT_EQ(both[0].bytes, (Ceiling{1 << 20, "wide"}));
  EXPECT_EQ(both[0].time, (Ceiling{1'500, "narrow"}));
  EXPECT_EQ(both[1].rows, (Ceiling{1'000, "wide"}));
  EXPECT_EQ(both[1].time, (Ceiling{120'000, "wide"}));
  EXPECT_TRUE(limits(statements({{at(7, effect_on(Action::update, app("t")))}})).empty());
}

TEST(RuleUses, CountARuleOfColumnsOnlyWhereItsColumnsAreTouched) {
  const auto policy = loaded(policy_text(rated("ssn", "allow", "\"select\"", "\"app.t(ssn)\"")));
  const auto of = [&](std::vector<std::string> columns, bool all = false) {
    const auto effect = at(7, effect_on(Action::select, app("t")));
    return policy.rule_uses(statements({{effect}}),
                            resolution_of({with_columns(found(effect), columns, all)}), "bot");
  };
  EXPECT_EQ(of({"name"}), Uses{});
  EXPECT_EQ(of({"name", "ssn"}), (Uses{{"ssn", 1}}));
  EXPECT_EQ(of({"name"}, true), (Uses{{"ssn", 1}}));
}

TEST(RuleUses, CountWhatAStatementBringsAboutForThatStatement) {
  const auto policy = loaded(policy_text(rated("log", "allow", "\"insert\"", "\"app.log\"")));
  const auto first = at(7, effect_on(Action::update, app("t")));
  const auto second = at(60, effect_on(Action::update, app("u")));
  const auto logged = [](catalog::Via via, std::int32_t cause) {
    return brought(effect_on(Action::insert, app("log")), via, cause, "trigger");
  };
  const auto facts = statements({{first}, {second}});
  const auto count = [&](std::vector<catalog::ResolvedEffect> effects) {
    return policy.rule_uses(facts, resolution_of(std::move(effects)), "bot");
  };
  using catalog::Via;
  EXPECT_EQ(count({found(first), logged(Via::trigger, 0), logged(Via::trigger, 1)}), (Uses{{"log", 1}}));
  EXPECT_EQ(count({found(first), logged(Via::trigger, 0), found(second), logged(Via::trigger, 2)}),
            (Uses{{"log", 2}}));
  EXPECT_EQ(count({found(first), logged(Via::reference, 0)}), Uses{});
}

TEST(RuleUses, NeverCountTheEndOfATransaction) {
  const auto policy = loaded(policy_text(rated("all", "allow", "\"commit\", \"begin\"", "")));
  auto facts = statements({{effect_on(Action::begin, {}, sql::ObjectKind::none)},
                           {effect_on(Action::commit, {}, sql::ObjectKind::none)}});
  facts.statements[1].transaction = sql::TransactionControl::commit;
  EXPECT_EQ(uses(policy, facts), (Uses{{"all", 1}}));
}

}  // namespace
}  // namespace portcullis::policy
