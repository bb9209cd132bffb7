// The file: agents, rules, functions and settings, with the records that speak for them.
#include "replay/learnt_policy.hpp"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "policy/name_scanner.hpp"
#include "policy/object_name.hpp"

namespace portcullis::replay {
namespace {

using policy::PolicySet;

constexpr std::size_t kTestsOfRule = 3;

std::string json(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string listed(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + json(item);
  return "[" + text + "]";
}

// "388 records, to 9120: 211, 213, 220".
std::string told(const Sightings& seen) {
  std::string some;
  for (const auto record : seen.some) some += (some.empty() ? "" : ", ") + std::to_string(record);
  if (seen.count <= seen.some.size())
    return std::to_string(seen.count) + (seen.count == 1 ? " record: " : " records: ") + some;
  return std::to_string(seen.count) + " records: " + some + " ... " + std::to_string(seen.last);
}

// A list, each item on a line with what speaks for it.
std::string evidenced(const std::vector<std::pair<std::string, Sightings>>& items,
                      const std::string& indent) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    text += "\n" + indent + json(items[i].first) + (i + 1 < items.size() ? "," : "");
    if (items[i].second.count > 0) text += "  // " + told(items[i].second);
  }
  return text;
}

class Writer {
 public:
  Writer(const Lesson& lesson, bool with_evidence)
      : lesson_(lesson), with_evidence_(with_evidence), rules_(rules_of(lesson)) {}

  [[nodiscard]] std::string write(const std::string& name, const std::vector<LearntTest>& tests) const {
    std::string text;
    if (with_evidence_) text += head();
    text += "{\n  \"version\": 1,\n  \"name\": " + json(name) + ",\n  \"mode\": \"enforce\",\n" + agents() +
            ",\n  \"rules\": [";
    std::string rules;
    for (const auto& rule : rules_) rules += (rules.empty() ? "\n" : ",\n") + to_text(rule);
    for (const auto& [function, agents] : not_called()) {
      rules += (rules.empty() ? "\n" : ",\n") + std::string("    { \"id\": ") +
               json("not-called-" + std::to_string(number_of(function))) +
               R"(, "deny": ["execute function", "call"], "on": [)" + json(policy::quoted(function)) +
               "], \"to\": " + listed(agents) + " }";
    }
    text += rules + (rules.empty() ? "]" : "\n  ]") + section("functions", &Grants::functions, function_of) +
            section("settings", &Grants::settings, setting_of);
    if (!tests.empty()) text += ",\n  \"tests\": [" + to_text(tests) + "\n  ]";
    return text + "\n}\n";
  }

  [[nodiscard]] const std::vector<LearntRule>& rules() const { return rules_; }

 private:
  [[nodiscard]] std::string head() const {
    return "// Learnt by `portcullis policy learn` from " + std::to_string(lesson_.decisions) +
           " decisions: the least policy that allows them. Read it before it is used: that\n"
           "// something was done does not say that it was meant to be. Behind \"//\" stand the records of "
           "the log that speak\n"
           "// for a line; `portcullis audit show LOG --from N --to N` prints one.\n";
  }

  [[nodiscard]] std::string agents() const {
    std::string text = "  \"agents\": {";
    bool is_first = true;
    for (const auto& [name, agent] : lesson_.agents) {
      text += (is_first ? "\n    " : ",\n    ") + json(name) + ": { \"login\": " + json(agent.login);
      if (!agent.owner.empty()) text += ", \"owner\": " + json(agent.owner);
      text += " }";
      is_first = false;
    }
    return text + "\n  }";
  }

  [[nodiscard]] std::string to_text(const LearntRule& rule) const {
    std::string text;
    Sightings all;
    std::vector<std::pair<std::string, Sightings>> on;
    for (const auto& [pattern, object] : rule.on) {
      on.emplace_back(pattern, seen(rule, &object));
    }
    if (with_evidence_) text += "    // " + told(seen(rule, nullptr)) + "\n";
    text += "    {\n      \"id\": " + json(rule.id) + ",\n      \"allow\": " + listed(rule.words);
    if (!on.empty()) text += ",\n      \"on\": [" + evidenced(on, "        ") + "\n      ]";
    text += ",\n      \"to\": " + listed(rule.agents);
    if (rule.requires_where) text += ",\n      \"require\": [\"where\"]";
    if (!rule.when.empty()) text += ",\n      \"when\": " + rule.when;
    return text + "\n    }";
  }

  // Where an effect of the rule's deeds stands; on the object alone where one is given.
  [[nodiscard]] Sightings seen(const LearntRule& rule, const sql::Name* object) const {
    Sightings all;
    if (!with_evidence_) return all;
    for (const auto& shape : lesson_.shapes) {
      if (!shape.beyond.empty()) continue;
      const auto& agents = rule.agents;
      if (std::find(agents.begin(), agents.end(), shape.past.agent) == agents.end()) continue;
      const auto& effects = shape.past.resolution.effects;
      const bool is_one = std::any_of(effects.begin(), effects.end(), [&](const auto& resolved) {
        const Deed deed = deed_of(resolved);
        return rule.deeds.contains(deed) && (object == nullptr || deed.object == *object);
      });
      if (is_one) all.add(shape.seen);
    }
    return all;
  }

  template <class Of>
  [[nodiscard]] Sightings seen_by(const std::string& what, Of of) const {
    Sightings all;
    if (!with_evidence_) return all;
    for (const auto& shape : lesson_.shapes) {
      if (!shape.beyond.empty()) continue;
      const auto& effects = shape.past.resolution.effects;
      if (std::any_of(effects.begin(), effects.end(),
                      [&](const auto& resolved) { return of(resolved) == what; }))
        all.add(shape.seen);
    }
    return all;
  }

  // "functions" or "settings": what any agent needs of them.
  template <class Of>
  [[nodiscard]] std::string section(const char* key, std::set<std::string> Grants::*needed, Of of) const {
    std::set<std::string> names;
    for (const auto& [name, agent] : lesson_.agents) {
      const auto& some = agent.grants.*needed;
      names.insert(some.begin(), some.end());
    }
    if (names.empty()) return {};
    std::vector<std::pair<std::string, Sightings>> items;
    for (const auto& name : names) items.emplace_back(name, seen_by(name, of));
    return ",\n  " + json(key) + ": {\n    \"allow\": [" + evidenced(items, "      ") + "\n    ]\n  }";
  }

  // "functions" opens a function to everyone: by name, the agents that called none of that name.
  [[nodiscard]] std::map<sql::Name, std::vector<std::string>> not_called() const {
    std::map<sql::Name, std::set<std::string>> callers;
    for (const auto& [name, agent] : lesson_.agents) {
      for (const auto& function : agent.grants.functions) {
        policy::NameScanner scanner(function);
        const auto found = policy::scan_object_name(scanner, function);
        if (std::holds_alternative<sql::Name>(found)) callers[std::get<sql::Name>(found)].insert(name);
      }
    }
    std::map<sql::Name, std::vector<std::string>> others;
    for (const auto& [function, agents] : callers) {
      for (const auto& [name, agent] : lesson_.agents) {
        if (!agents.contains(name)) others[function].push_back(name);
      }
    }
    return others;
  }
  [[nodiscard]] std::size_t number_of(const sql::Name& function) const {
    const auto all = not_called();
    return static_cast<std::size_t>(std::distance(all.begin(), all.find(function))) + 1;
  }

  static std::string to_text(const std::vector<LearntTest>& tests) {
    std::string text;
    for (const auto& test : tests) {
      text += (text.empty() ? "\n    { \"as\": " : ",\n    { \"as\": ") + json(test.agent) +
              ", \"sql\": " + json(test.sql);
      if (!test.search_path.empty()) text += ", \"search_path\": " + listed(test.search_path);
      text += ", \"expect\": " + json(std::string(policy::name(test.expect))) + " }";
    }
    return text;
  }

  const Lesson& lesson_;
  const bool with_evidence_;
  std::vector<LearntRule> rules_;
};

// Schemas that the names of the statement may have been found in.
std::vector<std::string> schemas_of(const Shape& shape) {
  std::vector<std::string> schemas;
  for (const auto& resolved : shape.past.resolution.effects) {
    const auto& schema = resolved.effect.object.schema;
    const bool is_one = resolved.via == catalog::Via::written && !schema.empty() &&
                        !policy::is_catalog_schema(schema) && !policy::is_unnameable_schema(schema);
    if (is_one && std::find(schemas.begin(), schemas.end(), schema) == schemas.end())
      schemas.push_back(schema);
  }
  return schemas;
}

class TestFinder {
 public:
  TestFinder(const Lesson& lesson, const PolicySet& policy, const Holds& holds)
      : lesson_(lesson), policy_(policy), holds_(holds) {}

  std::vector<LearntTest> find(const std::vector<LearntRule>& rules) {
    for (const auto& rule : rules) add_seen(rule);
    for (const auto& rule : rules) add_unseen(rule);
    for (const auto& [agent, learnt] : lesson_.agents)
      add({agent, "CREATE TABLE public.not_seen_before (id integer)", {}, policy::Outcome::deny});
    return std::move(tests_);
  }

 private:
  void add_seen(const LearntRule& rule) {
    std::size_t found = 0;
    for (const auto& shape : lesson_.shapes) {
      if (found == kTestsOfRule) return;
      const auto& effects = shape.past.resolution.effects;
      const bool is_one =
          shape.beyond.empty() &&
          std::find(rule.agents.begin(), rule.agents.end(), shape.past.agent) != rule.agents.end() &&
          std::any_of(effects.begin(), effects.end(),
                      [&](const auto& e) { return rule.deeds.contains(deed_of(e)); });
      if (is_one && !shape.texts.empty() && add_seen(shape)) ++found;
    }
  }

  bool add_seen(const Shape& shape) {
    return std::any_of(shape.texts.begin(), shape.texts.end(), [&](const std::string& text) {
      return add({shape.past.agent, text, {}, policy::Outcome::allow}) ||
             add({shape.past.agent, text, schemas_of(shape), policy::Outcome::allow});
    });
  }

  // Something on the same object that was not done.
  void add_unseen(const LearntRule& rule) {
    for (const auto& [pattern, object] : rule.on) {
      if (policy::is_catalog_schema(object.schema)) continue;  // what is denied there is denied everybody
      const std::string name = policy::quoted(object);
      for (const auto& text :
           {"DELETE FROM " + name, "SELECT * FROM " + name, "TRUNCATE " + name, "DROP TABLE " + name}) {
        if (add({rule.agents.front(), text, {}, policy::Outcome::deny})) return;
      }
    }
  }

  // Each once.
  bool add(LearntTest test) {
    const auto same = [&](const LearntTest& other) {
      return other.agent == test.agent && other.sql == test.sql;
    };
    if (std::any_of(tests_.begin(), tests_.end(), same) || !holds_(policy_, test)) return false;
    tests_.push_back(std::move(test));
    return true;
  }

  const Lesson& lesson_;
  const PolicySet& policy_;
  const Holds& holds_;
  std::vector<LearntTest> tests_;
};

}  // namespace

std::string bare_policy_text(const Lesson& lesson) {
  return Writer(lesson, false).write("learnt", {});
}

std::string policy_text(const Lesson& lesson, const std::string& name, const Holds& holds) {
  const Writer writer(lesson, true);
  const auto loaded = PolicySet::load(writer.write(name, {}));
  if (!loaded.policy) return writer.write(name, {});
  return writer.write(name, TestFinder(lesson, *loaded.policy, holds).find(writer.rules()));
}

}  // namespace portcullis::replay
