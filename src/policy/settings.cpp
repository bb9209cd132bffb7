#include "policy/settings.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "policy/action_set.hpp"
#include "policy/name_scanner.hpp"
#include "policy/object_name.hpp"

namespace portcullis::policy {
namespace {

using sql::Action;
using sql::Effect;

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

// What an agent says about itself: custom settings, which mean something to the gate alone.
constexpr auto kClaims = std::to_array<std::string_view>({
    "portcullis.confidence",
    "portcullis.reason",
    "portcullis.trace",
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
static_assert(std::is_sorted(kClaims.begin(), kClaims.end()));
static_assert(std::is_sorted(kSecretSettings.begin(), kSecretSettings.end()));

// Which text means what, which table a name means, and who the session is: no policy can leave that to a
// session.
struct Reserved {
  std::string_view name, why;
};
constexpr std::string_view kReading = "the gate pins it: it changes how statements are read";
constexpr std::string_view kWho = "the gate decides which role a session has";
constexpr auto kReserved = std::to_array<Reserved>({
    {"allow_system_table_mods", "PostgreSQL's own catalogs can only be selected from"},
    {"backslash_quote", kReading},
    {"client_encoding", kReading},
    {"role", kWho},
    {"search_path", "an agent may set it to the schemas that its rules name, and needs no more"},
    {"session_authorization", kWho},
    {"standard_conforming_strings", kReading},
    {"transform_null_equals", kReading},
});

bool holds(std::span<const std::string_view> table, std::string_view name) {
  return std::binary_search(table.begin(), table.end(), name);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string name_of(const Effect& effect) {
  return lower(effect.object.schema.empty() ? effect.object.name : sql::to_text(effect.object));
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

Standing pinned(bool keeps, std::string_view value) {
  if (keeps) return stands_allowed(Ground::session, "keeps what the gate pins");
  return stands_refused(Ground::shipped_list, "the gate pins it to " + std::string(value), true);
}

// The session follows it, so that names mean to the gate what they mean to PostgreSQL; yet an agent has no
// business in schemas where no rule opens anything. "$user" is what stands there by default.
Standing search_path_standing(const std::vector<std::string>& schemas, const Surroundings& surroundings) {
  for (const auto& schema : schemas) {
    if (schema == "pg_catalog" && schema != schemas.front()) {
      return stands_refused(Ground::shipped_list, "pg_catalog comes first by itself: leave it out", true);
    }
    if (schema.empty() || schema == "$user" || is_catalog_schema(schema)) continue;
    if (!surroundings.uses_schema(schema)) {
      return stands_refused(Ground::shipped_list,
                            "no rule opens anything in schema " + quoted_identifier(schema), true);
    }
  }
  return stands_allowed(Ground::session, "needs no rule");
}

}  // namespace

Standing set_standing(const Effect& effect, const Surroundings& surroundings) {
  if (effect.action == Action::reset &&
      (effect.kind == sql::ObjectKind::none || effect.object.name == "all")) {
    return stands_allowed(Ground::session, "needs no rule");
  }
  const std::string name = name_of(effect);
  if (holds(kFreeSettings, name)) return stands_allowed(Ground::session, "needs no rule");
  if (!effect.value_is_constant)
    return stands_refused(Ground::shipped_list, "the value must be a constant", true);
  if (holds(kClaims, name)) return stands_allowed(Ground::session, "needs no rule");
  // Without a value they return to what the gate gave the session at its start.
  const auto all_values = [&](auto keeps) {
    return std::all_of(effect.values.begin(), effect.values.end(), keeps);
  };
  if (name == "client_encoding") return pinned(all_values(is_utf8), "UTF8");
  if (name == "standard_conforming_strings") return pinned(all_values(is_on), "on");
  if (name == "search_path") return search_path_standing(effect.values, surroundings);
  if (name == "role" || name == "session_authorization") {
    return stands_refused(Ground::unsupported, *never_allowed(Action::set_role), true);
  }
  if (surroundings.settings.contains(name))
    return stands_allowed(Ground::rule, "is allowed under \"settings\"");
  return stands_refused(Ground::shipped_list,
                        "it is not among the settings that are free for everyone, nor under \"settings\"",
                        true);
}

Standing role_standing(const Effect& effect) {
  const bool none = effect.action == Action::set_role && effect.values == std::vector<std::string>{"none"};
  if (effect.value_is_constant && (effect.values.empty() || none)) {
    return stands_allowed(Ground::session, "needs no rule: it leads back to the role that logged in");
  }
  return stands_refused(Ground::unsupported, *never_allowed(effect.action), true);
}

Standing show_standing(const Effect& effect, const SettingNames& allowed) {
  const bool whole = effect.kind == sql::ObjectKind::none;
  const std::string name = name_of(effect);
  if (!whole && allowed.contains(name)) return stands_allowed(Ground::rule, "is allowed under \"settings\"");
  if (holds(kClaims, name)) return stands_allowed(Ground::session, "needs no rule");
  // An extension's setting may hold anything.
  if (whole || holds(kSecretSettings, name) || name.find('.') != std::string::npos) {
    return stands_refused(Ground::shipped_list, "it can hold secrets or paths of the server", true);
  }
  return stands_allowed(Ground::session, "needs no rule");
}

std::optional<std::vector<std::string>> read_search_path(std::string_view text) {
  std::vector<std::string> schemas;
  NameScanner scanner(text);
  scanner.skip_blanks();
  if (scanner.rest().empty()) return schemas;
  do {
    scanner.skip_blanks();
    auto schema = scanner.identifier();
    if (!schema) return std::nullopt;
    schemas.push_back(std::move(*schema));
    scanner.skip_blanks();
  } while (scanner.skip(','));
  if (!scanner.rest().empty()) return std::nullopt;
  return schemas;
}

bool changes_what_is_pinned(const Effect& effect) {
  if (effect.action == Action::set_role || effect.action == Action::set_session_authorization) return true;
  std::string name;
  if (effect.action == Action::set || effect.action == Action::reset) {
    name = name_of(effect);
  } else if (effect.action == Action::execute_function && effect.object.name == "set_config") {
    if (effect.arguments.empty() || !effect.arguments.front()) return true;
    name = lower(*effect.arguments.front());
  }
  // The session follows its search_path wherever it leads.
  return name != "search_path" &&
         std::any_of(kReserved.begin(), kReserved.end(), [&](const Reserved& r) { return r.name == name; });
}

bool value_decides(std::string_view setting) {
  const std::string name = lower(setting);
  return name == "client_encoding" || name == "search_path" || name == "standard_conforming_strings";
}

std::string read_setting_name(std::string_view written, std::string& name) {
  name = lower(written);
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '$' || c >= 0x80;
  });
  if (!plain) return "is no name of a setting: write one as SHOW ALL lists them";
  if (holds(kSecretSettings, name)) return "cannot be allowed: it can hold secrets or paths of the server";
  const auto* const reserved =
      std::find_if(kReserved.begin(), kReserved.end(), [&](const Reserved& r) { return r.name == name; });
  if (reserved != kReserved.end()) return "cannot be allowed: " + std::string(reserved->why);
  return {};
}

}  // namespace portcullis::policy
