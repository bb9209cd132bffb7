#include "policy/builtin_calls.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <variant>

#include "policy/object_name.hpp"
#include "policy/settings.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::Effect;
using Kind = ObjectArgument::Kind;
using Mode = ObjectArgument::Mode;

// Nothing of these reads or changes what a statement does not name; they wait, hold or tell.
constexpr auto kOpenable = std::to_array<std::string_view>({
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_notify",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
});
static_assert(std::is_sorted(kOpenable.begin(), kOpenable.end()));

// What SQL's grammar spells differently from pg_type (PostgreSQL manual, table "Data Types").
constexpr auto kSpelledOut = std::to_array<std::string_view>({
    "bigint",
    "bit varying",
    "boolean",
    "character",
    "character varying",
    "decimal",
    "double precision",
    "integer",
    "real",
    "smallint",
    "time with time zone",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
});
static_assert(std::is_sorted(kSpelledOut.begin(), kSpelledOut.end()));

bool is_own_type(std::string_view written) {
  std::string name(written);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (name.starts_with("pg_catalog.")) name.erase(0, 11);
  while (name.ends_with("[]")) name.resize(name.size() - 2);
  return sql::is_builtin_type(name) || std::binary_search(kSpelledOut.begin(), kSpelledOut.end(), name);
}

std::optional<std::string> constant_at(const Effect& call, std::size_t position) {
  return position < call.arguments.size() ? call.arguments[position] : std::nullopt;
}

Effect acting_on(Action action, sql::ObjectKind kind, sql::Name object, std::int32_t location) {
  Effect effect{};
  effect.action = action;
  effect.kind = kind;
  effect.object = std::move(object);
  effect.location = location;
  return effect;
}

// What calling the function does to what the constant names, as an effect; or why it cannot be told.
std::variant<Effect, std::string> effect_of(const Effect& call, const ObjectArgument& argument,
                                            const std::string& constant) {
  if (argument.kind == Kind::setting) {
    if (argument.mode == Mode::read) {
      return acting_on(Action::show, sql::ObjectKind::setting, {{}, {}, constant}, call.location);
    }
    std::string setting;
    (void)read_setting_name(constant, setting);  // names of settings have no case
    Effect set = acting_on(Action::set, sql::ObjectKind::setting, {{}, {}, setting}, call.location);
    const auto value = constant_at(call, argument.position + 1U);
    set.value_is_constant = value.has_value();
    if (value && setting == "search_path") {
      const auto schemas = read_search_path(*value);
      set.value_is_constant = schemas.has_value();
      set.values = schemas.value_or(std::vector<std::string>());
    } else if (value) {
      set.values.push_back(*value);
    }
    return set;
  }
  auto name = parse_object_name(constant);
  if (std::holds_alternative<std::string>(name)) return "the sequence must be written as schema.name";
  const Action action = argument.mode == Mode::read ? Action::select : Action::update;
  return acting_on(action, sql::ObjectKind::relation, std::get<sql::Name>(std::move(name)), call.location);
}

// What json_populate_record and its like take: a value, not a text that holds a name.
bool takes_value(const Effect& call, const ObjectArgument& argument) {
  return argument.kind == Kind::type && !call.object.name.starts_with("pg_input");
}

bool is_setting_name(std::string_view text) {
  std::string name;
  const auto is_plain = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  (void)read_setting_name(text, name);
  return !name.empty() && std::all_of(name.begin(), name.end(), is_plain);
}

// Why the call is not allowed, or nothing.
std::string objection(const Effect& call, const ObjectArgument& argument, const Surroundings& surroundings) {
  // The types of a column definition list stand in the statement and are effects of their own.
  if (argument.kind == Kind::column_definitions) return {};
  if (takes_value(call, argument)) return "which type it makes a value of cannot be told";
  const auto constant = constant_at(call, argument.position);
  if (!constant) return "what it works on must be a constant";
  if (argument.kind == Kind::type) {
    return is_own_type(*constant) ? std::string() : "the type is not one of PostgreSQL's own";
  }
  const auto effect = effect_of(call, argument, *constant);
  if (const auto* unclear = std::get_if<std::string>(&effect)) return *unclear;
  const auto decision = surroundings.judge(std::get<Effect>(effect));
  return decision.outcome == Outcome::allow ? std::string() : decision.reason;
}

}  // namespace

Standing own_function_on_object(const Effect& call, const BuiltinFunction& function,
                                const Surroundings& surroundings) {
  for (const auto& argument : function.objects) {
    if (const auto why = objection(call, argument, surroundings); !why.empty()) {
      return stands_refused(Ground::shipped_list, why, false);
    }
  }
  return stands_allowed(Ground::shipped_list, "works on what is allowed");
}

std::optional<std::string> name_in_call(const Effect& call, const ObjectArgument& argument) {
  auto constant = constant_at(call, argument.position);
  if (!constant || argument.kind == Kind::column_definitions || takes_value(call, argument))
    return std::nullopt;
  const bool is_name = argument.kind == Kind::type ? is_own_type(*constant)
                       : argument.kind == Kind::setting
                           ? is_setting_name(*constant)
                           : std::holds_alternative<sql::Name>(parse_object_name(*constant));
  if (!is_name) constant = "?";
  return constant;
}

std::string why_not_openable(std::string_view schema, std::string_view name) {
  const auto* listed = builtin_function(schema, name);
  if (listed == nullptr) return "PostgreSQL has no such function, or none that was reviewed";
  if (listed->decision != BuiltinDecision::refuse ||
      std::binary_search(kOpenable.begin(), kOpenable.end(), name)) {
    return {};
  }
  return listed->reason.empty() ? "it is not harmless" : std::string(listed->reason);
}

}  // namespace portcullis::policy
