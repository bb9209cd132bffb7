#include "net/given_server.hpp"

#include <thread>
#include <utility>

#include "auth/scram.hpp"
#include "net/interruption.hpp"
#include "net/shadow_parts.hpp"
#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::identifier;
using shadow::literal;
using std::chrono::milliseconds;
namespace sqlstate = base::sqlstate;

namespace {

constexpr const char* kMark = "portcullis_shadow";
// The first version in which others than superusers can be allowed what making rows takes.
constexpr int kFirstForOthers = 150'000;
constexpr base::SqlState kInUse{"55006"}, kNoPrivilege{"42501"};
// For a gate that was just killed: its server process has to notice.
constexpr milliseconds kLockTime{5'000};
// The gate's end waits for it.
constexpr milliseconds kAnswerTime{5'000}, kRunTime{30'000};

constexpr const char* kLogin = R"(
SELECT r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolbypassrls, pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('track_counts'),
       (SELECT system_identifier FROM pg_catalog.pg_control_system())
  FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)";

constexpr const char* kMayBeReplica =
    "SELECT pg_catalog.has_parameter_privilege(current_user, 'session_replication_role', 'SET')";

// Held as long as the connection is. The number is chosen at random, once and for all gates.
constexpr const char* kLock = "SELECT pg_catalog.pg_try_advisory_lock(7166088436216786)";

// An owner that is a member of kMark was made by a gate. The login is one itself on 16 and newer, as whoever
// makes a role, and owns no copy.
constexpr const char* kDatabases = R"(
SELECT d.datname FROM pg_catalog.pg_database d
 WHERE d.datname LIKE 'portcullis\_shadow\_%' AND pg_catalog.pg_get_userbyid(d.datdba) <> current_user
   AND EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
                WHERE m.member = d.datdba AND r.rolname = 'portcullis_shadow'))";

constexpr const char* kRoles = R"(
SELECT DISTINCT pg_catalog.pg_get_userbyid(m.member)
  FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
 WHERE r.rolname = 'portcullis_shadow' AND pg_catalog.pg_get_userbyid(m.member) <> current_user
UNION ALL
SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = 'portcullis_shadow')";

bool is_true(const shadow::Row& row, std::size_t column) {
  return cell(row, column) == "t";
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + identifier(name);
  return text;
}

}  // namespace

GivenServer::GivenServer(const GivenServerOptions& options) : options_(options) {
  constexpr const char* kDigits = "0123456789abcdef";
  name_ = std::string(kMark) + "_";
  for (const char byte : auth::random_bytes(8)) {
    const auto value = static_cast<unsigned char>(byte);
    name_ += kDigits[value >> 4];
    name_ += kDigits[value & 15];
  }
}

Result<std::unique_ptr<GivenServer>> GivenServer::prepare(const GivenServerOptions& options,
                                                          const std::filesystem::path& parent) {
  std::unique_ptr<GivenServer> server(new GivenServer(options));
  if (const auto made = server->folder_.make(parent); !made) return made.error();
  return server;
}

GivenServer::~GivenServer() {
  if (!is_ours_) return;
  const bool is_given_up = Interruption::requested();
  const Interruption::Suspended suspended;  // a gate that ends takes the time for this
  if (is_given_up) {                        // what was asked last may have no answer yet
    connection_.reset();
    if (!connect() || !keep_others_out()) return;
  }
  if (connection_) (void)clear();
}

std::string GivenServer::described() const {
  return "the server of \"shadow.server\", " + options_.address.host + " port " +
         std::to_string(options_.address.port);
}

ServerLogin GivenServer::admin(const std::string& database) const {
  auto login = options_.login;
  login.database = database;
  return login;
}

// The reads of parallel workers would not be counted.
ServerConnection::Parameters GivenServer::parameters() const {
  auto parameters = ServerConnection::to_try_out();
  parameters.emplace_back("max_parallel_maintenance_workers", "0");
  return parameters;
}

std::string GivenServer::role_mark() const {
  return " IN ROLE " + identifier(kMark);
}

ShadowNames GivenServer::names(const std::string& /*database*/) const {
  return {name_, name_ + "_rowless", name_ + "_"};
}

Result<void> GivenServer::start() {
  for (const auto step :
       {&GivenServer::connect, &GivenServer::look_at_login, &GivenServer::look_at_settings}) {
    if (const auto done = (this->*step)(); !done) return with_what(described(), done.error());
  }
  return {};
}

Result<void> GivenServer::make_mark() {
  return run({"CREATE ROLE " + identifier(kMark) + " NOLOGIN"});
}

Result<void> GivenServer::connect() {
  auto opened = ShadowConnection::open(options_.address, options_.login, parameters());
  if (!opened) return opened.error();
  connection_ = std::move(*opened);
  server_version_ = connection_->server_version();
  // It is silent for as long as nothing changes.
  const auto set = connection_->ask(
      "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN "
      "('idle_session_timeout', 'statement_timeout', 'lock_timeout', 'transaction_timeout')");
  if (!set) return set.error();
  return {};
}

Result<void> GivenServer::look_at_login() {
  const auto told = connection_->ask(kLogin);
  if (!told) return told.error();
  if (told->size() != 1) return Error{sqlstate::io_error, "it does not know its own login"};
  const auto& row = told->front();
  const auto login = identifier(options_.login.user);
  rights_.is_superuser = is_true(row, 0);
  // On 15 they are a superuser's to make.
  rights_.makes_bypassrls = rights_.is_superuser || (server_version_ >= 160'000 && is_true(row, 3));
  system_ = cell(row, 6);
  if (is_true(row, 4))
    return Error{sqlstate::io_error, "it is a standby: give a server that can be written to"};
  if (cell(row, 5) != "on")
    return Error{sqlstate::io_error, "\"track_counts\" is off there: set it to on, or scans cannot be seen"};
  if (rights_.is_superuser) return {};
  if (server_version_ < kFirstForOthers) {
    return Error{kNoPrivilege, "up to PostgreSQL 14 only a superuser can make a copy: ALTER ROLE " + login +
                                   " SUPERUSER, or leave it to the gate's own server, \"sidecar\""};
  }
  if (!is_true(row, 1) || !is_true(row, 2)) {
    return Error{kNoPrivilege,
                 "its login may not make databases and roles: ALTER ROLE " + login + " CREATEDB CREATEROLE"};
  }
  return {};
}

// Without this triggers and foreign keys would fire for rows that are made up.
Result<void> GivenServer::look_at_settings() {
  if (rights_.is_superuser) return {};
  const auto may = connection_->ask(kMayBeReplica);
  if (!may) return may.error();
  if (!may->empty() && is_true(may->front(), 0)) return {};
  return Error{kNoPrivilege,
               "its login may not make rows without their triggers: GRANT SET ON PARAMETER "
               "session_replication_role TO " +
                   identifier(options_.login.user)};
}

Result<void> GivenServer::keep_others_out() {
  const auto end = std::chrono::steady_clock::now() + kLockTime;
  do {
    const auto locked = connection_->ask(kLock, kAnswerTime);
    if (!locked) return locked.error();
    is_ours_ = !locked->empty() && is_true(locked->front(), 0);
    if (is_ours_) return {};
    std::this_thread::sleep_for(milliseconds(100));
  } while (std::chrono::steady_clock::now() < end && !Interruption::requested());
  return Error{
      kInUse,
      "another gate, or a \"portcullis dry-run\", has its copy there: each needs a server of its own"};
}

// Databases first, or their owners could not go. All roles at once: they may have granted each other.
Result<void> GivenServer::clear() {
  const auto databases = connection_->ask(kDatabases, kAnswerTime);
  if (!databases) return databases.error();
  for (const auto& name : first_cells(*databases)) {
    if (auto done = run({"DROP DATABASE " + identifier(name) + " WITH (FORCE)"}); !done) return done;
  }
  const auto roles = connection_->ask(kRoles, kAnswerTime);
  if (!roles) return roles.error();
  if (roles->empty()) return {};
  return run({"DROP ROLE " + joined(first_cells(*roles))});
}

Result<void> GivenServer::run(const std::vector<std::string>& statements) {
  const auto failed = connection_->run(statements, kRunTime);
  if (!failed) return failed.error();
  for (const auto& one : *failed) return with_what(statements[one.statement], one.error);
  return {};
}

Result<void> GivenServer::make_room_for(const ShadowNeeds& needs) {
  if (const auto fits = check_server(needs); !fits) return fits;  // before anything in it is touched
  for (const auto step : {&GivenServer::keep_others_out, &GivenServer::clear, &GivenServer::make_mark}) {
    if (const auto done = (this->*step)(); !done) return with_what(described(), done.error());
  }
  return check_roles(needs.roles);
}

// Roles belong to a server, not to a database: where production's are the copy's would be the same.
Result<void> GivenServer::check_server(const ShadowNeeds& needs) const {
  const auto wanted = std::to_string(needs.server_version / 10'000);
  const auto there = std::to_string(server_version_ / 10'000);
  if (there != wanted) {
    return Error{sqlstate::io_error, described() + " is PostgreSQL " + there +
                                         ", and the database is PostgreSQL " + wanted +
                                         ": give one of the same version"};
  }
  if (!needs.system.empty() && needs.system != system_) return {};
  return Error{
      sqlstate::invalid_parameter_value,
      described() + " is the database's own, or was copied from it: give another one, for this alone"};
}

Result<void> GivenServer::check_roles(const std::vector<std::string>& roles) {
  std::string names = literal(kShadowBuilder);
  for (const auto& role : roles) {
    if (role == kShadowBuilder || role == kMark) {
      return Error{sqlstate::invalid_parameter_value,
                   "the database has a role \"" + role + "\", a name that the shadow needs: rename it"};
    }
    names += ", " + literal(role);
  }
  const auto taken =
      connection_->ask("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN (" + names + ") ORDER BY 1");
  if (!taken) return taken.error();
  if (!taken->empty()) {
    return Error{
        sqlstate::invalid_parameter_value,
        described() +
            " has roles that the gate did not make and that the copy needs: " + joined(first_cells(*taken)) +
            ". Give a server for this alone, whose superuser (initdb --username) and whose login have "
            "other names"};
  }
  return {};
}

bool GivenServer::running() {
  if (is_stopped_ || !connection_) return false;
  if (Interruption::requested() || connection_->ask("SELECT 1", kAnswerTime)) return true;
  connection_.reset();
  return false;
}

// When one of its processes is killed all end, and with them this connection.
bool GivenServer::ends_within(milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (running()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(milliseconds(50));
  }
  return true;
}

}  // namespace portcullis::net
