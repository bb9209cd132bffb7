// What a rule says beside its actions and objects: its mode, conditions, and who is asked.
#include <algorithm>
#include <array>

#include "policy/load_context.hpp"
#include "policy/suggest.hpp"

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;

// A duration as the format writes it: a whole number and a unit.
bool is_duration(std::string_view text) {
  const auto digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || digits > 9 || text.front() == '0') return false;
  constexpr auto kUnits = std::to_array<std::string_view>({"ms", "s", "min", "h", "d"});
  return std::find(kUnits.begin(), kUnits.end(), text.substr(digits)) != kUnits.end();
}

void read_defaults(LoadContext& context, const JsonValue& list, ColumnCondition& condition) {
  for (const JsonValue* item : strings_in(context, list, "default")) {
    if (item->string == "none") {
      condition.defaults.insert(sql::DefaultExpression::none);
    } else if (item->string == "constant") {
      condition.defaults.insert(sql::DefaultExpression::constant);
    } else if (item->string == "other") {
      condition.defaults.insert(sql::DefaultExpression::other);
    } else {
      context.complain(*item, in_quotes(item->string) +
                                  " is no kind of default: write \"none\", \"constant\" or \"other\"");
    }
  }
}

// The number of people in the group; zero, with a problem, where there is no such group.
std::size_t people_in(LoadContext& context, const JsonValue& group) {
  const auto found = context.reviewers.find(group.string);
  if (found != context.reviewers.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, people] : context.reviewers) known.push_back(name);
  context.complain(group, "there are no reviewers " + in_quotes(group.string) +
                              did_you_mean(group.string, known, ": name them under \"reviewers\""));
  return 0;
}

}  // namespace

bool read_mode(LoadContext& context, ObjectReader& reader) {
  const JsonValue* mode = reader.take("mode");
  if (mode == nullptr) return false;
  if (mode->kind != Kind::string || (mode->string != "monitor" && mode->string != "enforce")) {
    context.complain(*mode, "\"mode\" must be \"enforce\" or \"monitor\"");
  }
  return mode->string == "monitor";
}

std::optional<double> read_fraction(LoadContext& context, const JsonValue& value, std::string_view key) {
  const bool whole = value.kind == Kind::integer;
  const double number = whole ? static_cast<double>(value.integer) : value.number;
  if ((whole || value.kind == Kind::number) && number >= 0 && number <= 1) return number;
  context.complain(value, in_quotes(key) + " must be a number from 0 to 1");
  return std::nullopt;
}

Condition read_condition(LoadContext& context, const JsonValue& when) {
  Condition condition;
  if (when.kind != Kind::object || when.members.empty()) {
    context.complain(when,
                     "\"when\" must be an object with \"default\", \"nullable\", \"type\" or "
                     "\"confidence_below\" in it");
    return condition;
  }
  ObjectReader reader(when, "\"when\"", context.problems);
  ColumnCondition column;
  const JsonValue* const defaults = reader.take("default");
  if (defaults != nullptr) read_defaults(context, *defaults, column);
  column.nullable = reader.take_boolean("nullable");
  const JsonValue* const type = reader.take("type");
  if (type != nullptr) {
    column.base_type = type->kind == Kind::string && type->string == "base";
    if (!column.base_type)
      context.complain(*type, "\"type\" must be \"base\": one of PostgreSQL's own types");
  }
  if (defaults != nullptr || type != nullptr || when.find("nullable") != nullptr)
    condition.column = std::move(column);
  if (const auto* below = reader.take("confidence_below")) {
    condition.confidence_below = read_fraction(context, *below, "confidence_below");
    if (condition.confidence_below == 0.0)
      context.complain(*below, "no confidence is below 0, so the rule can never match: write more than 0");
  }
  reader.finish();
  return condition;
}

std::string read_reviewers(LoadContext& context, const JsonValue& of) {
  ObjectReader reader(of, "\"of\"", context.problems);
  const auto* group = require(context, reader, of, "\"of\"", "reviewers", Kind::string);
  const std::size_t people = group == nullptr ? 0 : people_in(context, *group);
  const auto count = reader.take_integer("count", 1, 100);
  if (count && people > 0 && static_cast<std::size_t>(*count) > people) {
    context.complain(*of.find("count"),
                     in_quotes(group->string) + " has only " + std::to_string(people) + " reviewers");
  }
  const auto expires = reader.take_string("expires");
  if (expires && !is_duration(*expires)) {
    context.complain(*of.find("expires"),
                     in_quotes(*expires) + " is no duration: write a whole number and ms, s, min, h or d");
  }
  reader.finish();
  return group == nullptr ? std::string() : group->string;
}

}  // namespace portcullis::policy
