#include "policy/standing.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "policy/action_set.hpp"
#include "policy/builtin_lists.hpp"
#include "policy/object_name.hpp"
#include "policy/phrases.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::Effect;

// Nothing of these outlives the session or reads a row by itself: the statements inside EXPLAIN, PREPARE and
// DECLARE have effects of their own, and the session judges the names that EXECUTE and FETCH use. UNLISTEN is
// what drivers send to clean up, and only ever ends something.
constexpr auto kFree = std::to_array<Action>({
    Action::begin,
    Action::commit,
    Action::rollback,
    Action::savepoint,
    Action::release,
    Action::rollback_to,
    Action::set_transaction,
    Action::discard,
    Action::prepare,
    Action::execute,
    Action::deallocate,
    Action::declare_cursor,
    Action::fetch,
    Action::move,
    Action::close,
    Action::explain,
    Action::explain_analyze,
    Action::unlisten,
});

// Names of settings have no case (PostgreSQL manual, "Setting Parameters"): lower-case here.
constexpr auto kFreeSettings = std::to_array<std::string_view>({
    "application_name",
    "bytea_output",
    "client_min_messages",
    "datestyle",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "extra_float_digits",
    "idle_in_transaction_session_timeout",
    "intervalstyle",
    "lock_timeout",
    "statement_timeout",
    "timezone",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
});

// Settings that may hold a password, a command or a path of the server.
constexpr auto kSecretSettings = std::to_array<std::string_view>({
    "all",
    "archive_cleanup_command",
    "archive_command",
    "archive_library",
    "config_file",
    "data_directory",
    "dynamic_library_path",
    "extension_control_path",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "jit_provider",
    "krb_server_keyfile",
    "local_preload_libraries",
    "log_directory",
    "log_filename",
    "oauth_validator_libraries",
    "primary_conninfo",
    "primary_slot_name",
    "promote_trigger_file",
    "recovery_end_command",
    "restore_command",
    "session_preload_libraries",
    "shared_preload_libraries",
    "ssl_ca_file",
    "ssl_cert_file",
    "ssl_crl_dir",
    "ssl_crl_file",
    "ssl_dh_params_file",
    "ssl_key_file",
    "ssl_passphrase_command",
    "stats_temp_directory",
    "synchronous_standby_names",
    "unix_socket_directories",
});
static_assert(std::is_sorted(kFreeSettings.begin(), kFreeSettings.end()));
static_assert(std::is_sorted(kSecretSettings.begin(), kSecretSettings.end()));

bool holds(std::span<const std::string_view> table, std::string_view name) {
  return std::binary_search(table.begin(), table.end(), name);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// PostgreSQL compares names of encodings by their letters and digits alone (src/common/encnames.c).
bool is_utf8(std::string_view value) {
  std::string plain;
  for (const char c : lower(value)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain == "utf8" || plain == "unicode";
}

bool is_on(std::string_view value) {
  const std::string word = lower(value);
  return word == "on" || word == "true" || word == "yes" || word == "1";
}

Standing refuse(const Effect& effect, Ground ground, std::string_view why, bool final) {
  return {false, final, ground,
          phrase(effect.action, effect.kind, effect.object) + " is not allowed: " + std::string(why)};
}

Standing allow(const Effect& effect, Ground ground, std::string_view why) {
  return {true, false, ground, phrase(effect.action, effect.kind, effect.object) + " " + std::string(why)};
}

Standing pinned(const Effect& effect, bool keeps, std::string_view value) {
  if (keeps) return allow(effect, Ground::session, "keeps what the gate pins");
  return refuse(effect, Ground::shipped_list, "the gate pins it to " + std::string(value), true);
}

Standing setting(const Effect& effect) {
  if (effect.action == Action::reset &&
      (effect.kind == sql::ObjectKind::none || effect.object.name == "all")) {
    return allow(effect, Ground::session, "needs no rule");
  }
  const std::string name =
      lower(effect.object.schema.empty() ? effect.object.name : sql::to_text(effect.object));
  if (!effect.value_is_constant)
    return refuse(effect, Ground::shipped_list, "the value must be a constant", true);
  if (holds(kFreeSettings, name)) return allow(effect, Ground::session, "needs no rule");
  // Without a value they return to what the gate gave the session at its start.
  const auto all_values = [&](auto keeps) {
    return std::all_of(effect.values.begin(), effect.values.end(), keeps);
  };
  if (name == "client_encoding") return pinned(effect, all_values(is_utf8), "UTF8");
  if (name == "standard_conforming_strings") return pinned(effect, all_values(is_on), "on");
  if (name == "search_path") {
    return refuse(effect, Ground::shipped_list, "the gate pins it; write names with their schema", true);
  }
  if (name == "role" || name == "session_authorization") {
    return refuse(effect, Ground::unsupported, *never_allowed(Action::set_role), true);
  }
  return refuse(effect, Ground::shipped_list, "it is not among the settings that are free for everyone",
                true);
}

Standing show(const Effect& effect) {
  const bool whole = effect.kind == sql::ObjectKind::none;
  const std::string name =
      lower(effect.object.schema.empty() ? effect.object.name : sql::to_text(effect.object));
  // An extension's setting may hold anything.
  if (whole || holds(kSecretSettings, name) || name.find('.') != std::string::npos) {
    return refuse(effect, Ground::shipped_list, "it can hold secrets or paths of the server", true);
  }
  return allow(effect, Ground::session, "needs no rule");
}

// Written behind a dot, a name is a column's nearly always. It passes where the call would do no harm either;
// the names that hardly any column has are not taken for one: they tell of objects that the statement does
// not name.
bool may_be_a_column(std::string_view name) {
  if (is_shipped_function(name)) return true;
  const bool telling = name.starts_with("pg_") || name.starts_with("to_reg") || name.ends_with("_send") ||
                       name.ends_with("_out") || name == "setseed" || name == "lastval";
  return !telling && is_harmless_function("pg_catalog", name);
}

std::optional<Standing> function(const Effect& effect) {
  const auto& [database, schema, name] = effect.object;
  const bool own = schema.empty() || schema == "pg_catalog";
  if (effect.attribute_notation) {
    if (own && may_be_a_column(name)) return allow(effect, Ground::shipped_list, "is harmless");
    return refuse(
        effect, Ground::shipped_list,
        "behind a dot, \"" + name +
            "\" can be a call of PostgreSQL's function of that name; if it is a column, write it without "
            "the table's name in front",
        false);
  }
  if (own && is_shipped_function(name))
    return allow(effect, Ground::shipped_list, "is on the list that ships");
  return refuse(effect, Ground::shipped_list,
                "the function is not on the list that ships, and no rule names it", false);
}

}  // namespace

std::optional<Standing> standing(const Effect& effect) {
  if (std::find(kFree.begin(), kFree.end(), effect.action) != kFree.end()) {
    return allow(effect, Ground::session, "needs no rule");
  }
  if (effect.action == Action::copy_to_stdout && effect.kind == sql::ObjectKind::none) {
    return allow(effect, Ground::session, "gives what its query may read");
  }
  if (effect.action == Action::set || effect.action == Action::reset) return setting(effect);
  if (effect.action == Action::show) return show(effect);
  if (effect.action == Action::execute_function) return function(effect);
  if (effect.action == Action::use_type || effect.action == Action::use_operator ||
      effect.action == Action::use_collation || effect.action == Action::use_operator_class) {
    return refuse(effect, Ground::shipped_list, "it is not one of PostgreSQL's own, and no rule names it",
                  false);
  }
  if (const auto why = never_allowed(effect.action)) return refuse(effect, Ground::unsupported, *why, true);
  return std::nullopt;
}

}  // namespace portcullis::policy
