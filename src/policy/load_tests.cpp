// "tests": statements with the verdict that the policy's author expects.
#include "policy/load_context.hpp"
#include "policy/suggest.hpp"

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;

void check_agent(LoadContext& context, const JsonValue& as) {
  if (context.policy.rules_of.contains(as.string)) return;
  std::vector<std::string> names;
  for (const auto& agent : context.policy.agents) names.push_back(agent.name);
  context.complain(as, "there is no agent " + in_quotes(as.string) +
                           did_you_mean(as.string, names, ": name it under \"agents\""));
}

void read_outcome(LoadContext& context, const JsonValue& value, Outcome& target) {
  for (const Outcome outcome : {Outcome::allow, Outcome::would_deny, Outcome::ask, Outcome::deny}) {
    if (value.string != name(outcome)) continue;
    target = outcome;
    return;
  }
  context.complain(value, in_quotes(value.string) +
                              " is no verdict: write \"allow\", \"would_deny\", \"ask\" or \"deny\"");
}

void read_rule_id(LoadContext& context, const JsonValue& rule, std::string& target) {
  if (rule.kind != Kind::string || !context.ids.contains(rule.string)) {
    context.complain(rule, "\"rule\" must be the id of a rule or a protection" +
                               did_you_mean(rule.string, {context.ids.begin(), context.ids.end()}, ""));
  }
  target = rule.string;
}

void read_claims(LoadContext& context, ObjectReader& reader, sql::Claims& claims) {
  if (const auto* reason = reader.take("reason")) {
    claims.reason = sql::read_reason(reason->string);
    if (claims.reason.empty()) {
      context.complain(*reason, "\"reason\" must be a string that says something, of at most " +
                                    std::to_string(sql::kMostReasonBytes) + " bytes");
    }
  }
  if (const auto* confidence = reader.take("confidence"))
    claims.confidence = read_fraction(context, *confidence, "confidence");
}

}  // namespace

void read_test(LoadContext& context, const JsonValue& value) {
  if (value.kind != Kind::object) {
    return context.complain(value,
                            "a test is an object: write { \"as\": ..., \"sql\": ..., \"expect\": ... }");
  }
  PolicyTest test;
  test.line = value.line;
  test.column = value.column;
  ObjectReader reader(value, "a test", context.problems);
  if (const auto* as = require(context, reader, value, "the test", "as", Kind::string)) {
    check_agent(context, *as);
    test.as = as->string;
  }
  if (const auto* sql = require(context, reader, value, "the test", "sql", Kind::string))
    test.sql = sql->string;
  if (const auto* expect = require(context, reader, value, "the test", "expect", Kind::string)) {
    read_outcome(context, *expect, test.expect);
  }
  if (const auto* rule = reader.take("rule")) read_rule_id(context, *rule, test.rule);
  read_claims(context, reader, test.claims);
  if (const auto* path = reader.take("search_path")) {
    test.search_path.clear();
    for (const JsonValue* schema : strings_in(context, *path, "search_path"))
      test.search_path.push_back(schema->string);
  }
  reader.finish();
  context.policy.tests.push_back(std::move(test));
}

}  // namespace portcullis::policy
