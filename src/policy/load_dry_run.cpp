// "dry_run" of a rule: what a statement may show when it is tried out.
#include <algorithm>
#include <array>

#include "base/holds.hpp"
#include "policy/limits.hpp"
#include "policy/load_context.hpp"

namespace portcullis::policy {
namespace {

using Kind = JsonValue::Kind;
using sql::Action;

constexpr std::chrono::hours kLongestLockTimeout{1};

// Only "false" says anything.
bool read_no(LoadContext& context, ObjectReader& reader, const JsonValue& bounds, std::string_view key) {
  const auto allowed = reader.take_boolean(key);
  if (!allowed) return false;
  if (*allowed) {
    context.complain(*bounds.find(key),
                     in_quotes(key) + " is allowed where it is not forbidden: write false, or take it out");
  }
  return !*allowed;
}

template <class Named>
auto read_name(LoadContext& context, ObjectReader& reader, const JsonValue& bounds, std::string_view key,
               Named named, std::string_view which) {
  const auto text = reader.take_string(key);
  auto value = text ? named(*text) : std::nullopt;
  if (text && !value) context.complain(*bounds.find(key), in_quotes(*text) + " is no " + std::string(which));
  return value;
}

void read_lock_timeout(LoadContext& context, ObjectReader& reader, DryRunDuty& duty) {
  const JsonValue* value = reader.take("lock_timeout");
  if (value == nullptr) return;
  const auto length = value->kind == Kind::string ? parse_time(value->string) : std::nullopt;
  if (length && *length <= kLongestLockTimeout) {
    duty.lock_timeout->most = *length;
  } else {
    context.complain(*value,
                     "\"lock_timeout\" is no duration: write a string such as \"500ms\" or \"2s\", up to 1h");
  }
}

// What acts on more than the schema and its rows (shadow/admission.cpp).
constexpr auto kNeverTriedOut =
    std::to_array<Action>({Action::call, Action::do_, Action::copy_from_stdin, Action::copy_to_stdout});
// They fill a table of their own.
constexpr auto kFills = std::to_array<Action>({Action::create_table_as, Action::create_materialized_view,
                                               Action::refresh_materialized_view, Action::select_into});

bool may_be_tried_out(Action action) {
  return !base::holds(kNeverTriedOut, action);
}

template <class Is>
bool names_any(const Rule& rule, Is is) {
  const auto all = sql::all_actions();
  return std::any_of(all.begin(), all.end(),
                     [&](Action action) { return rule.actions.contains(action) && is(action); });
}

// More than this nobody counts within the time that there is for it.
constexpr std::int64_t kMostRows = 1'000'000;

void read_rows(LoadContext& context, ObjectReader& reader, const JsonValue& bounds, Rule& rule) {
  const auto rows = reader.take_integer("rows", 0, kMostRows);
  if (!rows) return;
  rule.dry_run->max_rows = {static_cast<std::uint64_t>(*rows), rule.id};
  const bool counts = names_any(rule, [](Action action) {
    return may_be_tried_out(action) && (may_change_rows(action) || base::holds(kFills, action));
  });
  if (counts || rule.actions.empty()) return;
  context.complain(*bounds.find("rows"),
                   "\"rows\" bounds how many rows are changed, and the rule names no action that changes "
                   "any: take it out");
}

// They are read, held and loaded into a copy while the agent waits.
constexpr std::int64_t kMostTargetRows = 1'000;

void read_target_rows(LoadContext& context, ObjectReader& reader, const JsonValue& bounds, Rule& rule) {
  const auto rows = reader.take_integer("target_rows", 1, kMostTargetRows);
  if (!rows) return;
  rule.dry_run->target_rows = {static_cast<std::uint64_t>(*rows), rule.id};
  const auto has_targets = [](Action action) {
    return action == Action::update || action == Action::delete_;
  };
  if (names_any(rule, has_targets) || rule.actions.empty()) return;
  context.complain(
      *bounds.find("target_rows"),
      "\"target_rows\" is for rows that an UPDATE or DELETE changes, and the rule names neither: "
      "take it out");
}

void read_bounds(LoadContext& context, const JsonValue& bounds, Rule& rule) {
  DryRunDuty& duty = *rule.dry_run;
  if (bounds.kind != Kind::object || bounds.members.empty()) {
    return context.complain(bounds,
                            "\"dry_run\" is an object with at least one bound: write { \"rewrite\": false }");
  }
  ObjectReader reader(bounds, "\"dry_run\"", context.problems);
  const auto lock =
      read_name(context, reader, bounds, "max_lock", sql::lock_mode_named,
                "lock mode: write one of LOCK TABLE's in capitals, such as \"SHARE UPDATE EXCLUSIVE\"");
  if (lock) duty.max_lock = {*lock, duty.rule};
  const auto duration =
      read_name(context, reader, bounds, "max_duration", base::duration_class_named,
                "class of duration: write \"under 1 s\", \"1-10 s\", \"10-100 s\", \"minutes\" or \"hours\"");
  if (duration) duty.max_duration = {*duration, duty.rule};
  if (read_no(context, reader, bounds, "rewrite")) duty.no_rewrite = duty.rule;
  if (read_no(context, reader, bounds, "full_scan")) duty.no_full_scan = duty.rule;
  read_lock_timeout(context, reader, duty);
  read_rows(context, reader, bounds, rule);
  read_target_rows(context, reader, bounds, rule);
  if (reader.take_boolean("incomplete").value_or(false)) duty.whole_copy.reset();
  reader.finish();
}

}  // namespace

void read_dry_run(LoadContext& context, ObjectReader& reader, const JsonValue* requirement, Rule& rule) {
  const JsonValue* bounds = reader.take("dry_run");
  if (requirement == nullptr) {
    if (bounds != nullptr) {
      context.complain(*bounds,
                       "\"dry_run\" bounds what is tried out: write \"require\": [\"dry run\"] with it");
    }
    return;
  }
  auto& duty = rule.dry_run.emplace();
  duty.rule = rule.id;
  duty.whole_copy = rule.id;
  duty.lock_timeout = {kDefaultLockTimeout, rule.id};
  if (bounds != nullptr) read_bounds(context, *bounds, rule);
  if (names_any(rule, may_be_tried_out) || rule.actions.empty()) return;
  context.complain(*requirement,
                   "nothing that this rule names can be tried out, so the rule would refuse all of it: take "
                   "\"dry run\" out");
}

}  // namespace portcullis::policy
