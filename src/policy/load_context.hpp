// What the parts of the loader share: where problems go, and the names that later parts refer to.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/json_document.hpp"
#include "policy/rules.hpp"

namespace portcullis::policy {

struct LoadContext {
  PolicyData& policy;
  std::vector<Problem>& problems;
  std::set<std::string, std::less<>> groups;
  std::map<std::string, std::size_t, std::less<>> reviewers;  // with the number of people
  std::set<std::string, std::less<>> ids;                     // of protections and rules

  void complain(const JsonValue& at, std::string message) {
    problems.push_back({at.line, at.column, std::move(message)});
  }
};

[[nodiscard]] std::string in_quotes(std::string_view text);
// Letters, digits, "_", "-", "." and anything beyond ASCII; 1 to 63 bytes: what agents, groups, reviewers and
// rules are called, in logs and on the command line too.
[[nodiscard]] bool is_plain_name(std::string_view text) noexcept;

// The value of a key that must be there and of that kind; null, with a problem, where it is not.
[[nodiscard]] const JsonValue* require(LoadContext& context, ObjectReader& reader, const JsonValue& object,
                                       std::string_view what, std::string_view key, JsonValue::Kind kind);
// The strings of a list that must not be empty nor name anything twice.
[[nodiscard]] std::vector<const JsonValue*> strings_in(LoadContext& context, const JsonValue& list,
                                                       std::string_view key);

// An id that nothing else has.
void read_id(LoadContext& context, ObjectReader& reader, const JsonValue& object, std::string_view what,
             std::string& id);
// The patterns that are ones, with their places; each other is a problem.
[[nodiscard]] std::vector<ObjectPattern> read_patterns(LoadContext& context, const JsonValue& list);
// The actions of a word or pattern; nothing, with a problem, where it is neither.
[[nodiscard]] std::optional<ActionSet> read_action(LoadContext& context, const JsonValue& word);
// "when" of a rule: a part that is not there is no condition.
struct Condition {
  std::optional<ColumnCondition> column;
  std::optional<double> confidence_below;
};
[[nodiscard]] Condition read_condition(LoadContext& context, const JsonValue& when);
// A number from 0 to 1; nothing, with a problem, for all else.
[[nodiscard]] std::optional<double> read_fraction(LoadContext& context, const JsonValue& value,
                                                  std::string_view key);
// "mode" of the policy or of a rule: whether it is "monitor".
[[nodiscard]] bool read_mode(LoadContext& context, ObjectReader& reader);
// "of" of an ask rule: the group of reviewers.
[[nodiscard]] std::string read_reviewers(LoadContext& context, const JsonValue& of);

void read_protection(LoadContext& context, const JsonValue& value);
void read_rule(LoadContext& context, const JsonValue& value);
void read_test(LoadContext& context, const JsonValue& value);
void read_functions(LoadContext& context, const JsonValue& value);
void read_settings(LoadContext& context, const JsonValue& value);
// Once agents and rules are known. Null: the policy has no such section.
void read_limits(LoadContext& context, const JsonValue* limits);
void read_rule_limits(LoadContext& context, const JsonValue& limits, Rule& rule);
// Once the rule's id and actions are known. `requirement`: where the rule asks for a dry run; null: it does
// not.
void read_dry_run(LoadContext& context, ObjectReader& reader, const JsonValue* requirement, Rule& rule);

}  // namespace portcullis::policy
