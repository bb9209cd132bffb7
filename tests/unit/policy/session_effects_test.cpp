// What holds without any rule.
#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::ObjectKind;

EffectDecision alone(sql::Effect effect) {
  return judge(loaded(policy_text("")), std::move(effect));
}
EffectDecision plain(Action action) {
  return alone(effect_on(action, {}, ObjectKind::none));
}
Outcome set(const std::string& name, std::vector<std::string> values) {
  return alone(setting_to(name, std::move(values))).outcome;
}
Outcome show(const std::string& name) {
  return alone(effect_on(Action::show, bare(name), ObjectKind::setting)).outcome;
}
Outcome reset(const std::string& name) {
  return alone(effect_on(Action::reset, bare(name), ObjectKind::setting)).outcome;
}

TEST(SessionEffects, NeedNoRule) {
  for (const Action action :
       {Action::begin, Action::commit, Action::rollback, Action::savepoint, Action::release,
        Action::rollback_to, Action::set_transaction, Action::set_constraints, Action::discard,
        Action::prepare, Action::execute, Action::deallocate, Action::declare_cursor, Action::fetch,
        Action::move, Action::close, Action::explain, Action::explain_analyze, Action::unlisten}) {
    EXPECT_EQ(plain(action).outcome, Outcome::allow) << sql::name(action);
    EXPECT_EQ(plain(action).ground, Ground::session) << sql::name(action);
  }
  EXPECT_EQ(plain(Action::begin).reason, "begin needs no rule");
}

TEST(SessionEffects, CanBeDeniedByARule) {
  const auto policy =
      loaded(policy_text(R"({"id": "no-cursors", "deny": ["declare cursor", "show"], "to": ["*"]})"));
  EXPECT_EQ(judge(policy, effect_on(Action::declare_cursor, bare("c"), ObjectKind::other)).rule,
            "no-cursors");
  EXPECT_EQ(judge(policy, effect_on(Action::show, bare("timezone"), ObjectKind::setting)).rule, "no-cursors");
  EXPECT_EQ(judge(policy, effect_on(Action::begin, {}, ObjectKind::none)).outcome, Outcome::allow);
}

TEST(SessionEffects, EveryOtherActionIsDeniedWithoutARule) {
  for (const Action action : sql::all_actions()) {
    const auto decision = alone(effect_on(action, app("x"), ObjectKind::relation));
    if (decision.ground == Ground::session) continue;
    EXPECT_EQ(decision.outcome, Outcome::deny) << sql::name(action);
  }
  for (const Action action : {Action::listen, Action::notify, Action::lock, Action::checkpoint,
                              Action::prepare_transaction, Action::commit_prepared, Action::vacuum}) {
    EXPECT_EQ(plain(action).outcome, Outcome::deny) << sql::name(action);
  }
}

// RESET ROLE, SET ROLE NONE, SET SESSION AUTHORIZATION DEFAULT: what drivers and pools send at the end.
TEST(Roles, CanOnlyBeLeft) {
  const auto role = [](Action action, const std::string& name, std::vector<std::string> values,
                       bool constant = true) {
    auto effect = setting_to(name, std::move(values));
    effect.action = action;
    effect.value_is_constant = constant;
    return alone(std::move(effect));
  };
  expect(role(Action::set_role, "role", {}), Outcome::allow, Ground::session, "",
         "set role role needs no rule: it leads back to the role that logged in");
  EXPECT_EQ(role(Action::set_role, "role", {"none"}).outcome, Outcome::allow);
  EXPECT_EQ(role(Action::set_session_authorization, "session_authorization", {}).outcome, Outcome::allow);
  for (const auto* other : {"NONE", "admin", "default", ""}) {
    EXPECT_EQ(role(Action::set_role, "role", {other}).outcome, Outcome::deny) << other;
  }
  EXPECT_EQ(role(Action::set_role, "role", {"none", "admin"}).outcome, Outcome::deny);
  EXPECT_EQ(role(Action::set_role, "role", {}, false).outcome, Outcome::deny);  // FROM CURRENT
  expect(role(Action::set_session_authorization, "session_authorization", {"none"}), Outcome::deny,
         Ground::unsupported, "",
         "set session authorization session_authorization is not allowed: the gate decides which role a "
         "session has");
}

TEST(Settings, OnTheListAreFree) {
  for (const auto* name :
       {"application_name", "DateStyle", "IntervalStyle", "TimeZone", "extra_float_digits", "bytea_output",
        "client_min_messages", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
        "default_transaction_isolation", "default_transaction_read_only", "transaction_read_only",
        "TRANSACTION_ISOLATION"}) {
    EXPECT_EQ(set(name, {"x"}), Outcome::allow) << name;
    EXPECT_EQ(reset(name), Outcome::allow) << name;
  }
  EXPECT_EQ(reset("all"), Outcome::allow);
  EXPECT_EQ(plain(Action::reset).outcome, Outcome::allow);
}

TEST(Settings, ThatChangeHowTextIsReadStayPinned) {
  for (const auto* utf8 : {"UTF8", "utf-8", "'Unicode'", "UTF_8"}) {
    EXPECT_EQ(set("client_encoding", {utf8}), Outcome::allow) << utf8;
  }
  EXPECT_EQ(set("client_encoding", {}), Outcome::allow);  // DEFAULT is what the gate gave
  for (const auto* other : {"SJIS", "LATIN1", "SQL_ASCII", "utf16", ""}) {
    EXPECT_EQ(set("client_encoding", {other}), Outcome::deny) << other;
  }
  EXPECT_EQ(set("client_encoding", {"UTF8", "SJIS"}), Outcome::deny);
  for (const auto* on : {"on", "ON", "true", "1", "yes"}) {
    EXPECT_EQ(set("standard_conforming_strings", {on}), Outcome::allow) << on;
  }
  for (const auto* off : {"off", "0", "false", "o", ""}) {
    EXPECT_EQ(set("standard_conforming_strings", {off}), Outcome::deny) << off;
  }
  EXPECT_EQ(alone(setting_to("Client_Encoding", {"SJIS"})).reason,
            "set \"Client_Encoding\" is not allowed: the gate pins it to UTF8");
}

TEST(Settings, OfTheGateAndAllOthersAreRefused) {
  for (const auto* name :
       {"role", "session_authorization", "session_replication_role", "backslash_quote", "work_mem",
        "row_security", "app.tenant", "is_superuser", "escape_string_warning", ""}) {
    EXPECT_EQ(set(name, {"x"}), Outcome::deny) << name;
    EXPECT_EQ(set(name, {}), Outcome::deny) << name;
    EXPECT_EQ(reset(name), Outcome::deny) << name;
  }
  auto unknown = setting_to("client_encoding", {});
  unknown.value_is_constant = false;
  EXPECT_EQ(alone(unknown).outcome, Outcome::deny);
  // Where every value is free the value need not be known: SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE.
  unknown.object.name = "timezone";
  EXPECT_EQ(alone(unknown).outcome, Outcome::allow);
}

TEST(Settings, TheSearchPathLeadsToSchemasWhereARuleOpensSomething) {
  const auto policy = loaded(policy_text(R"({"id": "r", "allow": ["select"], "on": ["app.*"], "to": ["bot"]},
    {"id": "d", "deny": ["select"], "on": ["closed.t"], "to": ["bot"]})"));
  const auto outcome = [&](std::vector<std::string> schemas) {
    return judge(policy, setting_to("search_path", std::move(schemas))).outcome;
  };
  EXPECT_EQ(outcome({"app"}), Outcome::allow);
  EXPECT_EQ(outcome({"pg_catalog", "$user", "app"}), Outcome::allow);
  EXPECT_EQ(outcome({"app", "pg_catalog"}), Outcome::deny);
  EXPECT_EQ(outcome({}), Outcome::allow);  // DEFAULT
  EXPECT_EQ(outcome({""}), Outcome::allow);
  EXPECT_EQ(outcome({"app", "ev"}), Outcome::deny);
  EXPECT_EQ(outcome({"app, ev"}), Outcome::deny);
  EXPECT_EQ(outcome({"APP"}), Outcome::deny);
  EXPECT_EQ(outcome({"closed"}), Outcome::deny);
  EXPECT_EQ(judge(policy, setting_to("search_path", {"app"}), {"app"}, "other").outcome, Outcome::deny);
  EXPECT_EQ(judge(policy, setting_to("search_path", {"ev"})).reason,
            "set search_path is not allowed: no rule opens anything in schema ev");
  auto unknown = setting_to("search_path", {});
  unknown.value_is_constant = false;
  EXPECT_EQ(judge(policy, unknown).outcome, Outcome::deny);
}

TEST(Show, HidesSecretsAndPaths) {
  for (const auto* name :
       {"server_version", "TimeZone", "transaction_isolation", "search_path", "max_connections"}) {
    EXPECT_EQ(show(name), Outcome::allow) << name;
  }
  for (const auto* name : {"all", "ALL", "primary_conninfo", "Primary_ConnInfo", "data_directory", "hba_file",
                           "ssl_key_file", "archive_command", "app.jwt_secret"}) {
    EXPECT_EQ(show(name), Outcome::deny) << name;
  }
  EXPECT_EQ(plain(Action::show).outcome, Outcome::deny);
}

TEST(CopyToStdout, OfAQueryIsJudgedByTheQuery) {
  EXPECT_EQ(plain(Action::copy_to_stdout).outcome, Outcome::allow);
  EXPECT_EQ(alone(effect_on(Action::copy_to_stdout, app("t"))).outcome, Outcome::deny);
  EXPECT_EQ(plain(Action::copy_to_file).outcome, Outcome::deny);
}

}  // namespace
}  // namespace portcullis::policy
