// The file as a whole: who there is, and in which order its parts are read. Rules are in load_rules.cpp.
#include <algorithm>
#include <array>

#include "policy/load_context.hpp"
#include "policy/suggest.hpp"

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t kMostProblems = 200;
constexpr std::size_t kLongestLogin = 63;  // NAMEDATALEN - 1

class Loader {
 public:
  Loader(PolicyData& policy, std::vector<Problem>& problems) : context_{policy, problems, {}, {}, {}} {}

  void read(const JsonValue& root) {
    if (root.kind != Kind::object) return context_.complain(root, "a policy is one object: write { ... }");
    ObjectReader reader(root, "the policy", context_.problems);
    (void)reader.take_string("$schema");
    read_header(root, reader);
    // Names first, whatever the file's order: what follows refers to them.
    if (const auto* groups = part(reader, "groups", Kind::object)) each_member(*groups, &Loader::read_group);
    if (const auto* agents = require(context_, reader, root, "the policy", "agents", Kind::object))
      read_agents(*agents);
    if (const auto* people = part(reader, "reviewers", Kind::object))
      each_member(*people, &Loader::read_reviewers);
    if (const auto* protect = part(reader, "protect", Kind::array)) {
      for (const JsonValue& item : protect->items) read_protection(context_, item);
    }
    if (const auto* rules = require(context_, reader, root, "the policy", "rules", Kind::array)) {
      for (const JsonValue& item : rules->items) read_rule(context_, item);
    }
    if (const auto* functions = part(reader, "functions", Kind::object)) read_functions(context_, *functions);
    if (const auto* settings = part(reader, "settings", Kind::object)) read_settings(context_, *settings);
    if (const auto* tests = part(reader, "tests", Kind::array)) {
      for (const JsonValue& item : tests->items) read_test(context_, item);
    }
    read_limits(context_, part(reader, "limits", Kind::object));
    reader.finish();
  }

 private:
  const JsonValue* part(ObjectReader& reader, std::string_view key, Kind kind) {
    const JsonValue* value = reader.take(key);
    if (value == nullptr || value->kind == kind) return value;
    context_.complain(*value,
                      in_quotes(key) + (kind == Kind::object ? " must be an object" : " must be a list"));
    return nullptr;
  }

  void each_member(const JsonValue& object, void (Loader::*each)(const JsonValue::Member&)) {
    for (const auto& member : object.members) (this->*each)(member);
  }

  void read_header(const JsonValue& root, ObjectReader& reader) {
    if (const auto* version = require(context_, reader, root, "the policy", "version", Kind::integer)) {
      if (version->integer != 1) context_.complain(*version, "the version of the format is 1: write 1");
    }
    if (const auto* name = require(context_, reader, root, "the policy", "name", Kind::string)) {
      check_name(name->line, name->column, "the policy's name", name->string);
      context_.policy.name = name->string;
    }
    context_.policy.monitored = read_mode(context_, reader);
  }

  bool check_name(std::uint32_t line, std::uint32_t column, const std::string& what,
                  const std::string& name) {
    if (is_plain_name(name)) return true;
    context_.problems.push_back({line, column,
                                 what + " is " + in_quotes(name) +
                                     ": write 1 to 63 bytes of letters, digits, \"_\", \"-\" and \".\""});
    return false;
  }

  void read_group(const JsonValue::Member& member) {
    if (!check_name(member.line, member.column, "the name of a group", member.key)) return;
    context_.groups.insert(member.key);
    if (member.value.kind != Kind::object)
      return context_.complain(member.value, "a group is an object: write {}");
    ObjectReader reader(member.value, "a group", context_.problems);
    (void)reader.take_string("description");
    reader.finish();
  }

  void read_agents(const JsonValue& agents) {
    if (agents.members.empty()) {
      context_.complain(agents,
                        "\"agents\" is empty: name at least one, for a rule without agents can never match");
    }
    each_member(agents, &Loader::read_agent);
  }

  void read_agent(const JsonValue::Member& member) {
    if (!check_name(member.line, member.column, "the name of an agent", member.key)) return;
    if (context_.groups.contains(member.key)) {
      context_.problems.push_back(
          {member.line, member.column,
           in_quotes(member.key) + " is a group and an agent: rename one of the two"});
    }
    context_.policy.rules_of[member.key];
    context_.policy.enforced_of[member.key];
    if (member.value.kind != Kind::object) {
      return context_.complain(member.value, "an agent is an object: write { \"login\": ... }");
    }
    Agent agent;
    agent.name = member.key;
    ObjectReader reader(member.value, "an agent", context_.problems);
    if (const auto* login = require(context_, reader, member.value, "the agent", "login", Kind::string)) {
      check_login(*login);
      agent.login = login->string;
    }
    if (auto owner = reader.take_string("owner")) agent.owner = std::move(*owner);
    if (const auto* groups = reader.take("groups")) agent.groups = known_groups(*groups);
    reader.finish();
    context_.policy.agents.push_back(std::move(agent));
  }

  void check_login(const JsonValue& login) {
    const std::string& text = login.string;
    const bool control =
        std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (text.empty() || text.size() > kLongestLogin || control) {
      context_.complain(login, "a login has 1 to 63 bytes, none of them a control character");
    } else if (!logins_.insert(text).second) {
      context_.complain(login,
                        "the login " + in_quotes(text) + " is another agent's already: give each its own");
    }
  }

  std::vector<std::string> known_groups(const JsonValue& list) {
    std::vector<std::string> groups;
    for (const JsonValue* item : strings_in(context_, list, "groups")) {
      if (context_.groups.contains(item->string)) {
        groups.push_back(item->string);
      } else {
        context_.complain(*item,
                          "there is no group " + in_quotes(item->string) +
                              did_you_mean(item->string, {context_.groups.begin(), context_.groups.end()},
                                           ": name it under \"groups\""));
      }
    }
    return groups;
  }

  void read_reviewers(const JsonValue::Member& member) {
    if (!check_name(member.line, member.column, "the name of a group of reviewers", member.key)) return;
    std::size_t count = 0;
    for (const JsonValue* person : strings_in(context_, member.value, member.key)) {
      ++count;
      if (!check_name(person->line, person->column, "the name of a reviewer", person->string)) continue;
      if (context_.policy.rules_of.contains(person->string) || logins_.contains(person->string)) {
        context_.complain(*person, in_quotes(person->string) + " is an agent: only people can approve");
      }
    }
    context_.reviewers.emplace(member.key, count);
  }

  LoadContext context_;
  std::set<std::string, std::less<>> logins_;
};

void by_place(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  });
  if (problems.size() <= kMostProblems) return;
  const std::size_t more = problems.size() - kMostProblems;
  const Problem& last = problems[kMostProblems];
  const Problem summary{last.line, last.column,
                        "and " + std::to_string(more) + " more problems from here on"};
  problems.resize(kMostProblems);
  problems.push_back(summary);
}

}  // namespace

std::optional<PolicyData> read_policy(std::string_view text, std::vector<Problem>& problems) {
  auto document = read_json(text);
  problems = std::move(document.problems);
  PolicyData policy;
  if (problems.empty()) Loader(policy, problems).read(*document.root);
  by_place(problems);
  if (!problems.empty()) return std::nullopt;
  return policy;
}

}  // namespace portcullis::policy
