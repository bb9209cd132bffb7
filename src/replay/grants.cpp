#include "replay/grants.hpp"

#include <algorithm>

#include "policy/action_set.hpp"
#include "policy/builtin_calls.hpp"
#include "policy/builtins.hpp"
#include "policy/function_entry.hpp"
#include "policy/object_name.hpp"
#include "policy/settings.hpp"
#include "policy/standing.hpp"
#include "policy/touched.hpp"

namespace portcullis::replay {
namespace {

using catalog::ResolvedEffect;
using catalog::Via;
using policy::Ground;
using policy::ObjectArgument;
using sql::Action;

constexpr std::size_t kShown = 5;

bool calls(const sql::Effect& effect) {
  return effect.action == Action::execute_function || effect.action == Action::call;
}

// As the judge sees it: what a statement brings about has the WHERE of what does it.
bool has_where(const catalog::Resolution& resolution, std::size_t index) {
  const auto& resolved = resolution.effects[index];
  if (resolved.effect.has_where) return true;
  const bool keeps =
      resolved.via == Via::view || resolved.via == Via::inheritance || resolved.via == Via::foreign_key;
  const bool caused = resolved.cause >= 0 && static_cast<std::size_t>(resolved.cause) < index;
  return keeps && caused && has_where(resolution, static_cast<std::size_t>(resolved.cause));
}

void add_column(const sql::AddedColumn& column, Need& need) {
  need.defaults.insert(column.default_expression);
  need.always_nullable = need.always_nullable && column.nullable;
  need.never_nullable = need.never_nullable && !column.nullable;
  need.always_base_type = need.always_base_type && column.base_type;
  need.conditions_hold = need.conditions_hold && !column.inline_constraint;
}

// What a call does to the thing that its argument names.
const ObjectArgument* names_object(const sql::Effect& call) {
  const auto* listed = policy::builtin_function(call.object.schema, call.object.name);
  if (listed == nullptr || listed->decision != policy::BuiltinDecision::object || listed->objects.empty())
    return nullptr;
  return &listed->objects.front();
}

std::optional<std::string> named_at(const sql::Effect& call, const ObjectArgument& argument) {
  return argument.position < call.arguments.size() ? call.arguments[argument.position] : std::nullopt;
}

std::string open_setting(const std::string& written, Grants& grants) {
  std::string name;
  const auto wrong = policy::read_setting_name(written, name);
  if (!wrong.empty()) return "the setting \"" + written + "\" " + wrong;
  return grants.settings.insert(name).second ? std::string() : "nothing more can be opened";
}

std::string open_own_function(const ResolvedEffect& resolved, Grants& grants) {
  const auto& call = resolved.effect;
  const auto* argument = names_object(call);
  if (argument != nullptr) {
    const auto named = named_at(call, *argument);
    if (!named) return "what the function works on is no constant";
    if (argument->kind == ObjectArgument::Kind::setting) return open_setting(*named, grants);
    auto name = policy::parse_object_name(*named);
    if (argument->kind != ObjectArgument::Kind::sequence || !std::holds_alternative<sql::Name>(name))
      return "what the function works on cannot be named in a policy";
    const Action action = argument->mode == ObjectArgument::Mode::read ? Action::select : Action::update;
    Need& need = grants.deeds[{action, std::get<sql::Name>(name)}];
    if (need.whole) return "nothing more can be opened";
    need.whole = true;
    need.always_where = false;
    return {};
  }
  const auto why = policy::why_not_openable(call.object.schema, call.object.name);
  if (!why.empty()) return "it cannot be opened: " + why;
  const auto [found, is_new] = grants.deeds.try_emplace({call.action, call.object});
  found->second.whole = true;
  return is_new ? std::string() : "nothing more can be opened";
}

// Whether something came to it.
bool widen(const PastDecision& past, std::size_t index, Need& need, bool is_new) {
  const auto& resolved = past.resolution.effects[index];
  const Need before = need;
  const bool by_column = policy::takes_columns(resolved.effect.action) &&
                         resolved.effect.kind == sql::ObjectKind::relation && !policy::touches_all(resolved);
  need.whole = need.whole || !by_column;
  if (by_column) need.columns.insert(resolved.effect.columns.begin(), resolved.effect.columns.end());
  need.always_where = need.always_where && has_where(past.resolution, index);
  if (resolved.effect.added_column) {
    add_column(*resolved.effect.added_column, need);
  } else if (resolved.effect.action == Action::alter_table_add_column) {
    need.conditions_hold = false;
  }
  return is_new || need.whole != before.whole || need.columns != before.columns ||
         need.always_where != before.always_where || need.defaults != before.defaults ||
         need.always_nullable != before.always_nullable || need.never_nullable != before.never_nullable ||
         need.always_base_type != before.always_base_type || need.conditions_hold != before.conditions_hold;
}

std::string unopenable(const ResolvedEffect& resolved, const policy::EffectDecision& refused) {
  const auto& effect = resolved.effect;
  if (const auto why = policy::never_allowed(effect.action)) return std::string(*why);
  if (refused.ground == Ground::unsupported || refused.ground == Ground::protection) return refused.reason;
  const bool is_made = sql::name(effect.action).starts_with("drop ") || effect.missing_ok;
  if (resolved.missing && !is_made) return refused.reason;
  if (policy::is_unnameable_schema(effect.object.schema)) return "no rule can name its schema";
  const bool nameless = effect.object.schema.empty() || effect.object.name.empty();
  if (nameless && policy::target_of(effect.action) == policy::Target::named)
    return "it names no object of a schema";
  return {};
}

}  // namespace

void Sightings::add(std::uint64_t record) {
  ++count;
  if (some.size() < kShown) some.insert(record);
  last = std::max(last, record);
}

void Sightings::add(const Sightings& others) {
  count += others.count;
  some.insert(others.some.begin(), others.some.end());
  while (some.size() > kShown) some.erase(std::prev(some.end()));
  last = std::max(last, others.last);
}

std::string setting_of(const ResolvedEffect& resolved) {
  const auto& effect = resolved.effect;
  std::optional<std::string> written;
  if (effect.action == Action::set || effect.action == Action::reset || effect.action == Action::show)
    written = sql::to_text(effect.object);
  const auto* argument = calls(effect) ? names_object(effect) : nullptr;
  if (argument != nullptr && argument->kind == ObjectArgument::Kind::setting)
    written = named_at(effect, *argument);
  std::string name;
  if (written) (void)policy::read_setting_name(*written, name);
  return name;
}

std::string function_of(const ResolvedEffect& resolved) {
  const bool is_users = calls(resolved.effect) && resolved.effect.kind == sql::ObjectKind::function &&
                        !policy::is_own_function(resolved);
  return is_users ? policy::signature(resolved.effect.object, resolved.arguments) : std::string();
}

Deed deed_of(const ResolvedEffect& resolved) {
  const auto& effect = resolved.effect;
  const bool nameless =
      policy::target_of(effect.action) == policy::Target::nameless || effect.object.schema.empty();
  Deed deed{effect.action, nameless ? sql::Name{} : effect.object};
  const auto* argument = calls(effect) ? names_object(effect) : nullptr;
  if (argument == nullptr || argument->kind != ObjectArgument::Kind::sequence) return deed;
  const auto named = named_at(effect, *argument);
  auto name = policy::parse_object_name(named.value_or(""));
  if (!std::holds_alternative<sql::Name>(name)) return deed;
  return {argument->mode == ObjectArgument::Mode::read ? Action::select : Action::update,
          std::get<sql::Name>(std::move(name))};
}

std::string grant(const PastDecision& past, std::size_t index, const policy::EffectDecision& refused,
                  Grants& grants) {
  const auto& resolved = past.resolution.effects[index];
  const auto& effect = resolved.effect;
  if (effect.action == Action::set || effect.action == Action::reset || effect.action == Action::show)
    return open_setting(sql::to_text(effect.object), grants);
  if (auto why = unopenable(resolved, refused); !why.empty()) return why;
  if (const auto function = function_of(resolved); !function.empty()) {
    if (resolved.missing) return refused.reason;
    return grants.functions.insert(function).second ? std::string() : refused.reason;
  }
  if (policy::is_own_function(resolved)) return open_own_function(resolved, grants);
  const auto [found, is_new] = grants.deeds.try_emplace(deed_of(resolved));
  return widen(past, index, found->second, is_new) ? std::string() : refused.reason;
}

}  // namespace portcullis::replay
