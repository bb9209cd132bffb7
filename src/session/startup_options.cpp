#include "session/startup_options.hpp"

#include <algorithm>
#include <cctype>

#include "policy/settings.hpp"

namespace portcullis::session {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
      continue;
    }
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    word += text[i];
    in_word = true;
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

bool same_path(std::string_view asked, const std::vector<std::string>& schemas) {
  std::string plain;
  for (const auto& schema : schemas) plain += (plain.empty() ? "" : ",") + schema;
  std::string without_blanks;
  std::copy_if(asked.begin(), asked.end(), std::back_inserter(without_blanks),
               [](char c) { return c != ' '; });
  return without_blanks == plain || asked == search_path_value(schemas);
}

// One setting, judged as SET would be: the same decision path as for a statement.
guard::Verdict judge_setting(const guard::Guard& guard, std::string_view agent, const std::string& name,
                             const std::string& value) {
  sql::Effect effect{};
  effect.action = sql::Action::set;
  effect.kind = sql::ObjectKind::setting;
  effect.object.name = name;
  effect.values = {value};
  if (name == "search_path") {
    const auto schemas = policy::read_search_path(value);
    effect.value_is_constant = schemas.has_value();
    effect.values = schemas.value_or(std::vector<std::string>());
  }
  sql::StatementFacts statement;
  statement.kind = "SET";
  statement.effects.push_back(std::move(effect));
  sql::Facts facts;
  facts.statements.push_back(std::move(statement));
  const catalog::NameSpace names;
  return guard.decide(facts, {agent, &names, nullptr, {}});
}

void pin(Settings& settings, std::string_view name, std::string_view value) {
  const bool is_set = std::any_of(settings.begin(), settings.end(),
                                  [&](const auto& setting) { return setting.first == name; });
  if (!is_set) settings.emplace_back(name, value);
}

}  // namespace

Result<Settings> split_options(std::string_view options) {
  Settings settings;
  const auto words = split_words(options);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view assignment;
    if (words[i].starts_with("--")) {
      assignment = std::string_view(words[i]).substr(2);
    } else if (words[i] == "-c" && i + 1 < words.size()) {
      assignment = words[++i];
    } else if (words[i].starts_with("-c") && words[i].size() > 2) {
      assignment = std::string_view(words[i]).substr(2);
    } else {
      return Error{sqlstate::invalid_parameter_value,
                   "the gate does not pass on the switch \"" + words[i] + "\" in options: use -c name=value"};
    }
    const auto equals = assignment.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Error{sqlstate::invalid_parameter_value, "options must have the form -c name=value"};
    }
    std::string name = lower(assignment.substr(0, equals));
    std::replace(name.begin(), name.end(), '-', '_');
    settings.emplace_back(std::move(name), assignment.substr(equals + 1));
  }
  return settings;
}

std::string search_path_value(const std::vector<std::string>& schemas) {
  std::string value;
  for (const auto& schema : schemas) {
    if (!value.empty()) value += ", ";
    value += '"';
    for (const char c : schema) value += c == '"' ? std::string("\"\"") : std::string(1, c);
    value += '"';
  }
  return value;
}

Result<Settings> judge_startup(const wire::StartupMessage& startup, const guard::Guard& guard,
                               std::string_view agent, std::string_view database,
                               const std::vector<std::string>& search_path) {
  Settings asked;
  std::string wanted_database;
  for (const auto& [key, value] : startup.parameters) {
    if (key == "user" || key == "replication" || key.starts_with("_pq_.")) continue;
    if (key == "database") {
      wanted_database = value;
    } else if (key == "options") {
      auto split = split_options(value);
      if (!split) return split.error();
      asked.insert(asked.end(), split->begin(), split->end());
    } else {
      asked.emplace_back(lower(key), value);
    }
  }
  if (wanted_database != database) {
    const auto name = wanted_database.empty() ? std::string("(none given)") : wanted_database;
    return Error{
        sqlstate::invalid_catalog_name,
        "database \"" + name + "\" is not behind this gate: connect to \"" + std::string(database) + "\""};
  }

  const bool observes = guard.policy().forwards_not_understood(agent);
  Settings granted;
  bool has_path = false;
  for (auto& [name, value] : asked) {
    if (name == "search_path" && same_path(value, search_path)) continue;
    has_path = has_path || name == "search_path";
    if (const auto verdict = judge_setting(guard, agent, name, value); !verdict.allowed())
      return *verdict.refusal;
    // What a policy in force lets pass is what they are pinned to.
    if (!observes && (name == "client_encoding" || name == "standard_conforming_strings")) continue;
    granted.emplace_back(std::move(name), std::move(value));
  }
  pin(granted, "client_encoding", "UTF8");
  pin(granted, "standard_conforming_strings", "on");
  if (!has_path) granted.emplace_back("search_path", search_path_value(search_path));
  return granted;
}

bool strays(const Settings& granted, const guard::Guard& guard, std::string_view agent,
            const std::vector<std::string>& search_path) {
  return std::any_of(granted.begin(), granted.end(), [&](const auto& setting) {
    const auto& [name, value] = setting;
    if (name == "search_path" && same_path(value, search_path)) return false;
    return judge_setting(guard, agent, name, value).outcome != policy::Outcome::allow;
  });
}

}  // namespace portcullis::session
