#include "net/sidecar.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "auth/scram.hpp"
#include "base/encoding.hpp"
#include "net/shadow_connection.hpp"
#include "net/shadow_parts.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

namespace {

constexpr const char* kAdmin = "portcullis_shadow";
constexpr std::uint16_t kPort = 5432;  // only the socket's name
constexpr milliseconds kInitTime{60'000}, kStartTime{30'000}, kStopTime{10'000};

Error failed(const std::string& what, int number) {
  return {base::sqlstate::io_error, what + ": " + std::strerror(number)};
}

// A new file that only `account` may read.
Result<void> write_private(const fs::path& file, const std::string& text,
                           const std::optional<Account>& account) {
  const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool is_written = out >= 0 &&
                          ::write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                          (!account || ::fchown(out, account->user, account->group) == 0);
  const int number = errno;
  if (out >= 0) ::close(out);
  if (!is_written) return failed("cannot write \"" + file.string() + "\"", number);
  return {};
}

// What the server is started with. Nothing of it has to survive a crash.
std::vector<std::string> settings(const fs::path& folder) {
  const std::vector<std::pair<std::string, std::string>> values = {
      {"listen_addresses", ""},
      {"unix_socket_directories", folder.string()},
      {"unix_socket_permissions", "0700"},
      {"port", std::to_string(kPort)},
      {"max_connections", "20"},
      {"shared_buffers", "16MB"},
      {"fsync", "off"},
      {"synchronous_commit", "off"},
      {"full_page_writes", "off"},
      {"wal_level", "logical"},  // or CREATE PUBLICATION warns
      {"autovacuum", "off"},
      {"jit", "off"},
      {"max_parallel_maintenance_workers", "0"},  // their reads would not be counted
      {"restart_after_crash", "off"},             // what unlogged tables held would be gone
      {"track_counts", "on"},
      {"temp_file_limit", "1GB"},
      {"log_statement", "none"},
      {"log_min_error_statement", "panic"},  // statements of agents belong in the audit log alone
      {"log_min_messages", "fatal"},         // errors quote values, which may be production's
  };
  std::vector<std::string> arguments;
  for (const auto& [name, value] : values) {
    arguments.emplace_back("-c");
    arguments.push_back(name + "=" + value);
  }
  return arguments;
}

}  // namespace

Result<std::unique_ptr<Sidecar>> Sidecar::prepare(const SidecarOptions& options) {
  std::unique_ptr<Sidecar> sidecar(new Sidecar(options));
  for (const auto step : {&Sidecar::make_folder, &Sidecar::make_cluster}) {
    if (const auto done = (*sidecar.*step)(); !done) return done.error();
  }
  return sidecar;
}

Result<void> Sidecar::start() {
  const auto started = start_server();
  return started ? wait_until_ready() : started;
}

Sidecar::~Sidecar() {
  stop();
}

// Immediate shutdown: nothing in it is kept, and killed alone its sessions would outlive it.
void Sidecar::stop() {
  if (!server_) return;
  server_->signal(SIGQUIT);
  (void)server_->wait(kStopTime);
  server_.reset();
}

// The outer folder stays the gate's, so that nobody else can put anything into it: the server's account may
// pass through it to its own.
Result<void> Sidecar::make_folder() {
  if (const auto made = folder_.make(options_.parent); !made) return made;
  const auto& account = options_.account;
  const auto server = server_folder().string();
  const bool is_made = ::mkdir(server.c_str(), 0700) == 0 &&
                       (!account || (::chown(server.c_str(), account->user, account->group) == 0 &&
                                     ::chmod(folder_.path().c_str(), 0711) == 0));
  if (!is_made) return failed("cannot make \"" + server + "\"", errno);
  return {};
}

Program Sidecar::program(const std::string& name) const {
  Program program;
  program.file = options_.programs / name;
  program.environment = {"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"};
  program.folder = server_folder();
  program.output = log();
  program.account = options_.account;
  return program;
}

Result<void> Sidecar::make_cluster() {
  password_ = base::to_base64(auth::random_bytes(24));
  const auto password_file = server_folder() / "password";
  if (const auto written = write_private(password_file, password_ + "\n", options_.account); !written)
    return written;
  auto initdb = program("initdb");
  initdb.leads_group = true;  // it starts the server's program, which would write on without it
  initdb.arguments = {"-D",
                      (server_folder() / "data").string(),
                      "-U",
                      kAdmin,
                      "-E",
                      "UTF8",
                      "--no-locale",
                      "--no-sync",
                      "--auth=scram-sha-256",
                      "--pwfile=" + password_file.string()};
  const auto made = run_program(initdb, kInitTime);
  std::error_code ignored;
  fs::remove(password_file, ignored);
  return made;
}

Result<void> Sidecar::start_server() {
  auto postgres = program("postgres");
  postgres.arguments = settings(server_folder());
  postgres.arguments.insert(postgres.arguments.begin(), {"-D", (server_folder() / "data").string()});
  auto started = ChildProcess::start(postgres);
  if (!started) return started.error();
  server_ = std::move(*started);
  return {};
}

Result<void> Sidecar::wait_until_ready() {
  const auto end = std::chrono::steady_clock::now() + kStartTime;
  std::string why;
  do {
    const auto opened = ShadowConnection::open(address(), admin("postgres"), ServerConnection::to_look());
    if (opened) {
      server_version_ = (*opened)->server_version();
      return {};
    }
    why = opened.error().message;
    std::this_thread::sleep_for(milliseconds(20));
  } while (running() && std::chrono::steady_clock::now() < end);
  return Error{base::sqlstate::io_error,
               "the shadow's server did not start (" + why + "); its log ends with: " + last_lines(log())};
}

UpstreamAddress Sidecar::address() const {
  UpstreamAddress address;
  address.host = server_folder().string();
  address.port = kPort;
  address.sslmode = SslMode::disable;
  address.channel_binding = auth::BindingMode::disable;
  address.newest_protocol = false;
  return address;
}

ServerLogin Sidecar::admin(const std::string& database) const {
  return {kAdmin, base::Secret(password_), database};
}

// Its superuser, whose password nobody else has; template1, for the copy may be called "postgres".
ServerLogin Sidecar::maintenance() const {
  return admin("template1");
}

ShadowNames Sidecar::names(const std::string& database) const {
  return {database, "portcullis_shadow_rowless", "portcullis_throw_away_"};
}

// Another version would answer as that one does.
Result<void> Sidecar::check_version(int due) const {
  const auto wanted = std::to_string(due / 10'000), there = std::to_string(server_version_ / 10'000);
  if (there == wanted) return {};
  std::string message = "the programs in \"" + options_.programs.string();
  message.append("\" are PostgreSQL ").append(there).append(", and the database is PostgreSQL ");
  message.append(wanted).append(": name the folder of PostgreSQL ").append(wanted);
  return Error{base::sqlstate::io_error, message + "'s in \"shadow.programs\""};
}

Result<void> Sidecar::make_room_for(const ShadowNeeds& needs) {
  if (const auto fits = check_version(needs.server_version); !fits) return fits;
  const auto& database = needs.database;
  const auto own = names(database);
  if (database == own.rowless || database.starts_with(own.throw_away)) {
    return Error{base::sqlstate::invalid_parameter_value,
                 "the database is called \"" + database + "\", a name that the shadow needs: rename it"};
  }
  for (const auto& role : needs.roles) {
    if (role != kAdmin && role != kShadowBuilder) continue;
    return Error{base::sqlstate::invalid_parameter_value,
                 "the database has a role \"" + role + "\", a name that the shadow needs: rename it"};
  }
  return {};
}

bool Sidecar::running() {
  return !ends_within(milliseconds(0));
}

bool Sidecar::ends_within(milliseconds most) {
  return !server_ || server_->wait(most).has_value();
}

}  // namespace portcullis::net
