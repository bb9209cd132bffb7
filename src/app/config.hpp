// The gate's configuration as values: what docs/configuration.md describes, read, checked, with every default
// filled in.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/logins.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "portcullis/audit/record.hpp"
#include "portcullis/policy/policy_set.hpp"

namespace portcullis::audit {
struct NamedKey;
}

namespace portcullis::app {

struct TlsFiles {
  std::filesystem::path certificate;  // PEM, the server's own first
  std::filesystem::path key;          // PEM
  std::filesystem::path client_ca;  // PEM, the authorities of agents' certificates; empty: none is asked for
  bool certificate_required = false;  // "client_certificate": "required" or "optional"
};

struct ListenConfig {
  std::string address = "127.0.0.1";  // a literal IPv4 or IPv6 address
  std::uint16_t port = 6432;          // 0: any free one
  std::optional<TlsFiles>
      tls;  // always there unless the address is loopback; TLS is then demanded of clients
};

struct RoleConfig {
  std::string user;                     // at the database
  std::filesystem::path password_file;  // empty: the database asks for none
  base::Secret password;                // its first line
};

// With what and how often the gate reads the catalog that it judges by.
struct CatalogConfig {
  RoleConfig role;
  std::chrono::milliseconds poll{1'000};     // between two looks at whether it has changed
  std::chrono::milliseconds oldest{30'000};  // not confirmed for so long, it is not judged by any more
};

// Where a PostgreSQL server is and how it is known to be the right one.
struct ServerConfig {
  std::string host = "127.0.0.1";  // a name, an address, or the absolute path of the Unix socket's folder
  std::uint16_t port = 5432;
  std::string sslmode = "verify-full";       // disable, require, verify-ca or verify-full, as libpq's sslmode
  std::filesystem::path root_certificate;    // PEM; empty: the system's store
  bool direct_tls = false;                   // "sslnegotiation": "postgres" or "direct"
  std::string channel_binding = "prefer";    // disable, prefer or require, as libpq's channel_binding
  std::string max_protocol_version = "3.2";  // or "3.0"
};

// Server connections that are used again by sessions of the same agent.
struct ReuseConfig {
  std::size_t connections = 0;                                // kept for each agent; 0: none
  std::chrono::milliseconds idle_time{60'000}, age{600'000};  // without a session; since the login
};

struct UpstreamConfig : ServerConfig {
  std::string database;
  std::vector<std::string> search_path{"public"};
  std::map<std::string, RoleConfig, std::less<>> roles;  // by the agent's name in the policy
  CatalogConfig catalog;
  ReuseConfig reuse;
  bool allow_superuser = false;
};

// PostgreSQL's tcp_keepalives_* and tcp_user_timeout, for both sides.
struct TcpConfig {
  std::chrono::milliseconds keepalive_idle{60'000}, keepalive_interval{10'000};
  std::size_t keepalive_count = 6;
  std::chrono::milliseconds user_timeout{0};  // 0: the system's
};

// A private key that checkpoints are signed with.
struct SigningKeyFile {
  std::filesystem::path file;                  // empty: there is none
  std::shared_ptr<const audit::NamedKey> key;  // what stands in it
};

// A place outside that checkpoints are brought to: a file or a command.
struct AnchorConfig {
  std::string name;
  std::filesystem::path file;
  std::vector<std::string> command;
  std::string require = "alert";  // "deny_changes" or "deny", while the place is behind
  std::chrono::milliseconds within{60'000};
};

struct AuditConfig {
  std::filesystem::path directory;
  audit::TextMode text = audit::TextMode::sealed;
  std::filesystem::path sealing_keys;  // the folder of the keys that texts are sealed under
  std::string origin = "portcullis";
  std::chrono::milliseconds segment_age{86'400'000};
  std::chrono::milliseconds reads_within{0};  // "reads": a time, or 0 for "sync"
  SigningKeyFile key, previous_key;
  std::vector<AnchorConfig> anchors;  // in the order of the file
  std::vector<std::string> erasers;   // public keys: two of them sign what is erased
  std::map<std::string, std::chrono::milliseconds>
      retention;  // by class of texts: "parameters", "said", "text"
};

struct LimitsConfig {
  std::size_t connections = 200;              // that have logged in
  std::size_t connections_per_address = 200;  // that have not
  std::size_t logins_pending = 400;           // likewise, of all addresses
  std::chrono::milliseconds login_delay{4'000};
  std::chrono::milliseconds authentication_time{60'000};
  std::chrono::milliseconds reconnect_time{10'000};
  std::size_t statement_bytes = std::size_t{1} << 20;
  std::size_t message_bytes = std::size_t{1} << 30;
  std::chrono::milliseconds drain_time{10'000};
  std::chrono::milliseconds idle_time{0};  // 0: for ever
  std::chrono::milliseconds idle_in_transaction_time{600'000};
  std::size_t prepared_statements = 10'000, portals = 10'000;  // of a session
};

// A server for copies alone, and who the gate is there.
struct ShadowServerConfig : ServerConfig {
  RoleConfig role;
};

// What a copy of the database's structure is made with, for dry runs.
struct ShadowConfig {
  std::string mode = "sidecar";              // "database" or "off"
  std::filesystem::path programs;            // of initdb and postgres; empty: Debian's folder of the version
  std::filesystem::path dump_programs;       // of pg_dump and pg_restore; empty: the same
  std::string account;                       // of the system, that its server runs as where the gate is root
  std::optional<RoleConfig> role;            // that dumps the schema; nothing: the one that reads the catalog
  std::optional<ShadowServerConfig> server;  // of mode "database", and of no other
};

struct Config {
  std::filesystem::path file;  // where it was read from, absolute
  ListenConfig listen;
  std::filesystem::path logins_file;
  Logins logins;
  UpstreamConfig upstream;
  std::filesystem::path policy_file;
  std::shared_ptr<const policy::PolicySet> policy;
  AuditConfig audit;
  LimitsConfig limits;
  TcpConfig tcp;
  ShadowConfig shadow;
  std::size_t threads = 1;
  base::log::Level log_level = base::log::Level::info;
};

// All that is in force, as canonical JSON (sorted keys, no blanks, whole numbers), for the audit log's
// `config` entry. Secrets stand there as the names of their files only; the policy has an entry of its own,
// but whether the one in force enforces anything (`monitors`) stands here too.
[[nodiscard]] std::string to_json_without_secrets(const Config& config, bool monitors);

}  // namespace portcullis::app
