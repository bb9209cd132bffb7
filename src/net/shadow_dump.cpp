// Shadow, the way of the structure into it: pg_dump and pg_restore.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>

#include "net/shadow_builder.hpp"
#include "net/shadow_parts.hpp"
#include "shadow/copy_fault.hpp"
#include "shadow/copy_queries.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

namespace {

constexpr milliseconds kDumpTime{600'000}, kRestoreTime{1'200'000};

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
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

}  // namespace

// Nothing of the gate's own environment goes along.
Program Shadow::tool(const std::string& name, const UpstreamAddress& address,
                     const ServerLogin& login) const {
  Program program;
  program.file = options_.dump_programs / name;
  program.folder = server_->work_folder();
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
  auto list = tool("pg_restore", server_->address(), builder(with_rows_.database));
  // Into a file of its own, of which it says so where it cannot be written to its end.
  list.arguments = {"--list", "--file=" + file("contents").string(), file("dump").string()};
  list.output = file("contents.log");
  if (const auto listed = run_program(list, kDumpTime); !listed) return listed;
  const auto wide = first_cells(production_.wide_publications);
  auto contents = shadow::contents_of(text_of(file("contents")), {wide.begin(), wide.end()});
  left_out_.insert(left_out_.end(), contents.left_out.begin(), contents.left_out.end());
  if (const auto written = write(file("use"), contents.to_restore); !written) return written;

  auto pg_restore = tool("pg_restore", server_->address(), builder(with_rows_.database));
  pg_restore.arguments = {"--no-owner", "--no-password", "--use-list=" + file("use").string(),
                          "--dbname=dbname=" + as_connection_value(with_rows_.database),
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

}  // namespace portcullis::net
