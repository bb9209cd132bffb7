#include "net/shadow_builder.hpp"

#include <algorithm>
#include <cstdint>

#include "auth/scram.hpp"
#include "base/encoding.hpp"
#include "net/interruption.hpp"
#include "net/shadow_parts.hpp"
#include "shadow/copy_fault.hpp"
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

// Code of others while the copy is made: its statement_timeout and a little more.
constexpr milliseconds kOthersTime{3'000};
// What must be left on the disk when a copy is made: something in it may be missing where it was full.
constexpr std::uintmax_t kRoom = 16u << 20;

bool is_late(const Error& error) {
  return error.code == base::SqlState("57014");
}

fs::path programs_of(int server_version) {
  return "/usr/lib/postgresql/" + std::to_string(server_version / 10'000) + "/bin";
}

}  // namespace

Result<std::unique_ptr<Shadow>> Shadow::build(const ShadowOptions& options,
                                              std::unique_ptr<Sidecar> prepared) {
  std::unique_ptr<Shadow> shadow(new Shadow(options));
  shadow->prepared_ = std::move(prepared);
  for (const auto step : {&Shadow::ask_production, &Shadow::open_server, &Shadow::make_roles,
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

Result<void> Shadow::find_programs() {
  if (options_.sidecar.programs.empty()) options_.sidecar.programs = programs_of(server_version_);
  if (options_.dump_programs.empty()) options_.dump_programs = options_.sidecar.programs;
  std::vector<fs::path> needed = {options_.dump_programs / "pg_dump", options_.dump_programs / "pg_restore"};
  if (!options_.given)
    needed.insert(needed.begin(),
                  {options_.sidecar.programs / "initdb", options_.sidecar.programs / "postgres"});
  for (const auto& file : needed) {
    std::error_code error;
    const bool is_there = fs::exists(file, error);
    if (error)
      return Error{base::sqlstate::io_error, "cannot look for \"" + file.string() + "\": " + error.message() +
                                                 ": name the folders of the programs"};
    if (!is_there) {
      std::string message = "there is no \"";
      message.append(file.string()).append("\": install PostgreSQL ");
      message.append(std::to_string(server_version_ / 10'000));
      return Error{base::sqlstate::io_error, message + ", or name the folders of its programs"};
    }
  }
  return {};
}

Result<std::unique_ptr<ShadowServer>> Shadow::prepare_server() {
  using Server = Result<std::unique_ptr<ShadowServer>>;
  if (options_.given) {
    auto given = GivenServer::prepare(*options_.given, options_.sidecar.parent);
    return given ? Server(std::move(*given)) : Server(given.error());
  }
  if (prepared_ && prepared_->options().programs == options_.sidecar.programs)
    return Server(std::move(prepared_));
  auto sidecar = Sidecar::prepare(options_.sidecar);
  return sidecar ? Server(std::move(*sidecar)) : Server(sidecar.error());
}

Result<void> Shadow::open_server() {
  if (const auto found = find_programs(); !found) return found;
  auto prepared = prepare_server();
  if (!prepared) return prepared.error();
  server_ = std::move(*prepared);
  password_ = base::to_base64(auth::random_bytes(24));
  if (const auto started = server_->start(); !started) return started;
  return make_room();
}

Result<void> Shadow::make_room() {
  ShadowNeeds needs;
  needs.server_version = server_version_;
  if (!production_.system.empty()) needs.system = cell(production_.system.front(), 0);
  needs.database = options_.login.database;
  needs.roles = first_cells(production_.roles);
  return server_->make_room_for(needs);
}

Result<void> Shadow::check_room() const {
  if (!server_) return {};
  std::error_code unknown;
  const auto space = fs::space(server_->work_folder(), unknown);
  if (unknown || space.available >= kRoom) return {};
  return Error{base::sqlstate::disk_full, "the disk of \"" + options_.sidecar.parent.string() +
                                              "\" is full, where the copy is made: only " +
                                              std::to_string(space.available >> 20) + " MiB are left, and " +
                                              std::to_string(kRoom >> 20) + " must be"};
}

fs::path Shadow::file(const std::string& name) const {
  return server_->work_folder() / name;
}

// Without effect what fails here leaves the copy incomplete.
Result<void> Shadow::run(const ServerLogin& login, const std::vector<std::string>& statements,
                         const std::string& what) {
  auto opened = ShadowConnection::open(server_->address(), login, server_->parameters());
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

Result<void> Shadow::make_database() {
  const auto names = server_->names(options_.login.database);
  const auto& name = names.with_rows;
  std::vector<std::string> sql;
  with_rows_.database = name;
  rowless_.database = names.rowless;
  if (name == "postgres") sql.emplace_back("DROP DATABASE postgres");
  sql.push_back("CREATE DATABASE " + identifier(name) + " TEMPLATE template0 " +
                (production_.database.empty() ? "" : cell(production_.database.front(), 0)) + " OWNER " +
                identifier(kShadowBuilder));
  const auto before = left_out_.size();
  if (const auto made = run(server_->maintenance(), sql, "database"); !made) return made;
  if (left_out_.size() > before)
    return Error{base::sqlstate::io_error, "the shadow has no such " + left_out_[before]};
  sql = {"DROP SCHEMA public"};
  for (const auto& row : production_.schemas)
    sql.push_back("CREATE SCHEMA " + identifier(cell(row, 0)) + " AUTHORIZATION " +
                  identifier(kShadowBuilder));
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
  return run(server_->admin(name), sql, "schema");
}

// Before any code of others runs as rows are made up; copying files runs none.
Result<void> Shadow::make_rowless() {
  const auto before = left_out_.size();
  const auto made = run(server_->maintenance(),
                        {"CREATE DATABASE " + identifier(rowless_.database) + " TEMPLATE " +
                         identifier(with_rows_.database) + " OWNER " + identifier(kShadowBuilder)},
                        "database");
  if (!made || left_out_.size() == before) return made;
  return Error{base::sqlstate::io_error, "the shadow has no such " + left_out_[before]};
}

// Each by itself, in a session as it was at first, for it runs code of others; what takes too long has
// failed.
Result<std::vector<shadow::Script::Failed>> Shadow::run_others(const Copy& copy,
                                                               const std::vector<std::string>& statements) {
  const Error late{base::SqlState("57014"), "code of others in it took too long"};
  auto parameters = server_->parameters();
  parameters.emplace_back("statement_timeout", "2s");
  std::vector<shadow::Script::Failed> failed;
  std::unique_ptr<ShadowConnection> connection;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (patience_ <= milliseconds(0)) {
      failed.push_back({i, late});
      continue;
    }
    if (!connection) {
      auto opened = ShadowConnection::open(server_->address(), builder(copy.database), parameters);
      if (!opened) return opened.error();
      connection = std::move(*opened);
    }
    const auto began = std::chrono::steady_clock::now();
    const auto ran = connection->run({"DISCARD ALL", statements[i]}, kOthersTime);
    if (!ran) {
      connection.reset();
      if (Interruption::requested() || server_->ends_within(kCrashTime)) return ran.error();
      end_sessions(copy, kShadowBuilder);
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
  auto opened =
      ShadowConnection::open(server_->address(), builder(with_rows_.database), server_->parameters());
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

Result<void> Shadow::look() {
  for (auto* copy : {&with_rows_, &rowless_}) {
    auto opened = ShadowConnection::open(server_->address(), server_->admin(copy->database),
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

}  // namespace portcullis::net
