#include "app/config_load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <thread>
#include <tuple>
#include <utility>

#include "app/config_audit.hpp"
#include "app/config_network.hpp"
#include "app/config_section.hpp"
#include "app/trusted_file.hpp"

namespace portcullis::app {
namespace {

using namespace std::chrono_literals;
using policy::JsonValue;

constexpr std::size_t kMostThreads = 16;
constexpr std::size_t kLongestName = 63;  // PostgreSQL's NAMEDATALEN - 1

bool is_address(const std::string& text) {
  in6_addr parsed{};
  return ::inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

bool is_loopback(const std::string& host) {
  in_addr ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) return (ntohl(ipv4.s_addr) >> 24) == 127;
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) return IN6_IS_ADDR_LOOPBACK(&ipv6);
  return host == "localhost";
}

std::size_t default_threads() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
}

// The files that the configuration names are read while it is: what is wrong with one of them is said at the
// key that names it, what is wrong inside one at its own line.
class ConfigLoader {
 public:
  explicit ConfigLoader(const std::filesystem::path& file) {
    loaded_.config.emplace();
    config().file = std::filesystem::absolute(file).lexically_normal();
    source_.file = file.string();
    source_.folder = config().file.parent_path();
  }

  LoadedConfig load();

 private:
  Config& config() { return *loaded_.config; }

  void read_root(const JsonValue& root);
  void read_listen(const JsonValue& object);
  void read_tls(const JsonValue& object);
  void read_upstream(const JsonValue& object);
  void read_server(ConfigSection& section, ServerConfig& server);
  void judge_sslmode(ConfigSection& section, ServerConfig& server);
  void judge_search_path(ConfigSection& section);
  void read_roles(const JsonValue& object);
  void read_role(const JsonValue::Member& member);
  void read_role(ConfigSection& section, RoleConfig& role);
  void read_catalog(const JsonValue& object);
  void read_reuse(const JsonValue& object);
  void read_shadow(const JsonValue& object);
  void read_shadow_server(const JsonValue& object);
  void read_limits(const JsonValue& object);
  void read_log(const JsonValue& object);
  void read_logins(ConfigSection& section);
  void read_policy(ConfigSection& section);
  void warn_of_agents();

  // The content of a file that the key names; a problem at the key and nothing when it cannot be had.
  std::optional<std::string> content(ConfigSection& section, std::string_view key,
                                     const std::filesystem::path& path, Privacy privacy);

  ConfigSource source_;
  LoadedConfig loaded_;
};

LoadedConfig ConfigLoader::load() {
  const auto text = read_trusted_file(config().file, Privacy::readable);
  if (!text) {
    loaded_.problems.push_back({source_.file, 0, 0, text.error().message});
  } else {
    auto document = policy::read_json(*text);
    source_.problems = std::move(document.problems);
    if (document.root && document.root->kind != JsonValue::Kind::object) {
      source_.problems.push_back({1, 1, "the configuration is no object: write { ... }"});
    } else if (document.root) {
      read_root(*document.root);
    }
  }
  std::stable_sort(source_.problems.begin(), source_.problems.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  for (auto& problem : source_.problems) {
    loaded_.problems.push_back({source_.file, problem.line, problem.column, std::move(problem.message)});
  }
  if (!loaded_.problems.empty()) loaded_.config.reset();
  if (loaded_.config) warn_of_agents();
  return std::move(loaded_);
}

void ConfigLoader::read_root(const JsonValue& root) {
  ConfigSection section(root, "the configuration", source_);
  section.require("logins", "name the file that portcullis user writes");
  section.require("upstream", "say where the database is");
  section.require("policy", "name the policy file");
  section.require("audit", "say where the audit log goes");
  read_policy(section);  // first: roles are checked against it
  if (const auto* object = section.read_object("listen")) read_listen(*object);
  read_logins(section);
  if (const auto* object = section.read_object("upstream")) read_upstream(*object);
  if (const auto* object = section.read_object("audit")) read_audit(*object, source_, config().audit);
  if (const auto* object = section.read_object("limits")) read_limits(*object);
  if (const auto* object = section.read_object("shadow")) read_shadow(*object);
  if (const auto* object = section.read_object("tcp")) {
    ConfigSection tcp(*object, "tcp", source_);
    read_tcp(tcp, config().tcp);
  }
  if (const auto* object = section.read_object("log")) read_log(*object);
  config().threads = default_threads();
  section.read_count("threads", 1, 64, config().threads);
  section.finish();
}

void ConfigLoader::read_listen(const JsonValue& object) {
  ListenConfig& listen = config().listen;
  ConfigSection section(object, "listen", source_);
  section.read("address", listen.address);
  if (listen.address == "localhost") listen.address = "127.0.0.1";
  section.read_port("port", 0, listen.port);
  if (const auto* tls = section.read_object("tls")) read_tls(*tls);
  section.finish();
  if (!is_address(listen.address)) {
    section.complain("address",
                     "\"" + listen.address + "\" is no address: write one such as 127.0.0.1, 0.0.0.0 or ::");
  } else if (!section.has("tls") && !is_loopback(listen.address)) {
    section.complain("address", "\"" + listen.address +
                                    "\" is reached from other machines: add \"tls\", or listen on 127.0.0.1");
  }
}

void ConfigLoader::read_tls(const JsonValue& object) {
  TlsFiles& tls = config().listen.tls.emplace();
  ConfigSection section(object, "tls", source_);
  section.require("certificate", "name a PEM file");
  section.require("key", "name a PEM file");
  section.read("certificate", tls.certificate);
  section.read("key", tls.key);
  read_client_certificates(section, tls);
  section.finish();
  if (!tls.client_ca.empty()) (void)content(section, "client_ca", tls.client_ca, Privacy::readable);
  if (!tls.certificate.empty()) (void)content(section, "certificate", tls.certificate, Privacy::readable);
  if (tls.key.empty()) return;
  if (auto key = content(section, "key", tls.key, Privacy::key)) base::wipe(*key);
}

void ConfigLoader::read_upstream(const JsonValue& object) {
  UpstreamConfig& upstream = config().upstream;
  ConfigSection section(object, "upstream", source_);
  section.require("database", "name the one database that agents reach through this gate");
  section.require("roles", "name the database role of each agent");
  section.require("catalog", "name the database role that the gate itself reads the catalog as");
  section.read("database", upstream.database);
  read_server(section, upstream);
  section.read("search_path", upstream.search_path);
  judge_search_path(section);
  if (const auto* roles = section.read_object("roles")) read_roles(*roles);
  if (const auto* catalog = section.read_object("catalog")) read_catalog(*catalog);
  if (const auto* reuse = section.read_object("reuse")) read_reuse(*reuse);
  section.read("allow_superuser", upstream.allow_superuser);
  section.finish();
}

void ConfigLoader::read_reuse(const JsonValue& object) {
  ReuseConfig& reuse = config().upstream.reuse;
  ConfigSection section(object, "reuse", source_);
  section.read_count("connections", 0, 1'000, reuse.connections);
  section.read_duration("idle_time", 1s, 1h, reuse.idle_time);
  section.read_duration("age", 1s, 24h, reuse.age);
  section.finish();
}

void ConfigLoader::read_server(ConfigSection& section, ServerConfig& server) {
  section.read("host", server.host);
  section.read_port("port", 1, server.port);
  section.read("root_certificate", server.root_certificate);
  if (!server.root_certificate.empty()) {
    (void)content(section, "root_certificate", server.root_certificate, Privacy::readable);
  }
  judge_sslmode(section, server);
  read_server_login(section, server);
}

void ConfigLoader::judge_sslmode(ConfigSection& section, ServerConfig& server) {
  const bool is_near = server.host.starts_with('/') || is_loopback(server.host);
  const auto written = section.read_choice("sslmode", {"disable", "require", "verify-ca", "verify-full"});
  server.sslmode = written.value_or(is_near ? "disable" : "verify-full");
  if (server.host.starts_with('/') && server.sslmode != "disable") {
    section.complain("sslmode", "a Unix socket has no TLS: leave \"sslmode\" out");
  } else if (!is_near && (server.sslmode == "disable" || server.sslmode == "require")) {
    section.complain("sslmode", "\"" + server.sslmode + "\" does not prove who answers at \"" + server.host +
                                    "\": write \"verify-full\"");
  } else if (server.sslmode == "verify-ca" && server.root_certificate.empty()) {
    // As libpq for sslrootcert=system: anyone can get some certificate from a public authority.
    section.complain("sslmode",
                     "\"verify-ca\" proves nothing with the system's authorities: write \"verify-full\", "
                     "or name your own authority in \"root_certificate\"");
  }
}

// Names are resolved here once and for all, so each entry must mean the same schema in every session.
void ConfigLoader::judge_search_path(ConfigSection& section) {
  const auto& schemas = config().upstream.search_path;
  if (schemas.empty()) section.complain("search_path", "\"search_path\" is empty: name at least one schema");
  for (const std::string& schema : schemas) {
    if (schema.empty() || schema.size() > kLongestName || schema.find('\0') != std::string::npos) {
      section.complain("search_path", "\"" + schema + "\" is no schema name: write 1 to 63 bytes");
    } else if (schema == "$user" || schema.starts_with("pg_temp") || schema.starts_with("pg_toast")) {
      section.complain("search_path",
                       "\"" + schema + "\" is another schema in each session: name schemas in full");
    }
  }
}

void ConfigLoader::read_roles(const JsonValue& object) {
  if (object.members.empty()) {
    source_.problems.push_back({object.line, object.column,
                                "\"roles\" is empty: no agent could log in; add "
                                "\"AGENT\": { \"user\": \"ROLE\" }"});
  }
  for (const auto& member : object.members) read_role(member);
}

void ConfigLoader::read_role(const JsonValue::Member& member) {
  if (member.value.kind != JsonValue::Kind::object) {
    source_.problems.push_back(
        {member.value.line, member.value.column,
         "the role of \"" + member.key + "\" is no object: write { \"user\": \"ROLE\" }"});
    return;
  }
  if (config().policy && config().policy->agent_by_name(member.key) == nullptr) {
    source_.problems.push_back(
        {member.line, member.column,
         "the policy has no agent \"" + member.key + "\": name one of its \"agents\""});
  }
  ConfigSection section(member.value, "the role of \"" + member.key + "\"", source_);
  section.require("user", "name the database role that this agent works as");
  read_role(section, config().upstream.roles[member.key]);
  section.finish();
}

void ConfigLoader::read_catalog(const JsonValue& object) {
  CatalogConfig& catalog = config().upstream.catalog;
  ConfigSection section(object, "catalog", source_);
  section.require("user", "name the database role that the gate itself reads the catalog as");
  read_role(section, catalog.role);
  section.read_duration("poll", 100ms, 1h, catalog.poll);
  section.read_duration("oldest", 1s, 24h, catalog.oldest);
  section.finish();
  if (catalog.oldest <= catalog.poll) {
    section.complain("oldest",
                     "\"oldest\" must be longer than \"poll\", or no catalog would ever be young enough");
  }
}

void ConfigLoader::read_shadow(const JsonValue& object) {
  ShadowConfig& shadow = config().shadow;
  ConfigSection section(object, "shadow", source_);
  shadow.mode = section.read_choice("mode", {"sidecar", "database", "off"}).value_or("sidecar");
  section.read("programs", shadow.programs);
  section.read("dump_programs", shadow.dump_programs);
  section.read("account", shadow.account);
  RoleConfig role;
  read_role(section, role);
  if (!role.user.empty()) shadow.role = std::move(role);
  if (const auto* server = section.read_object("server")) read_shadow_server(*server);
  section.finish();
  const bool is_given = shadow.mode == "database";
  if (is_given && !section.has("server")) {
    section.complain(
        "mode", "\"database\" needs a \"server\": { \"host\": ..., \"user\": ... }, or write \"sidecar\"");
  } else if (!is_given && section.has("server")) {
    section.complain("server",
                     "\"server\" is for the mode \"database\": set \"mode\" to that, or leave it out");
  }
  if (is_given && !shadow.account.empty()) {
    section.complain("account", "\"account\" is for the gate's own server: leave it out");
  }
}

void ConfigLoader::read_shadow_server(const JsonValue& object) {
  ShadowServerConfig& server = config().shadow.server.emplace();
  ConfigSection section(object, "shadow.server", source_);
  section.require("user", "name the role that the gate makes its copies as");
  read_server(section, server);
  read_role(section, server.role);
  section.finish();
}

void ConfigLoader::read_role(ConfigSection& section, RoleConfig& role) {
  section.read("user", role.user);
  section.read("password_file", role.password_file);
  if (role.password_file.empty()) return;
  auto text = content(section, "password_file", role.password_file, Privacy::secret);
  if (!text) return;
  role.password = first_line(std::move(*text));
  if (role.password.empty()) {
    section.complain("password_file",
                     "the first line of \"" + role.password_file.string() +
                         "\" is empty: write the password there, or leave \"password_file\" out");
  }
}

void ConfigLoader::read_limits(const JsonValue& object) {
  LimitsConfig& limits = config().limits;
  ConfigSection section(object, "limits", source_);
  section.read_count("connections", 1, 100'000, limits.connections);
  read_login_limits(section, limits);
  section.read_duration("authentication_time", 1s, 10min, limits.authentication_time);
  section.read_duration("reconnect_time", 0s, 10min, limits.reconnect_time);
  section.read_size("statement_bytes", 1024, std::size_t{16} << 20, limits.statement_bytes);
  section.read_size("message_bytes", 1024, std::size_t{1} << 30, limits.message_bytes);
  section.read_duration("drain_time", 0s, 1h, limits.drain_time);
  section.read_duration("idle_time", 0s, 24h * 31, limits.idle_time);
  section.read_duration("idle_in_transaction_time", 0s, 24h * 31, limits.idle_in_transaction_time);
  section.read_count("prepared_statements", 1, 100'000, limits.prepared_statements);
  section.read_count("portals", 1, 100'000, limits.portals);
  section.finish();
}

void ConfigLoader::read_log(const JsonValue& object) {
  ConfigSection section(object, "log", source_);
  const auto level = section.read_choice("level", {"debug", "info", "warning", "error"}).value_or("info");
  section.finish();
  using base::log::Level;
  config().log_level = level == "debug"     ? Level::debug
                       : level == "warning" ? Level::warning
                       : level == "error"   ? Level::error
                                            : Level::info;
}

void ConfigLoader::read_logins(ConfigSection& section) {
  section.read("logins", config().logins_file);
  if (config().logins_file.empty()) return;
  const auto text = content(section, "logins", config().logins_file, Privacy::secret);
  if (text) config().logins = parse_logins(*text, config().logins_file.string(), loaded_.problems);
}

void ConfigLoader::read_policy(ConfigSection& section) {
  section.read("policy", config().policy_file);
  if (config().policy_file.empty()) return;
  config().policy = load_policy(config().policy_file, loaded_.problems);
}

void ConfigLoader::warn_of_agents() {
  for (const auto& agent : config().policy->agents()) {
    const std::string start = "agent \"" + agent.name + "\" of the policy cannot log in: ";
    if (!config().logins.contains(agent.login)) {
      loaded_.warnings.push_back(start + "\"" + config().logins_file.string() + "\" has no line for \"" +
                                 agent.login + "\"; run portcullis user " + agent.login);
    } else if (!config().upstream.roles.contains(agent.name)) {
      loaded_.warnings.push_back(start + "\"upstream.roles\" has no role for it");
    }
  }
  const bool asks_for_certificates = config().listen.tls && !config().listen.tls->client_ca.empty();
  for (const auto& [login, entry] : config().logins) {
    if (!entry.certificate.empty() && !asks_for_certificates) {
      loaded_.warnings.push_back("login \"" + login +
                                 "\" needs a certificate and no client is asked for one: set "
                                 "\"listen.tls.client_ca\"");
    }
    if (config().policy->agent_by_login(login) != nullptr) continue;
    loaded_.warnings.push_back("login \"" + login + "\" belongs to no agent of the policy and is refused");
  }
}

std::optional<std::string> ConfigLoader::content(ConfigSection& section, std::string_view key,
                                                 const std::filesystem::path& path, Privacy privacy) {
  auto text = read_trusted_file(path, privacy);
  if (text) return std::move(*text);
  section.complain(key, text.error().message);
  return std::nullopt;
}

}  // namespace

LoadedConfig load_config(const std::filesystem::path& file) {
  return ConfigLoader(file).load();
}

std::shared_ptr<const policy::PolicySet> load_policy(const std::filesystem::path& file,
                                                     std::vector<Problem>& problems) {
  const auto text = read_trusted_file(file, Privacy::readable);
  if (!text) {
    problems.push_back({file.string(), 0, 0, text.error().message});
    return nullptr;
  }
  auto loaded = policy::PolicySet::load(*text);
  for (auto& problem : loaded.problems) {
    problems.push_back({file.string(), problem.line, problem.column, std::move(problem.message)});
  }
  if (!loaded.policy) return nullptr;
  return std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
}

}  // namespace portcullis::app
