#include "session/consequences.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/holds.hpp"

namespace portcullis::session {

using sql::Action;
using sql::Effect;
using sql::StatementFacts;
using sql::TransactionControl;
namespace sqlstate = base::sqlstate;

namespace {

// By its command tag: what makes, alters or removes objects, and what may do so unseen.
constexpr auto kCatalogWords = std::to_array<std::string_view>({
    "CREATE",
    "ALTER",
    "DROP",
    "SELECT INTO",
    "IMPORT",
    "REASSIGN",
    "GRANT",
    "REVOKE",
    "CALL",
    "DO",
    "COMMIT PREPARED",
});

// They add to a relation what no other name leads to.
constexpr auto kOnlyAdd = std::to_array<Action>({
    Action::alter_table_add_column,
    Action::alter_table_set_not_null,
    Action::alter_table_drop_not_null,
    Action::create_index,
    Action::create_index_concurrently,
    Action::comment,
});

// They make or remove relations; what these are tied to stays as it was.
constexpr auto kPlain = std::to_array<Action>({
    Action::create_sequence,
    Action::create_statistics,
    Action::create_table,
    Action::create_table_as,
    Action::create_view,
    Action::drop_index,
    Action::drop_sequence,
    Action::drop_table,
    Action::drop_view,
    Action::rename_column,
    Action::rename_index,
    Action::rename_sequence,
    Action::rename_table,
    Action::rename_view,
    Action::select,
    Action::select_for_update,
    Action::select_into,
    Action::set_schema,
});
constexpr auto kRowsAndCode = std::to_array<Action>({
    Action::select,
    Action::insert,
    Action::update,
    Action::delete_,
    Action::truncate,
    Action::copy_from_file,
    Action::copy_from_stdin,
    Action::call,
    Action::do_,
    Action::execute,
});

constexpr auto kChangesPath = std::to_array<Action>({
    Action::alter_extension,
    Action::create_extension,
    Action::create_schema,
    Action::drop_extension,
    Action::drop_owned,
    Action::drop_role,
    Action::drop_schema,
    Action::grant,
    Action::grant_role,
    Action::import_foreign_schema,
    Action::owner_to,
    Action::reassign_owned,
    Action::rename_role,
    Action::rename_schema,
    Action::revoke,
    Action::revoke_role,
});

// Control of the session and its transactions, which looks up no name of an object.
constexpr auto kSessionControl = std::to_array<Action>({
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
    Action::listen,
    Action::notify,
    Action::unlisten,
    Action::deallocate,
    Action::close,
});

// What decides where names are looked up (PostgreSQL manual, "The Schema Search Path"), and what an agent
// says about itself. set_config() takes the name in any case.
bool is_followed_setting(std::string_view written) {
  std::string name(written);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name == "search_path" || name == "role" || name == "session_authorization" || name == "all" ||
         name.starts_with("portcullis.");
}

bool moves_lookup(const Effect& effect) {
  switch (effect.action) {
    case Action::set:
    case Action::reset: return effect.object.name.empty() || is_followed_setting(effect.object.name);
    case Action::set_role:
    case Action::set_session_authorization:
    case Action::discard: return true;
    case Action::execute_function:
      return effect.object.name == "set_config" && (effect.arguments.empty() || !effect.arguments.front() ||
                                                    is_followed_setting(*effect.arguments.front()));
    default: return false;  // every other action leaves the settings alone
  }
}

bool has_action(const StatementFacts& statement, std::initializer_list<Action> actions) {
  return std::any_of(statement.effects.begin(), statement.effects.end(),
                     [&](const Effect& effect) { return base::holds(actions, effect.action); });
}

bool has_only(const StatementFacts& statement, std::span<const Action> actions) {
  return !statement.not_understood && !statement.effects.empty() &&
         std::ranges::all_of(statement.effects,
                             [&](const Effect& effect) { return base::holds(actions, effect.action); });
}

bool changes_catalog(const StatementFacts& statement) {
  // EXPLAIN ANALYZE makes what it explains, by its own command tag.
  if (has_action(statement, {Action::explain_analyze}))
    return has_action(statement,
                      {Action::create_table_as, Action::create_materialized_view, Action::select_into});
  return std::any_of(kCatalogWords.begin(), kCatalogWords.end(),
                     [&](std::string_view word) { return statement.kind.starts_with(word); });
}

bool redefines_names(const StatementFacts& statement) {
  return changes_catalog(statement) &&
         !std::all_of(statement.effects.begin(), statement.effects.end(),
                      [](const Effect& effect) { return base::holds(kOnlyAdd, effect.action); });
}

bool may_rewind(const StatementFacts& statement) {
  switch (statement.transaction) {
    case TransactionControl::none:
    case TransactionControl::begin:
    case TransactionControl::savepoint:
    case TransactionControl::release: return false;
    case TransactionControl::commit:  // of a failed transaction is a ROLLBACK
    case TransactionControl::rollback:
    case TransactionControl::rollback_to:
    case TransactionControl::prepare_transaction:
    case TransactionControl::commit_prepared:
    case TransactionControl::rollback_prepared: return true;
  }
  return true;
}

bool uses_names(const StatementFacts& statement) {
  return statement.not_understood || !statement.operators.empty() || !statement.ranges.empty() ||
         !std::all_of(statement.effects.begin(), statement.effects.end(),
                      [](const Effect& effect) { return base::holds(kSessionControl, effect.action); });
}

constexpr auto kBinding = std::to_array<Action>({
    Action::declare_cursor,
    Action::listen,
    Action::load,
    Action::prepare,
    Action::set,
    Action::set_role,
    Action::set_session_authorization,
    Action::call,
    Action::do_,
});

bool binds_session(const Effect& effect) {
  if (effect.object.schema == "pg_temp") return true;
  if (effect.action != Action::execute_function) return base::holds(kBinding, effect.action);
  const std::string& name = effect.object.name;
  return name == "set_config" || name == "setseed" || name.starts_with("pg_advisory_lock") ||
         name.starts_with("pg_try_advisory_lock");
}

Consequences consequences_of(const StatementFacts& statement) {
  if (statement.not_understood) return {true, true, true, true, true, true, true, true, true, true, true};
  Consequences found;
  found.changes = !statement.reads_only;
  found.changes_catalog = changes_catalog(statement);
  found.redefines_names = redefines_names(statement);
  found.moves_lookup = std::any_of(statement.effects.begin(), statement.effects.end(),
                                   [](const Effect& effect) { return moves_lookup(effect); });
  found.runs_triggers = has_action(statement, {Action::set_constraints});  // those that were put off
  found.may_rewind = may_rewind(statement);
  found.resumes = has_action(statement, {Action::fetch, Action::move});
  found.binds_session = std::any_of(statement.effects.begin(), statement.effects.end(),
                                    [](const Effect& effect) { return binds_session(effect); });
  found.changes_settings = changes_settings(statement);
  found.commits_within = has_action(statement, {Action::call, Action::do_});  // COMMIT may stand in either
  return found;
}

// "DISCARD ALL cannot be executed inside a transaction block", and several statements are one.
bool fails_among_others(const StatementFacts& statement) {
  return statement.kind == "DISCARD ALL";
}

bool names_differently(Action action) {
  const auto name = sql::name(action);
  return name.starts_with("create ") || name.starts_with("drop ") || name.starts_with("rename ") ||
         action == Action::set_schema || action == Action::select_into;
}

// What ties relations to each other or to code: keys, triggers, rules, partitions, and all that is not
// plainly something else.
bool changes_ties(const StatementFacts& statement) {
  return redefines_names(statement) &&
         !std::all_of(statement.effects.begin(), statement.effects.end(), [](const Effect& effect) {
           return base::holds(kPlain, effect.action) || base::holds(kOnlyAdd, effect.action);
         });
}

// The schemas on the search_path, or which of them the session may look into. A DROP SCHEMA or DROP OWNED
// takes names away that it does not name.
bool changes_path(const StatementFacts& statement) {
  return std::any_of(statement.effects.begin(), statement.effects.end(), [](const Effect& effect) {
    return base::holds(kChangesPath, effect.action) && effect.kind != sql::ObjectKind::relation;
  });
}

bool works_on_rows(const StatementFacts& statement) {
  return !statement.ranges.empty() ||
         std::any_of(statement.effects.begin(), statement.effects.end(),
                     [](const Effect& effect) { return base::holds(kRowsAndCode, effect.action); });
}

// What CASCADE takes along hangs on every change.
bool cascades(const StatementFacts& statement) {
  return std::any_of(statement.effects.begin(), statement.effects.end(),
                     [](const Effect& effect) { return effect.action == Action::cascade; });
}

// The statements before one in its message: what they did to names.
class Earlier {
 public:
  Earlier(bool unsettled, bool runs_code) : unsettled_(unsettled), runs_code_(runs_code) {}

  void add(const StatementFacts& statement) {
    if (fails_among_others(statement)) return;
    const auto found = consequences_of(statement);
    lookup_ = lookup_ || found.moves_lookup || ((found.may_rewind || found.resumes) && unsettled_) ||
              changes_path(statement) || (runs_code_ && uses_names(statement));
    ties_ = ties_ || changes_ties(statement);
    catalog_ = catalog_ || found.changes_catalog;
    unsettled_ = unsettled_ || found.redefines_names || found.moves_lookup;
    if (!found.redefines_names) return;
    for (const auto& effect : statement.effects) {
      if (names_differently(effect.action)) names_.insert(effect.object.name);
    }
  }
  [[nodiscard]] bool decides(const StatementFacts& later) const {
    return (lookup_ && uses_names(later)) || (ties_ && works_on_rows(later)) ||
           (catalog_ && cascades(later)) || is_renamed_in(later);
  }

 private:
  // What it makes anew is judged by its name alone.
  [[nodiscard]] bool is_renamed_in(const StatementFacts& later) const {
    const auto in_range = [&](const sql::Range& range) { return names_.contains(range.relation.name); };
    const auto in_effect = [&](const Effect& effect) {
      return names_.contains(effect.object.name) && !sql::name(effect.action).starts_with("create ");
    };
    return std::any_of(later.ranges.begin(), later.ranges.end(), in_range) ||
           std::any_of(later.effects.begin(), later.effects.end(), in_effect);
  }

  bool unsettled_, runs_code_, lookup_ = false, ties_ = false, catalog_ = false;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

Consequences& Consequences::operator|=(const Consequences& other) noexcept {
  changes |= other.changes;
  changes_catalog |= other.changes_catalog;
  redefines_names |= other.redefines_names;
  moves_lookup |= other.moves_lookup;
  runs_triggers |= other.runs_triggers;
  may_rewind |= other.may_rewind;
  resumes |= other.resumes;
  commits_within |= other.commits_within;
  binds_session |= other.binds_session;
  runs_code |= other.runs_code;
  changes_settings |= other.changes_settings;
  reaches_out |= other.reaches_out;
  return *this;
}

Consequences consequences_of(const sql::Facts& facts, bool runs_code) {
  Consequences all;
  all.changes = false;
  for (const auto& statement : facts.statements) {
    if (facts.statements.size() > 1 && fails_among_others(statement)) continue;
    all |= consequences_of(statement);
  }
  all.moves_lookup |= runs_code;
  all.binds_session |= runs_code;
  all.runs_code |= runs_code;
  return all;
}

std::optional<base::Error> hangs_on_earlier(const sql::Facts& meant, std::size_t written, bool unsettled,
                                            bool runs_code) {
  Earlier earlier(unsettled, runs_code);
  // Which of the written statements runs them is not told: before them all.
  for (std::size_t i = written; i < meant.statements.size(); ++i) earlier.add(meant.statements[i]);
  for (std::size_t i = 0; i < written; ++i) {
    const auto& statement = meant.statements[i];
    if (i > 0 && earlier.decides(statement)) {
      return base::Error{sqlstate::feature_not_supported,
                         "what the names in the " + statement.kind +
                             " mean hangs on a statement before it in the same message: send it in a message "
                             "of its own, behind the answer to that"};
    }
    earlier.add(statement);
  }
  return std::nullopt;
}

bool uses_names(const sql::Facts& facts) {
  return std::any_of(facts.statements.begin(), facts.statements.end(),
                     [](const auto& statement) { return uses_names(statement); });
}

bool sets_transaction(const sql::Facts& facts) {
  return !facts.statements.empty() &&
         std::all_of(facts.statements.begin(), facts.statements.end(), [](const auto& statement) {
           return !uses_names(statement) && has_only(statement, std::array{Action::set_transaction});
         });
}

bool commits(const sql::Facts& facts) {
  constexpr auto kCommits =
      std::to_array<std::string_view>({"COMMIT", "PREPARE TRANSACTION", "COMMIT PREPARED"});
  return std::ranges::any_of(facts.statements,
                             [&](const auto& statement) { return base::holds(kCommits, statement.kind); });
}

bool only_selects(const sql::Facts& facts) {
  constexpr auto kSelects = std::to_array<Action>({Action::select, Action::show, Action::execute_function});
  return std::all_of(facts.statements.begin(), facts.statements.end(), [&](const StatementFacts& statement) {
    return !statement.not_understood && statement.reads_only &&
           statement.transaction == TransactionControl::none &&
           std::all_of(statement.effects.begin(), statement.effects.end(),
                       [&](const Effect& effect) { return base::holds(kSelects, effect.action); });
  });
}

bool only_begins_or_undoes(const sql::Facts& facts) {
  constexpr auto kActions =
      std::to_array<Action>({Action::begin, Action::savepoint, Action::release, Action::rollback,
                             Action::rollback_to, Action::set_transaction});
  return std::ranges::all_of(facts.statements,
                             [&](const StatementFacts& statement) { return has_only(statement, kActions); });
}

bool only_commits(const sql::Facts& facts) {
  return std::ranges::all_of(facts.statements, [](const StatementFacts& statement) {
    return has_only(statement, std::array{Action::commit});
  });
}

bool may_commit(const sql::Facts& facts) {
  constexpr auto kOnRows =
      std::to_array<std::string_view>({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "EXECUTE"});
  return commits(facts) || std::ranges::any_of(facts.statements, [&](const auto& statement) {
           return !statement.reads_only && !base::holds(kOnRows, statement.kind);
         });
}

bool changes_settings(const StatementFacts& statement) {
  constexpr auto kSetting =
      std::to_array<Action>({Action::set, Action::reset, Action::set_role, Action::set_session_authorization,
                             Action::discard, Action::alter_system});
  return std::any_of(statement.effects.begin(), statement.effects.end(), [&](const Effect& effect) {
    return base::holds(kSetting, effect.action) ||
           (effect.action == Action::execute_function && effect.object.name == "set_config");
  });
}

}  // namespace portcullis::session
