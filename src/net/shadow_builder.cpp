#include "net/shadow_builder.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "auth/scram.hpp"
#include "base/encoding.hpp"
#include "catalog/queries.hpp"
#include "net/interruption.hpp"
#include "shadow/copy_fault.hpp"
#include "net/throw_away.hpp"
#include "shadow/copy_queries.hpp"
#include "shadow/quote.hpp"
#include "shadow/sample_rows.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::identifier;
using shadow::literal;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

namespace {

// Restores the copy and owns it until it is whole. No superuser: what it runs others have written.
constexpr const char* kBuilder = "portcullis_shadow_builder";
// The copy's second database, where no table holds a row.
constexpr const char* kRowless = "portcullis_shadow_rowless";
constexpr std::size_t kMostConnections = 5;
constexpr milliseconds kDumpTime{600'000}, kRestoreTime{1'200'000};
// How long a server takes to end when one of its processes was killed.
constexpr milliseconds kCrashTime{500};
// And a session that is told to end.
constexpr milliseconds kEndTime{2'000};
// Code of others while the copy is made: its statement_timeout and a little more.
constexpr milliseconds kOthersTime{3'000};
// What must be left on the disk when a copy is made: something in it may be missing where it was full.
constexpr std::uintmax_t kRoom = 16u << 20;
// PostgreSQL refuses it within a transaction block.
constexpr base::SqlState kActiveTransaction{"25001"};
// Of a statement that is no transaction, and may work on many tables.
constexpr milliseconds kOutsideTime{10'000};

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string cell(const shadow::Row& row, std::size_t column) {
  return column < row.size() ? row[column].value_or("") : std::string();
}

std::vector<std::string> first_cells(const std::vector<shadow::Row>& rows) {
  std::vector<std::string> cells;
  for (const auto& row : rows) cells.push_back(cell(row, 0));
  return cells;
}

const char* libpq_name(SslMode mode) {
  switch (mode) {
    case SslMode::disable: return "disable";
    case SslMode::require: return "require";
    case SslMode::verify_ca: return "verify-ca";
    case SslMode::verify_full: return "verify-full";
  }
  return "verify-full";
}

const char* libpq_name(auth::BindingMode mode) {
  switch (mode) {
    case auth::BindingMode::disable: return "disable";
    case auth::BindingMode::prefer: return "prefer";
    case auth::BindingMode::require: return "require";
  }
  return "require";
}

fs::path programs_of(int server_version) {
  return "/usr/lib/postgresql/" + std::to_string(server_version / 10'000) + "/bin";
}

Result<void> write(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (out) return {};
  return Error{base::sqlstate::io_error, "cannot write \"" + file.string() + "\": is its disk full?"};
}

// As libpq reads it in a connection string: a name may hold "=" and blanks.
std::string as_connection_value(std::string_view name) {
  std::string value(1, '\'');
  for (const char c : name) {
    if (c == '\'' || c == '\\') value += '\\';
    value += c;
  }
  return value += '\'';
}

Error with_what(const std::string& what, Error error) {
  error.message = what + ": " + error.message;
  return error;
}

bool is_late(const Error& error) {
  return error.code == base::SqlState("57014");
}

}  // namespace

Result<std::unique_ptr<Shadow>> Shadow::build(const ShadowOptions& options,
                                              std::unique_ptr<Sidecar> prepared) {
  std::unique_ptr<Shadow> shadow(new Shadow(options));
  shadow->sidecar_ = std::move(prepared);
  for (const auto step : {&Shadow::ask_production, &Shadow::start_sidecar, &Shadow::make_roles,
                          &Shadow::make_database, &Shadow::dump, &Shadow::restore, &Shadow::make_rowless,
                          &Shadow::make_rows, &Shadow::fill, &Shadow::give_to_owners, &Shadow::look}) {
    const auto done = (*shadow.*step)();
    if (done) continue;
    // PostgreSQL has many words for a full disk.
    const auto room = shadow->check_room();
    return room ? done.error() : with_what(room.error().message, done.error());
  }
  if (const auto room = shadow->check_room(); !room) return room.error();
  shadow->production_ = {};
  return shadow;
}

Result<void> Shadow::ask_production() {
  auto opened = ShadowConnection::open(options_.production, options_.login, ServerConnection::to_look());
  if (!opened) return opened.error();
  auto& connection = **opened;
  server_version_ = connection.server_version();
  if (server_version_ < catalog::kOldestServer || server_version_ >= catalog::kNewerServer) {
    return Error{base::sqlstate::feature_not_supported, "the database's version number is " +
                                                            std::to_string(server_version_) +
                                                            ": shadows are made of PostgreSQL 13 to 18"};
  }
  auto& to = production_;
  const std::string memberships = shadow::memberships_query(server_version_);
  const std::vector<std::pair<std::string_view, Rows*>> questions = {
      {shadow::roles_query(), &to.roles},
      {memberships, &to.memberships},
      {shadow::database_query(server_version_), &to.database},
      {shadow::schemas_query(), &to.schemas},
      {shadow::extensions_query(), &to.extensions},
      {shadow::wide_publications_query(), &to.wide_publications},
      {shadow::sequences_query(), &to.sequences},
      {shadow::owners_query(), &to.owners},
      {shadow::bootstrap_owner_query(), &to.bootstrap_owner},
      {shadow::database_privileges_query(), &to.privileges},
      {shadow::schema_privileges_query(), &to.schema_privileges},
      {shadow::materialized_views_query(), &to.materialized_views},
      {shadow::settings_query(), &settings_},
  };
  for (const auto& [question, rows] : questions) {
    auto answer = connection.ask(std::string(question));
    if (!answer) return answer.error();
    *rows = std::move(*answer);
  }
  return {};
}

Result<void> Shadow::start_sidecar() {
  if (options_.sidecar.programs.empty()) options_.sidecar.programs = programs_of(server_version_);
  if (options_.dump_programs.empty()) options_.dump_programs = options_.sidecar.programs;
  for (const auto& file : {options_.sidecar.programs / "initdb", options_.sidecar.programs / "postgres",
                           options_.dump_programs / "pg_dump", options_.dump_programs / "pg_restore"}) {
    if (!fs::exists(file)) {
      std::string message = "there is no \"";
      message.append(file.string()).append("\": install PostgreSQL ");
      message.append(std::to_string(server_version_ / 10'000));
      return Error{base::sqlstate::io_error, message + ", or name the folders of its programs"};
    }
  }
  if (!sidecar_ || sidecar_->options().programs != options_.sidecar.programs) {
    auto prepared = Sidecar::prepare(options_.sidecar);
    if (!prepared) return prepared.error();
    sidecar_ = std::move(*prepared);
  }
  password_ = base::to_base64(auth::random_bytes(24));
  if (const auto started = sidecar_->start(); !started) return started;
  return check_version();
}

// Another version would answer as that one does.
Result<void> Shadow::check_version() const {
  const auto due = std::to_string(server_version_ / 10'000);
  const auto there = std::to_string(sidecar_->server_version() / 10'000);
  if (there == due) return {};
  std::string message = "the programs in \"" + options_.sidecar.programs.string();
  message.append("\" are PostgreSQL ").append(there).append(", and the database is PostgreSQL ").append(due);
  message.append(": name the folder of PostgreSQL ").append(due).append("'s in \"shadow.programs\"");
  return Error{base::sqlstate::io_error, std::move(message)};
}

Result<void> Shadow::check_room() const {
  if (!sidecar_) return {};
  std::error_code unknown;
  const auto space = fs::space(sidecar_->work_folder(), unknown);
  if (unknown || space.available >= kRoom) return {};
  return Error{base::sqlstate::disk_full, "the disk of \"" + options_.sidecar.parent.string() +
                                              "\" is full, where the copy is made: only " +
                                              std::to_string(space.available >> 20) + " MiB are left, and " +
                                              std::to_string(kRoom >> 20) + " must be"};
}

fs::path Shadow::file(const std::string& name) const {
  return sidecar_->work_folder() / name;
}

ServerLogin Shadow::builder(const std::string& database) const {
  return {kBuilder, base::Secret(password_), database};
}

// Without effect what fails here leaves the copy incomplete.
Result<void> Shadow::run(const ServerLogin& login, const std::vector<std::string>& statements,
                         const std::string& what) {
  auto opened = ShadowConnection::open(sidecar_->address(), login, ServerConnection::to_try_out());
  if (!opened) return with_what(what, opened.error());
  const auto failed = (*opened)->run(statements);
  if (!failed) return with_what(what, failed.error());
  for (const auto& one : *failed) {
    if (shadow::is_fault_of_copy(one.error.code)) return with_what(what, one.error);
    leave_out(what, one.error);
  }
  return {};
}

// What is done to both databases fails in both.
void Shadow::leave_out(const std::string& what, const Error& error) {
  auto lack = what + ": " + error.message;
  if (std::find(left_out_.begin(), left_out_.end(), lack) == left_out_.end())
    left_out_.push_back(std::move(lack));
}

Result<void> Shadow::make_roles() {
  const std::string password = " PASSWORD " + literal(password_);
  for (const auto& row : production_.roles) {
    const auto name = cell(row, 0);
    if (name == kBuilder || name == sidecar_->admin("").user) {
      return Error{base::sqlstate::invalid_parameter_value,
                   "the database has a role \"" + name + "\", a name that the shadow needs: rename it"};
    }
  }
  std::vector<std::string> sql = {
      "CREATE ROLE " + identifier(kBuilder) + " NOSUPERUSER INHERIT LOGIN BYPASSRLS" + password,
      // Neither triggers nor foreign keys fire for a row that is made up.
      "ALTER ROLE " + identifier(kBuilder) + " SET session_replication_role = replica"};
  for (const auto& row : production_.roles) {
    const auto role = identifier(cell(row, 0));
    sql.push_back("CREATE ROLE " + role + " " + cell(row, 1) + password);
    sql.push_back("GRANT " + role + " TO " + identifier(kBuilder));
  }
  for (const auto& row : production_.memberships) {
    sql.push_back("GRANT " + identifier(cell(row, 0)) + " TO " + identifier(cell(row, 1)) + " " +
                  cell(row, 2));
  }
  return run(sidecar_->admin("postgres"), sql, "role");
}

Result<void> Shadow::make_database() {
  const auto& name = options_.login.database;
  std::vector<std::string> sql;
  if (name == kRowless || name.starts_with(ThrowAway::kPrefix)) {
    return Error{base::sqlstate::invalid_parameter_value,
                 "the database is called \"" + name + "\", a name that the shadow needs: rename it"};
  }
  with_rows_.database = name;
  rowless_.database = kRowless;
  if (name == "postgres") sql.emplace_back("DROP DATABASE postgres");
  sql.push_back("CREATE DATABASE " + identifier(name) + " TEMPLATE template0 " +
                (production_.database.empty() ? "" : cell(production_.database.front(), 0)));
  sql.push_back("ALTER DATABASE " + identifier(name) + " OWNER TO " + identifier(kBuilder));
  const auto before = left_out_.size();
  if (const auto made = run(sidecar_->admin("template1"), sql, "database"); !made) return made;
  if (left_out_.size() > before)
    return Error{base::sqlstate::io_error, "the shadow has no such " + left_out_[before]};
  sql = {"DROP SCHEMA public"};
  for (const auto& row : production_.schemas)
    sql.push_back("CREATE SCHEMA " + identifier(cell(row, 0)) + " AUTHORIZATION " + identifier(kBuilder));
  for (const auto& row : production_.extensions) {
    const auto extension = cell(row, 0);
    if (!shadow::may_be_copied(extension)) {
      left_out_.push_back("extension " + extension + ": it is not among those that a shadow may have");
      continue;
    }
    sql.push_back("CREATE EXTENSION " + identifier(extension) + " WITH SCHEMA " + identifier(cell(row, 1)) +
                  " VERSION " + literal(cell(row, 2)));
  }
  for (const auto& publication : first_cells(production_.wide_publications))
    sql.push_back("CREATE PUBLICATION " + identifier(publication) + " FOR ALL TABLES");
  return run(sidecar_->admin(name), sql, "schema");
}

// Nothing of the gate's own environment goes along.
Program Shadow::tool(const std::string& name, const UpstreamAddress& address,
                     const ServerLogin& login) const {
  Program program;
  program.file = options_.dump_programs / name;
  program.folder = sidecar_->work_folder();
  program.environment = {"LC_ALL=C",
                         "PATH=/usr/bin:/bin",
                         "PGHOST=" + address.host,
                         "PGPORT=" + std::to_string(address.port),
                         "PGUSER=" + login.user,
                         "PGDATABASE=" + login.database,
                         "PGCONNECT_TIMEOUT=10",
                         "PGGSSENCMODE=disable",
                         std::string("PGCHANNELBINDING=") + libpq_name(address.channel_binding),
                         std::string("PGSSLNEGOTIATION=") + (address.direct_tls ? "direct" : "postgres"),
                         "PGAPPNAME=portcullis shadow",
                         std::string("PGSSLMODE=") + libpq_name(address.sslmode)};
  if (!login.password.empty())
    program.environment.push_back("PGPASSWORD=" + std::string(login.password.reveal()));
  if (address.sslmode == SslMode::verify_ca || address.sslmode == SslMode::verify_full) {
    program.environment.push_back("PGSSLROOTCERT=" + (address.root_certificate.empty()
                                                          ? std::string("/etc/ssl/certs/ca-certificates.crt")
                                                          : address.root_certificate));
  }
  return program;
}

Result<void> Shadow::dump() {
  auto pg_dump = tool("pg_dump", options_.production, options_.login);
  pg_dump.arguments = {"--schema-only",
                       "--format=custom",
                       "--file=" + file("dump").string(),
                       "--lock-wait-timeout=" + std::to_string(options_.lock_timeout.count()),
                       "--no-subscriptions",
                       "--no-tablespaces",
                       "--no-comments",
                       "--no-security-labels",
                       "--no-password"};
  pg_dump.output = file("dump.log");
  auto dumped = run_program(pg_dump, kDumpTime);
  if (dumped) return dumped;
  Error error = dumped.error();
  error.message +=
      ". The login \"" + options_.login.user +
      "\" needs SELECT on every table (pg_read_all_data has it), and nobody may hold one for long: "
      "another login is named in \"shadow\"";
  return error;
}

Result<void> Shadow::restore() {
  auto list = tool("pg_restore", sidecar_->address(), builder(with_rows_.database));
  // Into a file of its own, of which it says so where it cannot be written to its end.
  list.arguments = {"--list", "--file=" + file("contents").string(), file("dump").string()};
  list.output = file("contents.log");
  if (const auto listed = run_program(list, kDumpTime); !listed) return listed;
  const auto wide = first_cells(production_.wide_publications);
  auto contents = shadow::contents_of(text_of(file("contents")), {wide.begin(), wide.end()});
  left_out_.insert(left_out_.end(), contents.left_out.begin(), contents.left_out.end());
  if (const auto written = write(file("use"), contents.to_restore); !written) return written;

  auto pg_restore = tool("pg_restore", sidecar_->address(), builder(with_rows_.database));
  pg_restore.arguments = {"--no-owner", "--no-password", "--use-list=" + file("use").string(),
                          "--dbname=dbname=" + as_connection_value(options_.login.database),
                          file("dump").string()};
  pg_restore.output = file("restore.log");
  auto child = ChildProcess::start(pg_restore);
  if (!child) return child.error();
  const auto status = child->wait(kRestoreTime, true);
  const auto said = text_of(pg_restore.output);
  const auto failed = shadow::not_restored(said);
  // It ends with 1 also where single objects could not be made, and then with how many that are.
  const bool is_whole =
      status && (*status == 0 || shadow::ignored_errors(said).value_or(SIZE_MAX) <= failed.size());
  if (!is_whole || std::any_of(failed.begin(), failed.end(), shadow::tells_of_fault_of_copy)) {
    return Error{base::sqlstate::io_error,
                 "pg_restore could not make the shadow: " + last_lines(pg_restore.output)};
  }
  left_out_.insert(left_out_.end(), failed.begin(), failed.end());
  return {};
}

// Before any code of others runs as rows are made up; copying files runs none.
Result<void> Shadow::make_rowless() {
  const auto before = left_out_.size();
  const auto made = run(sidecar_->admin("template1"),
                        {"CREATE DATABASE " + identifier(rowless_.database) + " TEMPLATE " +
                         identifier(with_rows_.database) + " OWNER " + identifier(kBuilder)},
                        "database");
  if (!made || left_out_.size() == before) return made;
  return Error{base::sqlstate::io_error, "the shadow has no such " + left_out_[before]};
}

// Each by itself, in a session as it was at first, for it runs code of others; what takes too long has
// failed.
Result<std::vector<shadow::Script::Failed>> Shadow::run_others(const Copy& copy,
                                                               const std::vector<std::string>& statements) {
  const Error late{base::SqlState("57014"), "code of others in it took too long"};
  auto parameters = ServerConnection::to_try_out();
  parameters.emplace_back("statement_timeout", "2s");
  std::vector<shadow::Script::Failed> failed;
  std::unique_ptr<ShadowConnection> connection;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (patience_ <= milliseconds(0)) {
      failed.push_back({i, late});
      continue;
    }
    if (!connection) {
      auto opened = ShadowConnection::open(sidecar_->address(), builder(copy.database), parameters);
      if (!opened) return opened.error();
      connection = std::move(*opened);
    }
    const auto began = std::chrono::steady_clock::now();
    const auto ran = connection->run({"DISCARD ALL", statements[i]}, kOthersTime);
    if (!ran) {
      connection.reset();
      if (Interruption::requested() || sidecar_->ends_within(kCrashTime)) return ran.error();
      end_sessions(copy, kBuilder);
      failed.push_back({i, late});
    } else if (!ran->empty()) {
      failed.push_back({i, ran->back().error});
    }
    if (!failed.empty() && failed.back().statement == i && is_late(failed.back().error))
      patience_ -= std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  }
  return failed;
}

Result<void> Shadow::make_rows() {
  auto opened = ShadowConnection::open(sidecar_->address(), builder(with_rows_.database),
                                       ServerConnection::to_try_out());
  if (!opened) return opened.error();
  const auto columns =
      (*opened)->ask("SET search_path = pg_catalog; " + std::string(shadow::columns_query()));
  if (!columns) return columns.error();
  opened->reset();
  auto samples = shadow::read_samples(*columns);
  if (!samples) return samples.error();
  for (std::size_t attempt = 0; !samples->empty(); ++attempt) {
    std::vector<std::string> inserts;
    std::vector<shadow::SampleTable> tried;
    for (auto& table : *samples) {
      if (auto insert = shadow::insert_of(table, attempt)) {
        inserts.push_back(std::move(*insert));
        tried.push_back(std::move(table));
      } else {
        without_row_.push_back(table.schema + "." + table.name);
      }
    }
    const auto failed = run_others(with_rows_, inserts);
    if (!failed) return failed.error();
    samples->clear();
    for (const auto& one : *failed) {
      auto& table = tried[one.statement];
      if (is_late(one.error)) {
        without_row_.push_back(table.schema + "." + table.name);
      } else {
        samples->push_back(std::move(table));
      }
    }
  }
  return {};
}

Result<void> Shadow::fill() {
  for (const auto* copy : {&with_rows_, &rowless_}) {
    const auto login = builder(copy->database);
    const auto views = run_others(*copy, first_cells(production_.materialized_views));
    if (!views) return views.error();
    for (const auto& one : *views) leave_out("materialized view", one.error);
    const auto set = run(login, first_cells(production_.sequences), "sequence");
    if (!set) return set;
  }
  return {};
}

Result<void> Shadow::give_to_owners() {
  for (const auto* copy : {&with_rows_, &rowless_}) {
    if (const auto given = give_to_owners(copy->database); !given) return given;
  }
  return run(sidecar_->admin("postgres"), {"DROP ROLE " + identifier(kBuilder)}, "role");
}

Result<void> Shadow::give_to_owners(const std::string& database) {
  std::vector<std::string> sql = first_cells(production_.owners);
  for (const auto& row : production_.schemas)
    sql.push_back("ALTER SCHEMA " + identifier(cell(row, 0)) + " OWNER TO " + identifier(cell(row, 1)));
  if (!production_.bootstrap_owner.empty()) {
    sql.push_back("REASSIGN OWNED BY " + identifier(kBuilder) + " TO " +
                  identifier(cell(production_.bootstrap_owner.front(), 0)));
  }
  for (const auto& row : production_.privileges)
    sql.push_back(cell(row, 0) + " DATABASE " + identifier(database) + " " + cell(row, 1));
  const auto of_schemas = first_cells(production_.schema_privileges);
  sql.insert(sql.end(), of_schemas.begin(), of_schemas.end());
  sql.push_back("DROP OWNED BY " + identifier(kBuilder));
  return run(sidecar_->admin(database), sql, "owner");
}

Result<void> Shadow::look() {
  for (auto* copy : {&with_rows_, &rowless_}) {
    auto opened = ShadowConnection::open(sidecar_->address(), sidecar_->admin(copy->database),
                                         ServerConnection::to_look());
    if (!opened) return opened.error();
    const auto rows = (*opened)->ask(std::string(shadow::Baseline::query()));
    if (!rows) return rows.error();
    auto baseline = shadow::Baseline::read(*rows);
    if (!baseline) return baseline.error();
    const auto tables = (*opened)->ask(shadow::known_shapes_query());
    if (!tables) return tables.error();
    auto known = shadow::read_known_shapes(*tables);
    if (!known) return known.error();
    baseline->take(std::move(*known));
    copy->baseline = std::move(*baseline);
  }
  return {};
}

// Those of every role come first, and those of the role itself are set behind them.
std::vector<std::pair<std::string, std::string>> Shadow::settings_of(const std::string& role) const {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto& row : settings_) {
    if (cell(row, 0).empty() || cell(row, 0) == role) settings.emplace_back(cell(row, 1), cell(row, 2));
  }
  return settings;
}

Result<void> Shadow::run_inside(Copy& copy, const std::string& role, const shadow::RunPlan& plan,
                                shadow::RunFacts& facts) {
  // Each costs the copy's server a process.
  if (copy.connections.size() >= kMostConnections && !copy.connections.contains(role))
    copy.connections.clear();
  auto& connection = copy.connections[role];
  if (!connection) {
    auto opened = ShadowConnection::open(sidecar_->address(), {role, base::Secret(password_), copy.database},
                                         ServerConnection::to_try_out());
    if (!opened) return opened.error();
    connection = std::move(*opened);
  }
  auto ran = connection->try_out(plan, copy.baseline, facts);
  if (ran) return ran;
  connection.reset();
  if (sidecar_->ends_within(kCrashTime))
    return Error{base::sqlstate::io_error, "the server of the copy ended while it ran there"};
  end_sessions(copy, role);
  return ran;
}

// A function can catch its own cancellation, and what it locks bars every run behind it.
void Shadow::end_sessions(const Copy& copy, const std::string& role) {
  const std::string theirs =
      " FROM pg_stat_activity WHERE usename = " + literal(role) + " AND datname = " + literal(copy.database);
  const auto opened =
      ShadowConnection::open(sidecar_->address(), sidecar_->admin("postgres"), ServerConnection::to_look());
  if (opened && (*opened)->ask("SELECT pg_terminate_backend(pid)" + theirs)) {
    const auto end = std::chrono::steady_clock::now() + kEndTime;
    do {
      const auto left = (*opened)->ask("SELECT 1" + theirs);
      if (!left) break;
      if (left->empty()) return;
      std::this_thread::sleep_for(milliseconds(10));
    } while (std::chrono::steady_clock::now() < end);
  }
  sidecar_->stop();  // a new one is made
}

// Nobody may be connected to what is copied. What is left behind by a statement would be found by the next.
Result<void> Shadow::run_outside(Copy& copy, const std::string& role, const shadow::RunPlan& plan,
                                 shadow::RunFacts& facts) {
  copy.connections.clear();
  const auto made = ThrowAway::make(*sidecar_, copy.database, ++thrown_away_);
  if (!made) return with_what("no copy to throw away", made.error());
  Result<void> ran;
  {
    auto opened =
        ShadowConnection::open(sidecar_->address(), {role, base::Secret(password_), (*made)->name()},
                               ServerConnection::to_try_out());
    ran = opened ? (*opened)->try_out(plan, copy.baseline, facts) : Result<void>(opened.error());
  }
  const auto ended = (*made)->end();
  if (ended) return ran;
  is_spoilt_ = true;
  return ended;
}

Result<shadow::RunFacts> Shadow::try_out(Attempt attempt, const std::string& role,
                                         const shadow::RunPlan& plan) {
  shadow::RunFacts facts, rowless;
  const auto ran = (this->*attempt)(with_rows_, role, plan, facts);
  if (!ran) return Result<shadow::RunFacts>(boost::system::in_place_error, ran.error());
  if (!facts.failure || !shadow::may_hang_on_rows(*facts.failure)) return facts;
  const auto ran_again = (this->*attempt)(rowless_, role, plan, rowless);
  if (!ran_again) return Result<shadow::RunFacts>(boost::system::in_place_error, ran_again.error());
  return shadow::facts_of_both(std::move(facts), std::move(rowless));
}

Result<shadow::RunFacts> Shadow::try_out(const std::string& role, shadow::RunPlan plan) {
  const auto outside = std::exchange(plan.outside, std::nullopt);
  if (!outside || !outside->is_certain) {
    auto facts = try_out(&Shadow::run_inside, role, plan);
    const bool is_refused = facts && facts->failure && facts->failure->code == kActiveTransaction;
    if (!outside || !is_refused) return facts;
  }
  plan.outside = outside;
  plan.statement_timeout = kOutsideTime;
  return try_out(&Shadow::run_outside, role, plan);
}

// Where there are no rows: a step shall not fail by one that was made up.
void Shadow::try_out(const std::string& role, const shadow::RunPlan& plan, shadow::SaferForm& form) {
  shadow::RunPlan behind = plan;
  for (auto& step : form.steps) {
    if (step.sql.empty()) continue;
    if (step.stand_in.empty()) {
      behind.statement = step.sql;
      shadow::RunFacts facts;
      if (!run_inside(rowless_, role, behind, facts)) return;
      step.facts = std::move(facts);
    }
    behind.earlier.push_back(step.stand_in.empty() ? step.sql : step.stand_in);
  }
}

}  // namespace portcullis::net
