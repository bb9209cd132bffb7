#include "app/policy_explain.hpp"

#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "app/catalog_file.hpp"
#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/policy_access.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::ordered_json;
using policy::Explanation;
using Rows = std::vector<std::vector<std::string>>;

struct Answer {
  const policy::Agent& agent;
  Explanation explanation;
  std::string database;  // empty: no catalog was given
  std::vector<RelationAccess> relations;
};

// ---- for people

std::string headed(const std::string& head, Rows rows, const Rows::value_type& columns) {
  if (rows.empty()) return {};
  rows.insert(rows.begin(), columns);
  return "\n" + head + ":\n" + to_table(rows);
}

std::string listed(const std::string& head, const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += "  " + printable(item) + "\n";
  return text.empty() ? text : "\n" + head + ":\n" + text;
}

std::string rules_text(const Explanation& explanation) {
  Rows rows;
  for (const auto& permission : explanation.permissions) {
    const std::string object = permission.object.empty() ? "(no object)" : printable(permission.object);
    rows.push_back({object, std::string(policy::name(permission.outcome)), joined(permission.actions),
                    '"' + permission.rule + '"', joined(permission.conditions)});
  }
  if (rows.empty()) return "\nno rule speaks of this agent: it may do nothing that needs one\n";
  return headed("rules", std::move(rows), {"OBJECT", "VERDICT", "ACTIONS", "RULE", "ONLY"});
}

std::string protections_text(const Explanation& explanation) {
  Rows rows;
  for (const auto& closed : explanation.protections) {
    for (const auto& object : closed.objects)
      rows.push_back({printable(object), '"' + closed.protection + '"', joined(closed.except)});
  }
  return headed("protected, whatever the rules say", std::move(rows), {"OBJECT", "PROTECTION", "EXCEPT"});
}

// Actions with the same verdict in one line, with the reason that the first of them has. What is merely not
// covered is left out: that is most of it.
std::string relations_text(const std::vector<RelationAccess>& relations, bool monitored) {
  Rows rows;
  for (const auto& relation : relations) {
    struct Group {
      std::vector<std::string> actions;
      std::string why;
    };
    std::map<std::pair<std::string, std::string>, Group> groups;  // by verdict, and who gives it
    for (const auto& [action, access] : relation.actions) {
      if (access.uncovered) continue;
      auto& group = groups[{to_text(access), access.by}];
      if (group.actions.empty() && !access.allowed()) group.why = printable(access.reason);
      group.actions.emplace_back(sql::name(action));
    }
    for (const auto& [verdict, group] : groups) {
      rows.push_back(
          {printable(relation.relation), verdict.first, joined(group.actions), verdict.second, group.why});
    }
    if (groups.empty()) {
      const auto all = monitored ? policy::Outcome::would_deny : policy::Outcome::deny;
      rows.push_back({printable(relation.relation), std::string(policy::name(all)), "everything", "", ""});
    }
  }
  return to_table(rows);
}

std::string to_text(const Answer& answer) {
  const auto& [agent, explanation, database, relations] = answer;
  std::string text = "agent \"" + agent.name + "\", login \"" + printable(agent.login) + "\"";
  if (!agent.owner.empty()) text += ", owner " + printable(agent.owner);
  if (!agent.groups.empty()) text += ", groups " + joined(agent.groups);
  if (explanation.monitored) {
    text += "\n\nmode \"monitor\": what the rules are against is recorded as would_deny and goes through";
  }
  text += "\n" + rules_text(explanation) + protections_text(explanation);
  text += listed("functions that may be called, by rules too", explanation.functions_allowed);
  text += listed("functions that may not be called", explanation.functions_denied);
  text += listed("settings, beside those that are free for everyone", explanation.settings);
  if (!database.empty())
    text +=
        "\nin database \"" + printable(database) + "\":\n" + relations_text(relations, explanation.monitored);
  return text;
}

// ---- for programs

Json to_value(const Explanation::Permission& permission) {
  return {{"object", permission.object},
          {"verdict", policy::name(permission.outcome)},
          {"actions", permission.actions},
          {"rule", permission.rule},
          {"conditions", permission.conditions}};
}

Json to_value(const RelationAccess& relation) {
  Json value{{"relation", relation.relation}, {"kind", relation.kind}, {"access", Json::array()}};
  for (const auto& [action, access] : relation.actions) {
    Json one{{"action", sql::name(action)},
             {"verdict", policy::name(access.outcome)},
             {"by", access.by},
             {"reason", access.reason}};
    if (!access.columns.empty()) one["columns"] = access.columns;
    if (access.needs_where) one["where"] = true;
    value["access"].push_back(std::move(one));
  }
  return value;
}

std::string to_json(const Answer& answer) {
  const auto& [agent, explanation, database, relations] = answer;
  Json json{{"mode", explanation.monitored ? "monitor" : "enforce"},
            {"agent", agent.name},
            {"login", agent.login},
            {"owner", agent.owner},
            {"groups", agent.groups},
            {"rules", Json::array()},
            {"protections", Json::array()},
            {"functions", Json::object()},
            {"settings", explanation.settings}};
  for (const auto& permission : explanation.permissions) json["rules"].push_back(to_value(permission));
  for (const auto& [protection, objects, except] : explanation.protections) {
    json["protections"].push_back({{"id", protection}, {"objects", objects}, {"except", except}});
  }
  json["functions"] = {{"allow", explanation.functions_allowed}, {"deny", explanation.functions_denied}};
  if (!database.empty()) {
    json["database"] = database;
    json["relations"] = Json::array();
    for (const auto& relation : relations) json["relations"].push_back(to_value(relation));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int explain_policy(const ExplainOptions& options, Console& console) {
  std::vector<Problem> problems;
  const auto policy = load_policy(options.policy, problems);
  if (!policy) {
    console.err << to_text(problems);
    return kUsage;
  }
  const auto* agent = policy->agent_by_name(options.agent);
  if (agent == nullptr) {
    console.err << "portcullis: " << no_agent(*policy, options.agent) << "\n";
    return kUsage;
  }
  const auto snapshot = read_catalog(options.catalog);
  if (!snapshot) {
    console.err << "portcullis: " << snapshot.error().message << "\n";
    return kUsage;
  }
  Answer answer{*agent, policy->explain(agent->name), {}, {}};
  if (*snapshot != nullptr) {
    answer.database = (*snapshot)->database();
    answer.relations = access_in(*policy, agent->name, **snapshot, answer.explanation.opened);
  }
  console.out << (options.format == Format::json ? to_json(answer) : to_text(answer));
  return kSuccess;
}

}  // namespace portcullis::app
