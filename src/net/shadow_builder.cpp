#include "net/shadow_builder.hpp"

#include <algorithm>
#include <cstdint>

#include "auth/scram.hpp"
#include "base/encoding.hpp"
#include "net/interruption.hpp"
#include "net/shadow_parts.hpp"
#include "net/throw_away.hpp"
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

// The copy's second database, where no table holds a row.
constexpr const char* kRowless = "portcullis_shadow_rowless";
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
  sql.push_back("ALTER DATABASE " + identifier(name) + " OWNER TO " + identifier(kShadowBuilder));
  const auto before = left_out_.size();
  if (const auto made = run(sidecar_->admin("template1"), sql, "database"); !made) return made;
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
  return run(sidecar_->admin(name), sql, "schema");
}

// Before any code of others runs as rows are made up; copying files runs none.
Result<void> Shadow::make_rowless() {
  const auto before = left_out_.size();
  const auto made = run(sidecar_->admin("template1"),
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

}  // namespace portcullis::net
