// Rules: every name checked, and every rule held against what it could ever match.
#include <algorithm>
#include <array>

#include "policy/builtin_calls.hpp"
#include "policy/load_context.hpp"
#include "policy/object_name.hpp"
#include "policy/suggest.hpp"
#include "policy/touched.hpp"

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;
using sql::Action;

constexpr auto kOutcomes = std::to_array<Outcome>({Outcome::allow, Outcome::ask, Outcome::deny});

class RuleReader {
 public:
  RuleReader(LoadContext& context, const JsonValue& object)
      : context_(context), object_(object), reader_(object, "a rule", context.problems) {}

  void read() {
    read_id(context_, reader_, object_, "the rule", rule_.id);
    read_actions();
    read_on();
    read_to();
    read_when();
    read_require();
    read_of();
    read_limits();
    rule_.monitored = read_mode(context_, reader_);
    check_mode();
    reader_.finish();
    check_swallowed();
    store();
  }

 private:
  struct Written {
    const JsonValue* value;
    ActionSet actions;
  };

  void read_actions() {
    const JsonValue* words = nullptr;
    for (const Outcome outcome : kOutcomes) {
      const JsonValue* found = reader_.take(name(outcome));
      if (found == nullptr) continue;
      if (words != nullptr) {
        context_.complain(*found,
                          "a rule has one of \"allow\", \"ask\" and \"deny\": make two rules of this");
        continue;
      }
      words = found;
      rule_.outcome = outcome;
    }
    if (words == nullptr) {
      return context_.complain(object_, "the rule lacks \"allow\", \"ask\" or \"deny\", a list of actions");
    }
    for (const JsonValue* word : strings_in(context_, *words, name(rule_.outcome))) read_word(*word);
  }

  void read_word(const JsonValue& word) {
    auto actions = read_action(context_, word);
    if (!actions) return;
    const bool pattern = is_action_pattern(word.string);
    if (rule_.opens()) {
      for (const Action action : sql::all_actions()) {
        const auto why = never_allowed(action);
        if (!why || !actions->contains(action)) continue;
        if (!pattern) {
          return context_.complain(word, in_quotes(word.string) + " cannot be allowed: " + std::string(*why));
        }
        ActionSet one;
        one.insert(action);
        *actions -= one;
      }
      if (actions->empty())
        return context_.complain(word, "none of " + in_quotes(word.string) + " can be allowed");
    }
    rule_.words.push_back(word.string);
    rule_.actions |= *actions;
    written_.push_back({&word, *actions});
  }

  void read_on() {
    const JsonValue* list = reader_.take("on");
    if (list == nullptr) return check_without_on();
    on_ = list;
    rule_.on = read_patterns(context_, *list);
    for (const auto& word : written_) {
      const bool nameless = every(word.actions, [](Action a) { return target_of(a) == Target::nameless; });
      if (nameless) {
        context_.complain(*word.value,
                          in_quotes(word.value->string) +
                              " is done to nothing that \"on\" can name, so it can never match: give it "
                              "a rule of its own without \"on\"");
      }
    }
    if (!rule_.opens() || rule_.on.empty()) return;
    for (const auto& word : written_) check_reach(word);
    for (const auto& pattern : rule_.on) {
      const auto why = is_catalog_schema(pattern.schema) ? beyond_select(pattern) : std::string();
      if (!why.empty()) context_.problems.push_back({pattern.line, pattern.column, why});
    }
  }

  // Words that none of the names can be opened for. Patterns of words take what they can have.
  void check_reach(const Written& word) {
    if (is_action_pattern(word.value->string)) return;
    const auto none = [&](auto can_open) { return std::none_of(rule_.on.begin(), rule_.on.end(), can_open); };
    const bool calls =
        every(word.actions, [](Action a) { return a == Action::execute_function || a == Action::call; });
    if (calls && none([](const ObjectPattern& p) { return p.exact(); })) {
      context_.complain(
          *word.value,
          "a function must be named, for no star opens one: write schema.function in \"on\", or "
          "its signature under \"functions\"");
    }
    const bool rows = every(word.actions, [](Action a) { return !takes_columns(a); });
    if (rows && none([](const ObjectPattern& p) { return p.whole(); })) {
      context_.complain(*word.value,
                        in_quotes(word.value->string) +
                            " is done to a table as a whole, never to columns: name the table without them");
    }
  }

  // A rule that opens something must say on what, wherever that can be said.
  void check_without_on() {
    if (!rule_.opens()) return;
    for (const auto& word : written_) {
      if (every(word.actions, [](Action a) { return target_of(a) == Target::nameless; })) continue;
      context_.complain(*word.value, in_quotes(word.value->string) +
                                         " needs \"on\", a list of names: it is done to " +
                                         "objects of a schema");
      return;
    }
  }

  template <class Predicate>
  static bool every(const ActionSet& actions, Predicate predicate) {
    const auto all = sql::all_actions();
    return std::all_of(all.begin(), all.end(),
                       [&](Action a) { return !actions.contains(a) || predicate(a); });
  }

  [[nodiscard]] std::string beyond_select(const ObjectPattern& pattern) const {
    const std::string name = in_quotes(to_text(pattern));
    if (!pattern.exact()) {
      return name +
             " would open what PostgreSQL hides: what is harmless in it is open to everyone, name the others";
    }
    const bool only_known = every(rule_.actions, [](Action a) {
      return a == Action::select || a == Action::execute_function || a == Action::use_type ||
             a == Action::use_operator || a == Action::use_collation || a == Action::use_operator_class;
    });
    if (!only_known)
      return name + " belongs to PostgreSQL: only \"select\" can be allowed on its tables and views";
    if (!rule_.actions.contains(Action::execute_function)) return {};
    const auto why = why_not_openable(pattern.schema, pattern.name);
    return why.empty() ? why : "\"execute function\" cannot be allowed on " + name + ": " + why;
  }

  void read_to() {
    const auto* list = require(context_, reader_, object_, "the rule", "to", Kind::array);
    if (list == nullptr) return;
    for (const JsonValue* item : strings_in(context_, *list, "to")) {
      if (item->string == "*") {
        everyone_ = true;
      } else if (context_.policy.rules_of.contains(item->string)) {
        to_.insert(item->string);
      } else if (context_.groups.contains(item->string)) {
        if (!add_members(item->string)) {
          context_.complain(
              *item, "group " + in_quotes(item->string) +
                         " has no agents, so the rule can never match: put agents in it or take it out");
        }
      } else {
        context_.complain(
            *item, "there is no agent or group " + in_quotes(item->string) +
                       did_you_mean(item->string, agents_and_groups(), ": name it first, or write \"*\""));
      }
    }
  }

  bool add_members(const std::string& group) {
    bool any = false;
    for (const Agent& agent : context_.policy.agents) {
      if (std::find(agent.groups.begin(), agent.groups.end(), group) == agent.groups.end()) continue;
      to_.insert(agent.name);
      any = true;
    }
    return any;
  }

  [[nodiscard]] std::vector<std::string> agents_and_groups() const {
    std::vector<std::string> names(context_.groups.begin(), context_.groups.end());
    for (const auto& [agent, rules] : context_.policy.rules_of) names.push_back(agent);
    return names;
  }

  void read_when() {
    const JsonValue* when = reader_.take("when");
    if (when == nullptr) return;
    auto condition = read_condition(context_, *when);
    rule_.when = std::move(condition.column);
    rule_.confidence_below = condition.confidence_below;
    if (rule_.confidence_below && rule_.outcome == Outcome::allow) {
      context_.complain(*when,
                        "\"confidence_below\" in an allow rule would let an agent do more by being less "
                        "sure: only ask and deny rules have it");
    }
    const bool only_columns =
        every(rule_.actions, [](Action a) { return a == Action::alter_table_add_column; });
    if (rule_.when && !written_.empty() && !only_columns) {
      context_.complain(
          *when, "\"when\" speaks of the new column: give \"alter table add column\" a rule of its own");
    }
  }

  void read_require() {
    const JsonValue* list = reader_.take("require");
    const JsonValue* dry_run = nullptr;
    if (list != nullptr) read_requirements(*list, dry_run);
    read_dry_run(context_, reader_, dry_run, rule_);
  }

  void read_requirements(const JsonValue& list, const JsonValue*& dry_run) {
    if (!rule_.opens()) context_.complain(list, "a deny rule requires nothing: take \"require\" out");
    for (const JsonValue* item : strings_in(context_, list, "require")) {
      if (item->string == "where") {
        rule_.requires_where = true;
        if (!rule_.actions.contains(Action::update) && !rule_.actions.contains(Action::delete_)) {
          context_.complain(*item, "only \"update\" and \"delete\" can have a WHERE: take \"require\" out");
        }
      } else if (item->string == "reason") {
        rule_.requires_reason = true;
      } else if (item->string == "dry run") {
        dry_run = item;
      } else {
        context_.complain(*item, "unknown requirement " + in_quotes(item->string) +
                                     ": write \"where\", \"reason\" or \"dry run\"");
      }
    }
  }

  void read_limits() {
    const JsonValue* limits = reader_.take("limits");
    if (limits == nullptr) return;
    if (!rule_.opens()) {
      return context_.complain(*limits,
                               "a deny rule lets nothing through to be limited: take \"limits\" out");
    }
    read_rule_limits(context_, *limits, rule_);
    if (rule_.confidence_below) {
      context_.complain(*limits,
                        "a rule with \"confidence_below\" opens nothing that could be limited: take "
                        "\"limits\" out");
    }
  }

  void read_of() {
    const JsonValue* of = reader_.take("of");
    if (rule_.outcome != Outcome::ask) {
      if (of != nullptr) context_.complain(*of, "\"of\" says who is asked: only an ask rule has it");
      return;
    }
    if (of == nullptr || of->kind != Kind::object) {
      return context_.complain(of == nullptr ? object_ : *of,
                               "an ask rule needs \"of\": write { \"reviewers\": ... } with who is asked");
    }
    rule_.reviewers = read_reviewers(context_, *of);
  }

  // Two kinds of "monitor" at once would leave it open what holds.
  void check_mode() {
    const JsonValue* mode = object_.find("mode");
    if (mode == nullptr || !context_.policy.monitored) return;
    context_.complain(*mode,
                      "the whole policy is in mode \"monitor\": take the rule's \"mode\" out, or enforce the "
                      "policy and monitor single rules");
  }

  void check_swallowed() {
    if (!rule_.opens() || rule_.on.empty() || rule_.actions.empty()) return;
    const bool some_left =
        std::any_of(rule_.on.begin(), rule_.on.end(), [&](const ObjectPattern& p) { return !swallowed(p); });
    if (some_left) return;
    const JsonValue* id = object_.find("id");
    context_.complain(
        id == nullptr ? object_ : *id,
        "the rule can never hold: \"protect\" covers all that it names; take the rule out, or make an "
        "\"except\" in the protection");
  }

  [[nodiscard]] bool swallowed(const ObjectPattern& pattern) const {
    ActionSet left = rule_.actions;
    for (const auto& protection : context_.policy.protections) {
      const auto covers = [&](const ObjectPattern& p) { return p.includes(pattern); };
      if (std::none_of(protection.on.begin(), protection.on.end(), covers)) continue;
      ActionSet excepted = left;
      excepted -= protection.except;
      left -= excepted;
    }
    return left.empty();
  }

  void store() {
    if (rule_.on.empty() && on_ != nullptr) return;  // none of its names is one: it must not match everything
    const std::size_t index = context_.policy.rules.size();
    for (auto& [agent, rules] : context_.policy.rules_of) {
      if (!everyone_ && !to_.contains(agent)) continue;
      rules.push_back(index);
      const bool enforced = !rule_.monitored && !context_.policy.monitored;
      if (enforced) context_.policy.enforced_of[agent].push_back(index);
    }
    context_.policy.rules.push_back(std::move(rule_));
  }

  LoadContext& context_;
  const JsonValue& object_;
  ObjectReader reader_;
  Rule rule_;
  std::vector<Written> written_;
  const JsonValue* on_ = nullptr;
  bool everyone_ = false;
  std::set<std::string, std::less<>> to_;
};

}  // namespace

void read_rule(LoadContext& context, const JsonValue& value) {
  if (value.kind != Kind::object) {
    return context.complain(value,
                            "a rule is an object: write { \"id\": ..., \"allow\": [...], \"on\": [...] }");
  }
  RuleReader(context, value).read();
}

}  // namespace portcullis::policy
