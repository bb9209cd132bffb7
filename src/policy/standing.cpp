#include "policy/standing.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "policy/action_set.hpp"
#include "policy/builtin_calls.hpp"
#include "policy/builtins.hpp"
#include "policy/object_name.hpp"
#include "policy/settings.hpp"
#include "policy/touched.hpp"

namespace portcullis::policy {
namespace {

using catalog::ResolvedEffect;
using sql::Action;
using sql::Effect;

// Nothing of these outlives the session or reads a row by itself: the statements inside EXPLAIN, PREPARE and
// DECLARE have effects of their own, and the session judges the names that EXECUTE and FETCH use. UNLISTEN is
// what drivers send to clean up, and only ever ends something. SET CONSTRAINTS moves checks and triggers that
// run anyway inside their transaction.
constexpr auto kFree = std::to_array<Action>({
    Action::begin,       Action::commit,          Action::rollback,        Action::savepoint, Action::release,
    Action::rollback_to, Action::set_transaction, Action::set_constraints, Action::discard,   Action::prepare,
    Action::execute,     Action::deallocate,      Action::declare_cursor,  Action::fetch,     Action::move,
    Action::close,       Action::explain,         Action::explain_analyze, Action::unlisten,
});

// Written behind a dot, a name is a column's nearly always; without a catalog nobody can tell.
constexpr std::string_view kBehindDot =
    " can be a call of PostgreSQL's function of that name; if it is a column, write it without the table's "
    "name in front";

std::string unlisted(std::string_view what, std::string_view reason) {
  std::string why = std::string(what) + " is not on the list that ships";
  return reason.empty() ? why : why + " (" + std::string(reason) + ")";
}

Standing own_function(const ResolvedEffect& call, const Surroundings& surroundings) {
  const Effect& effect = call.effect;
  const auto* listed = builtin_function(effect.object.schema, effect.object.name);
  if (listed != nullptr && listed->json_cast && !surroundings.json_cast.empty()) {
    return stands_refused(Ground::shipped_list,
                          "it calls " + std::string(surroundings.json_cast) +
                              ", a cast to json, which is not covered: name it under \"functions\".\"allow\"",
                          false);
  }
  if (listed != nullptr && listed->decision == BuiltinDecision::allow) {
    return stands_allowed(Ground::shipped_list, "is on the list that ships");
  }
  if (effect.attribute_notation && !surroundings.has_catalog) {
    return stands_refused(Ground::shipped_list,
                          "behind a dot, \"" + effect.object.name + "\"" + std::string(kBehindDot), false);
  }
  if (listed != nullptr && listed->decision == BuiltinDecision::object) {
    return own_function_on_object(effect, *listed, surroundings);
  }
  return stands_refused(Ground::shipped_list,
                        unlisted("the function", listed == nullptr ? "" : listed->reason), false);
}

Standing catalog_relation(const ResolvedEffect& read, const std::vector<std::string>& opened) {
  const Effect& effect = read.effect;
  const auto refused = [&](const std::string& why) {
    return stands_refused(Ground::shipped_list, why + "; no rule names it", false);
  };
  const auto* listed = builtin_catalog(effect.object.schema, effect.object.name);
  if (listed == nullptr) return refused(unlisted("it", ""));
  if (listed->decision == BuiltinDecision::allow) {
    return stands_allowed(Ground::shipped_list, "is on the list that ships");
  }
  if (listed->decision != BuiltinDecision::limited) return refused(unlisted("it", listed->reason));
  const auto closed = closed_columns(read, opened);
  if (closed.empty()) return stands_allowed(Ground::shipped_list, "reads columns on the list that ships");
  return refused(unlisted("its column " + closed.front(), listed->reason) +
                 ": name the columns that are needed");
}

// Types, operators and their like that are not PostgreSQL's own. With a catalog the functions behind types
// and operators are effects of their own, and nothing else runs.
Standing used(const Effect& effect, bool has_catalog) {
  const bool seen_through = effect.action == Action::use_type || effect.action == Action::use_operator;
  if (has_catalog && seen_through) {
    return stands_allowed(Ground::session, "needs no rule: what it runs is judged by itself");
  }
  return stands_refused(Ground::shipped_list, "it is not one of PostgreSQL's own, and no rule names it",
                        false);
}

bool is_use(Action action) noexcept {
  return action == Action::use_type || action == Action::use_operator || action == Action::use_collation ||
         action == Action::use_operator_class;
}

}  // namespace

bool is_own_function(const ResolvedEffect& effect) noexcept {
  return effect.effect.kind == sql::ObjectKind::function && effect.oid == catalog::kNoOid &&
         is_catalog_schema(effect.effect.object.schema);
}

std::vector<std::string> closed_columns(const ResolvedEffect& read, const std::vector<std::string>& opened) {
  if (read.effect.action != Action::select) return {};
  const auto* listed = builtin_catalog(read.effect.object.schema, read.effect.object.name);
  if (listed == nullptr || listed->decision != BuiltinDecision::limited) return {};
  auto closed = touched_of({listed->denied_columns.begin(), listed->denied_columns.end()}, read);
  // What names no column, a star or the whole row, is not put together from several hands.
  if (touches_all(read)) return closed;
  std::erase_if(closed, [&](const std::string& column) {
    return std::find(opened.begin(), opened.end(), column) != opened.end();
  });
  return closed;
}

Standing stands_refused(Ground ground, std::string_view why, bool final) {
  return {false, final, ground, "is not allowed: " + std::string(why)};
}

Standing stands_allowed(Ground ground, std::string_view words) {
  return {true, false, ground, std::string(words)};
}

std::optional<Standing> standing(const ResolvedEffect& resolved, const Surroundings& surroundings) {
  const Effect& effect = resolved.effect;
  if (std::find(kFree.begin(), kFree.end(), effect.action) != kFree.end()) {
    return stands_allowed(Ground::session, "needs no rule");
  }
  if (effect.action == Action::copy_to_stdout && effect.kind == sql::ObjectKind::none) {
    return stands_allowed(Ground::session, "gives what its query may read");
  }
  if (effect.action == Action::set || effect.action == Action::reset)
    return set_standing(effect, surroundings);
  if (effect.action == Action::set_role || effect.action == Action::set_session_authorization)
    return role_standing(effect);
  if (effect.action == Action::show) return show_standing(effect, surroundings.settings);
  if (effect.action == Action::execute_function) {
    if (is_own_function(resolved)) return own_function(resolved, surroundings);
    return stands_refused(Ground::shipped_list,
                          "the function is not on the list that ships, and no rule names it", false);
  }
  if (effect.action == Action::select && is_catalog_schema(effect.object.schema)) {
    return catalog_relation(resolved, surroundings.opened);
  }
  if (is_use(effect.action)) return used(effect, surroundings.has_catalog);
  if (effect.action == Action::cascade && resolved.via == catalog::Via::cascade) {
    return stands_refused(Ground::unsupported, "the gate cannot judge what this takes along", true);
  }
  if (const auto why = never_allowed(effect.action)) {
    return stands_refused(Ground::unsupported, *why, true);
  }
  return std::nullopt;
}

}  // namespace portcullis::policy
