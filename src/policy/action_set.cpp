#include "policy/action_set.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "policy/suggest.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;

constexpr std::string_view kAll = "all";
constexpr std::string_view kWildcard = " *";

constexpr auto kNameless = std::to_array<Action>({
    Action::do_,
    Action::use_access_method,
    Action::use_tablespace,
    Action::alter_database,
    Action::alter_default_privileges,
    Action::alter_event_trigger,
    Action::alter_extension,
    Action::alter_foreign_data_wrapper,
    Action::alter_publication,
    Action::alter_role,
    Action::alter_server,
    Action::alter_subscription,
    Action::alter_system,
    Action::alter_tablespace,
    Action::alter_user_mapping,
    Action::alter_all_in_tablespace,
    Action::create_access_method,
    Action::create_database,
    Action::create_event_trigger,
    Action::create_extension,
    Action::create_foreign_data_wrapper,
    Action::create_language,
    Action::create_publication,
    Action::create_role,
    Action::create_schema,
    Action::create_server,
    Action::create_subscription,
    Action::create_tablespace,
    Action::create_user_mapping,
    Action::drop_access_method,
    Action::drop_database,
    Action::drop_event_trigger,
    Action::drop_extension,
    Action::drop_foreign_data_wrapper,
    Action::drop_language,
    Action::drop_owned,
    Action::drop_publication,
    Action::drop_role,
    Action::drop_schema,
    Action::drop_server,
    Action::drop_subscription,
    Action::drop_tablespace,
    Action::drop_user_mapping,
    Action::rename_database,
    Action::rename_event_trigger,
    Action::rename_foreign_data_wrapper,
    Action::rename_language,
    Action::rename_publication,
    Action::rename_role,
    Action::rename_schema,
    Action::rename_server,
    Action::rename_subscription,
    Action::rename_tablespace,
    Action::grant_role,
    Action::revoke_role,
    Action::reassign_owned,
    Action::import_foreign_schema,
    Action::checkpoint,
    Action::load,
    Action::set,
    Action::reset,
    Action::show,
    Action::set_transaction,
    Action::set_role,
    Action::set_session_authorization,
    Action::discard,
    Action::begin,
    Action::commit,
    Action::rollback,
    Action::savepoint,
    Action::release,
    Action::rollback_to,
    Action::prepare_transaction,
    Action::commit_prepared,
    Action::rollback_prepared,
    Action::listen,
    Action::notify,
    Action::unlisten,
    Action::explain,
    Action::explain_analyze,
    Action::prepare,
    Action::execute,
    Action::deallocate,
    Action::declare_cursor,
    Action::fetch,
    Action::move,
    Action::close,
});

constexpr auto kEither = std::to_array<Action>({
    Action::cascade,
    Action::create_cast,
    Action::create_transform,
    Action::drop_cast,
    Action::drop_transform,
    Action::alter_depends_on_extension,
    Action::set_schema,
    Action::owner_to,
    Action::comment,
    Action::security_label,
    Action::grant,
    Action::revoke,
    Action::vacuum,
    Action::analyze,
    Action::cluster,
    Action::reindex,
    Action::set_constraints,
});

constexpr std::string_view kUnseen = "it runs code that the gate cannot read";
constexpr std::string_view kFiles = "it reads or writes files and programs of the server";
constexpr std::string_view kReach = "it reaches objects that the statement does not name";
constexpr std::string_view kOutside = "it brings in code or data from outside the database";
constexpr std::string_view kIdentity = "the gate decides which role a session has";
constexpr std::string_view kSettings =
    "the settings that are harmless are free for everyone: name others under \"settings\"";
constexpr std::string_view kShadow = "a temporary object would hide the one that a rule names";

struct Never {
  Action action;
  std::string_view why;
};
constexpr auto kNever = std::to_array<Never>({
    {Action::do_, kUnseen},
    {Action::load, kUnseen},
    {Action::create_language, kUnseen},
    {Action::create_access_method, kUnseen},
    {Action::copy_from_file, kFiles},
    {Action::copy_to_file, kFiles},
    {Action::copy_from_program, kFiles},
    {Action::copy_to_program, kFiles},
    {Action::alter_system, kFiles},
    {Action::cascade, kReach},
    {Action::drop_owned, kReach},
    {Action::reassign_owned, kReach},
    {Action::alter_all_in_tablespace, kReach},
    {Action::alter_default_privileges, kReach},
    {Action::create_extension, kOutside},
    {Action::alter_extension, kOutside},
    {Action::create_foreign_data_wrapper, kOutside},
    {Action::create_server, kOutside},
    {Action::create_foreign_table, kOutside},
    {Action::create_user_mapping, kOutside},
    {Action::create_subscription, kOutside},
    {Action::import_foreign_schema, kOutside},
    {Action::set_role, kIdentity},
    {Action::set_session_authorization, kIdentity},
    {Action::set, kSettings},
    {Action::reset, kSettings},
    {Action::show, kSettings},
    {Action::create_temporary_table, kShadow},
    {Action::create_temporary_view, kShadow},
    {Action::create_temporary_sequence, kShadow},
});

std::vector<std::string> known_words() {
  std::vector<std::string> words{std::string(kAll)};
  for (const Action action : sql::all_actions()) words.emplace_back(sql::name(action));
  return words;
}

}  // namespace

bool is_action_pattern(std::string_view word) noexcept {
  return word == kAll || word.ends_with(kWildcard);
}

std::optional<ActionSet> actions_matching(std::string_view pattern) {
  ActionSet found;
  if (!is_action_pattern(pattern)) {
    const auto action = sql::action_named(pattern);
    if (!action) return std::nullopt;
    found.insert(*action);
    return found;
  }
  // "drop *" is "drop " and whatever follows.
  const std::string_view start = pattern == kAll ? std::string_view{} : pattern.substr(0, pattern.size() - 1);
  for (const Action action : sql::all_actions()) {
    if (sql::name(action).starts_with(start)) found.insert(action);
  }
  if (found.empty() || start == " ") return std::nullopt;
  return found;
}

std::string suggest_action(std::string_view word) {
  if (word == "*") return ": write \"all\"";
  return did_you_mean(word, known_words(),
                      ": write it in lower case, as in \"alter table add column\" or \"drop *\"");
}

Target target_of(Action action) noexcept {
  const auto holds = [action](std::span<const Action> table) {
    return std::find(table.begin(), table.end(), action) != table.end();
  };
  if (holds(kNameless)) return Target::nameless;
  return holds(kEither) ? Target::either : Target::named;
}

std::optional<std::string_view> never_allowed(Action action) noexcept {
  const auto* const found =
      std::find_if(kNever.begin(), kNever.end(), [&](const Never& n) { return n.action == action; });
  if (found == kNever.end()) return std::nullopt;
  return found->why;
}

}  // namespace portcullis::policy
