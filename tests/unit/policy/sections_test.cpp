// "functions" and "settings", and PostgreSQL's functions that work on what an argument names.
#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::ObjectKind;

PolicySet with_sections(const std::string& more, const std::string& rules = "",
                        const std::string& protections = "") {
  return loaded(policy_text(rules, protections, ", " + more));
}
std::vector<Problem> problems_of(const std::string& more) {
  return PolicySet::load(policy_text("", "", ",\n" + more)).problems;
}

catalog::ResolvedEffect users_call(const std::string& name, const std::string& arguments = "",
                                   const std::string& extension = "") {
  auto call = found(call_of(app(name)));
  call.arguments = arguments;
  call.body_hash = "h1";
  call.extension = extension;
  return call;
}
sql::Effect own_call(const std::string& name, std::vector<std::optional<std::string>> arguments) {
  auto call = call_of({{}, "pg_catalog", name});
  call.arguments = std::move(arguments);
  return call;
}

TEST(Functions, AreAllowedBySignatureNameOrExtension) {
  const auto policy = with_sections(
      R"j("functions": {"allow": ["app.total(integer, text)", "app.any", "extension vector", "pg_catalog.pg_sleep"]})j");
  expect(judge(policy, users_call("total", "integer, text")), Outcome::allow, Ground::rule, "",
         "execute function app.total(integer, text) is allowed under \"functions\"");
  expect(judge(policy, users_call("total", "integer")), Outcome::deny, Ground::not_covered, "",
         "execute function app.total(integer) is not covered: name it under \"functions\".\"allow\"");
  EXPECT_EQ(judge(policy, users_call("any", "integer")).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, users_call("l2_distance", "vector, vector", "vector")).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, users_call("l2_distance", "vector, vector", "other")).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, own_call("pg_sleep", {})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, own_call("pg_sleep_for", {})).outcome, Outcome::deny);
  auto procedure = users_call("any");
  procedure.effect.action = Action::call;
  EXPECT_EQ(judge(policy, procedure).outcome, Outcome::allow);
}

TEST(Functions, AreDeniedWhateverAllowsThem) {
  const auto policy =
      with_sections(R"j("functions": {"allow": ["app.f"], "deny": ["app.f(text)", "pg_catalog.random"]})j",
                    rule("f", "allow", "\"execute function\"", "\"app.f\""));
  EXPECT_EQ(judge(policy, users_call("f", "integer")).outcome, Outcome::allow);
  expect(judge(policy, users_call("f", "text")), Outcome::deny, Ground::rule, "",
         "execute function app.f(text) is denied under \"functions\"");
  EXPECT_EQ(judge(policy, own_call("random", {})).reason,
            "execute function pg_catalog.random is denied under \"functions\"");
}

TEST(Functions, AreOpenedByNoStar) {
  const auto policy = loaded(policy_text(rule("all", "allow", "\"all\"", "\"app.*\"")));
  EXPECT_EQ(judge(policy, users_call("f")).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, found(effect_on(Action::drop_function, app("f"), ObjectKind::function))).outcome,
            Outcome::allow);
}

TEST(Functions, OfOthersInPostgresqlsSchemaAreNotItsOwn) {
  auto call = found(call_of({{}, "pg_catalog", "lower"}));  // with an oid: someone made it
  EXPECT_EQ(judge(loaded(policy_text("")), call).outcome, Outcome::deny);
}

TEST(Functions, MustBeWhatTheyWere) {
  const auto policy = with_sections(R"("functions": {"allow": ["app.f"]})",
                                    rule("g", "allow", "\"execute function\"", "\"app.g\""));
  Bound bound;
  bound.pins = {{"app.f(integer)", "h1"}, {"app.g()", "h0"}};
  EXPECT_EQ(judge(policy, users_call("f", "integer"), &bound).outcome, Outcome::allow);
  expect(judge(policy, users_call("g"), &bound), Outcome::deny, Ground::not_covered, "",
         "execute function app.g() is not covered: its body has changed since the policy was loaded: load "
         "the policy "
         "again");
  expect(judge(policy, users_call("f", "text"), &bound), Outcome::deny, Ground::not_covered, "",
         "execute function app.f(text) is not covered: it was not there when the policy was loaded: load the "
         "policy "
         "again");
}

TEST(Functions, ChecksItsEntries) {
  const auto problems = problems_of(
      "\"functions\": {\"allow\": [\"f\",\n\"pg_catalog.query_to_xml\", \"pg_catalog.now()\",\n"
      "\"pg_catalog.no_such\", \"app.*\"],\n\"deny\": [\"pg_catalog.random()\", "
      "\"pg_catalog.query_to_xml\"], \"alow\": []}");
  ASSERT_EQ(problems.size(), 6U) << to_text(problems, "");
  EXPECT_NE(problems[0].message.find("has no schema"), std::string::npos);
  EXPECT_NE(problems[1].message.find("\"pg_catalog.query_to_xml\" cannot be allowed: "), std::string::npos);
  EXPECT_EQ(problems[2].message, "\"pg_catalog.now\" is PostgreSQL's own: write it without arguments");
  EXPECT_EQ(
      problems[3].message,
      "\"pg_catalog.no_such\" cannot be allowed: PostgreSQL has no such function, or none that was reviewed");
  EXPECT_NE(problems[4].message.find("is no name of an object"), std::string::npos);
  EXPECT_EQ(problems[5].message, "unknown key \"alow\" in \"functions\": did you mean \"allow\"?");
}

TEST(JsonCasts, MustBeKnownToo) {
  const auto policy = loaded(policy_text(""));
  Bound bound;
  bound.json_casts = {"app.mood_to_json(mood)"};
  EXPECT_EQ(judge(policy, own_call("to_json", {}), {"app"}).outcome, Outcome::allow);
  const auto refused = judge(policy, found(own_call("to_json", {}), catalog::kNoOid), &bound);
  expect(refused, Outcome::deny, Ground::shipped_list, "",
         "execute function pg_catalog.to_json is not allowed: it calls app.mood_to_json(mood), a cast to "
         "json, which is "
         "not covered: name it under \"functions\".\"allow\"");
  bound.pins = {{"app.mood_to_json(mood)", "h"}};
  EXPECT_EQ(judge(policy, found(own_call("to_json", {}), catalog::kNoOid), &bound).outcome, Outcome::allow);
}

TEST(Settings, CanBeAllowedByName) {
  const auto policy = with_sections(R"("settings": {"allow": ["work_mem", "App.Tenant"]})");
  expect(judge(policy, setting_to("Work_Mem", {"1GB"})), Outcome::allow, Ground::rule, "",
         "set \"Work_Mem\" is allowed under \"settings\"");
  EXPECT_EQ(judge(policy, effect_on(Action::show, {{}, "app", "tenant"}, ObjectKind::setting)).outcome,
            Outcome::allow);
  EXPECT_EQ(judge(policy, effect_on(Action::reset, bare("work_mem"), ObjectKind::setting)).outcome,
            Outcome::allow);
  EXPECT_EQ(judge(policy, setting_to("temp_buffers", {"1GB"})).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, own_call("set_config", {"work_mem", "1GB", "f"})).outcome, Outcome::allow);
  EXPECT_EQ(judge(policy, own_call("current_setting", {"app.tenant"})).outcome, Outcome::allow);
}

TEST(Settings, ThatTheGatePinsCannotBeAllowed) {
  for (const auto* name :
       {"search_path", "client_encoding", "Standard_Conforming_Strings", "role", "backslash_quote",
        "session_authorization", "primary_conninfo", "all", "", "a b"}) {
    const auto problems = problems_of(std::string("\"settings\": {\"allow\": [\"") + name + "\"]}");
    ASSERT_EQ(problems.size(), 1U) << name;
    EXPECT_EQ(problems[0].line, 5U);
  }
  EXPECT_EQ(problems_of(R"("settings": {"allow": ["role"]})")[0].message,
            "\"role\" cannot be allowed: the gate decides which role a session has");
}

TEST(CallsOnObjects, ASearchPathInOneTextIsReadAsPostgresqlReadsIt) {
  const auto policy =
      loaded(policy_text(R"({"id": "r", "allow": ["select"], "on": ["app.*", "\"B c\".*"], "to": ["bot"]})"));
  const auto outcome = [&](std::string path) {
    return judge(policy, own_call("set_config", {"search_path", std::move(path), "f"})).outcome;
  };
  for (const auto* path : {"", " ", "app", " APP , \"B c\"", "\"$user\",app"}) {
    EXPECT_EQ(outcome(path), Outcome::allow) << path;
  }
  for (const auto* path : {"ev", "app,ev", "app,", ",", "app ev", "\"app", "\"APP\"", "B c"}) {
    EXPECT_EQ(outcome(path), Outcome::deny) << path;
  }
}

TEST(CallsOnObjects, AreSetAndShow) {
  const auto policy = loaded(policy_text(R"({"id": "no-set", "deny": ["set"], "to": ["other"]})"));
  const auto outcome = [&](const sql::Effect& call) { return judge(policy, call).outcome; };
  EXPECT_EQ(outcome(own_call("set_config", {"application_name", "x", "f"})), Outcome::allow);
  EXPECT_EQ(outcome(own_call("current_setting", {"server_version"})), Outcome::allow);
  expect(
      judge(policy, own_call("set_config", {"search_path", "ev", "f"})), Outcome::deny, Ground::shipped_list,
      "",
      "execute function pg_catalog.set_config is not allowed: set search_path is not allowed: no rule opens "
      "anything in schema ev");
  EXPECT_EQ(outcome(own_call("set_config", {"client_encoding", "SJIS", "f"})), Outcome::deny);
  EXPECT_EQ(outcome(own_call("current_setting", {"app.jwt_secret"})), Outcome::deny);
  EXPECT_EQ(outcome(own_call("current_setting", {"primary_conninfo"})), Outcome::deny);
  // Who may not SET may not call it.
  EXPECT_EQ(judge(policy, own_call("set_config", {"application_name", "x", "f"}), {"app"}, "other").outcome,
            Outcome::deny);
  // What cannot be read off the text is refused.
  EXPECT_EQ(judge(policy, own_call("set_config", {std::nullopt, "x", "f"})).reason,
            "execute function pg_catalog.set_config is not allowed: what it works on must be a constant");
  EXPECT_EQ(outcome(own_call("set_config", {"client_encoding", std::nullopt, "f"})), Outcome::deny);
  EXPECT_EQ(outcome(own_call("set_config", {"application_name", std::nullopt, "f"})), Outcome::allow);
  EXPECT_EQ(outcome(own_call("set_config", {})), Outcome::deny);
}

TEST(CallsOnObjects, UseSequencesThatRulesOpen) {
  const auto policy = loaded(policy_text(rule("ids", "allow", "\"update\"", "\"app.ids\", \"app.hidden\"") +
                                             "," + rule("look", "allow", "\"select\"", "\"app.seen\""),
                                         R"({"id": "pii", "on": ["app.hidden"]})"));
  const auto call = [&](const std::string& function, const std::string& sequence) {
    return judge(policy, own_call(function, {sequence}));
  };
  EXPECT_EQ(call("nextval", "app.ids").outcome, Outcome::allow);
  EXPECT_EQ(call("nextval", "App.IDS").outcome, Outcome::allow);
  EXPECT_EQ(call("currval", "app.seen").outcome, Outcome::allow);
  EXPECT_EQ(call("nextval", "app.seen").outcome, Outcome::deny);
  EXPECT_EQ(call("currval", "app.ids").outcome, Outcome::deny);
  EXPECT_EQ(call("nextval", "app.hidden").reason,
            "execute function pg_catalog.nextval is not allowed: update on app.hidden is protected");
  EXPECT_EQ(
      call("nextval", "ids").reason,
      "execute function pg_catalog.nextval is not allowed: the sequence must be written as schema.name");
  EXPECT_EQ(call("setval", "app.ids").outcome, Outcome::deny);
}

TEST(CallsOnObjects, TakeNumbersForWhatMayBeFilled) {
  const auto policy =
      loaded(policy_text(rule("fill", "allow", "\"insert\"",
                              "\"app.orders\", \"app.events(id)\", \"app.notes(body)\", \"app.old\"") +
                             "," + rule("look", "allow", "\"select\"", "\"app.looked\"") + "," +
                             rule("not", "deny", "\"update\"", "\"app.denied_id_seq\""),
                         R"({"id": "pii", "on": ["app.users", "app.kept_id_seq"]})"));
  Bound bound;
  catalog::Oid next = 20000;
  const auto serial = [&](const std::string& table, const std::string& column) {
    bound.sequences[app(table + "_id_seq")] = {next++, next++, app(table), column};
  };
  for (const auto* table : {"orders", "events", "notes", "users", "looked"}) serial(table, "id");
  serial("old", "");
  const auto call = [&](const std::string& function, const std::string& sequence) {
    return judge(policy, found(own_call(function, {sequence}), catalog::kNoOid), &bound);
  };
  expect(call("nextval", "app.orders_id_seq"), Outcome::allow, Ground::shipped_list, "",
         "execute function pg_catalog.nextval works on what is allowed");
  EXPECT_EQ(call("currval", "app.orders_id_seq").outcome, Outcome::allow);
  EXPECT_EQ(call("nextval", "app.events_id_seq").outcome, Outcome::allow);
  EXPECT_EQ(call("nextval", "app.notes_id_seq").outcome, Outcome::deny);  // its column may not be filled
  EXPECT_EQ(call("currval", "app.looked_id_seq").outcome, Outcome::allow);
  EXPECT_EQ(call("nextval", "app.looked_id_seq").outcome, Outcome::deny);
  EXPECT_EQ(call("nextval", "app.users_id_seq").outcome, Outcome::deny);
  EXPECT_EQ(call("nextval", "app.other_seq").outcome, Outcome::deny);
  EXPECT_EQ(call("setval", "app.orders_id_seq").outcome, Outcome::deny);
  // What is said of the sequence itself comes first.
  bound.sequences[app("kept_id_seq")] = bound.sequences[app("denied_id_seq")] =
      bound.sequences[app("orders_id_seq")];
  EXPECT_EQ(call("nextval", "app.kept_id_seq").outcome, Outcome::deny);
  EXPECT_EQ(call("nextval", "app.denied_id_seq").outcome, Outcome::deny);
  // Protections follow table and sequence when these are renamed.
  EXPECT_EQ(call("nextval", "app.old_id_seq").outcome, Outcome::allow);
  for (const auto oid :
       {bound.sequences[app("old_id_seq")].oid, bound.sequences[app("old_id_seq")].table_oid}) {
    Bound renamed = bound;
    renamed.relations[oid] = {{0, 0, "it was app.users when the policy was loaded"}};
    EXPECT_EQ(
        judge(policy, found(own_call("nextval", {"app.old_id_seq"}), catalog::kNoOid), &renamed).outcome,
        Outcome::deny);
  }
}

TEST(CallsOnObjects, MakeValuesOfPostgresqlsOwnTypes) {
  const auto policy = loaded(policy_text(""));
  const auto outcome = [&](const std::string& type) {
    return judge(policy, own_call("pg_input_is_valid", {"1", type})).outcome;
  };
  for (const auto* type : {"int4", "integer", "Timestamp with time zone", "pg_catalog.text", "int4[]"}) {
    EXPECT_EQ(outcome(type), Outcome::allow) << type;
  }
  for (const auto* type : {"app.dm", "dm", ""}) EXPECT_EQ(outcome(type), Outcome::deny) << type;
  EXPECT_EQ(judge(policy, own_call("json_populate_record", {"int4", "{}"})).outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, own_call("json_to_record", {"{}"})).outcome, Outcome::allow);
}

TEST(Uses, AreFreeWhereTheCatalogShowsWhatTheyRun) {
  const auto policy = loaded(policy_text("", R"({"id": "pii", "on": ["app.users"]})"));
  EXPECT_EQ(judge(policy, found(effect_on(Action::use_type, app("mood"), ObjectKind::type))).outcome,
            Outcome::allow);
  EXPECT_EQ(judge(policy, found(effect_on(Action::use_operator, app("@@@"), ObjectKind::other))).outcome,
            Outcome::allow);
  EXPECT_EQ(judge(policy, found(effect_on(Action::use_type, app("users"), ObjectKind::type))).ground,
            Ground::protection);
  EXPECT_EQ(judge(policy, found(effect_on(Action::use_collation, app("c"), ObjectKind::other))).outcome,
            Outcome::deny);
  EXPECT_EQ(judge(policy, effect_on(Action::use_type, app("mood"), ObjectKind::type)).outcome, Outcome::deny);
}

}  // namespace
}  // namespace portcullis::policy
