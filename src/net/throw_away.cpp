#include "net/throw_away.hpp"

#include <utility>

#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::identifier;
using shadow::literal;

namespace {

// Statements that make and drop a database: nobody waits longer for a dry run.
constexpr std::chrono::seconds kMostTime{30};

// What all databases of a server share and code can change that runs in one: roles, their members and
// settings. A row that was changed has another xmin. Who is no superuser sees roles without their passwords;
// who has changed one cannot log in any more, which is seen then.
std::string shared_query(bool is_superuser) {
  const std::string roles = is_superuser ? "oid || ' ' || xmin FROM pg_catalog.pg_authid"
                                         : "r::pg_catalog.text FROM pg_catalog.pg_roles r";
  return "SELECT pg_catalog.md5(pg_catalog.string_agg(row, ',' ORDER BY row)) FROM (SELECT 'r' || " + roles +
         R"(
  UNION ALL SELECT 'm' || roleid || ' ' || member || ' ' || xmin FROM pg_catalog.pg_auth_members
  UNION ALL SELECT 's' || setdatabase || ' ' || setrole || ' ' || xmin FROM pg_catalog.pg_db_role_setting
  UNION ALL SELECT 'd' || oid || ' ' || xmin FROM pg_catalog.pg_database) AS shared(row))";
}

}  // namespace

Result<std::unique_ptr<ThrowAway>> ThrowAway::make(const ShadowServer& server, const std::string& copy,
                                                   std::string name) {
  auto admin = ShadowConnection::open(server.address(), server.maintenance(), server.parameters());
  if (!admin) return admin.error();
  std::unique_ptr<ThrowAway> made(
      new ThrowAway(std::move(*admin), std::move(name), shared_query(server.rights().is_superuser)));
  const auto owner = made->admin_->ask(
      "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = " +
      literal(copy));
  if (!owner) return owner.error();
  if (owner->empty() || !owner->front().front())
    return Error{base::sqlstate::io_error, "the copy's database is gone"};
  auto shared = made->shared();
  if (!shared) return shared.error();
  made->shared_ = std::move(*shared);
  const auto created = made->run("CREATE DATABASE " + identifier(made->name_) + " TEMPLATE " +
                                 identifier(copy) + " OWNER " + identifier(*owner->front().front()));
  if (created) return made;
  return created.error();
}

ThrowAway::~ThrowAway() {
  if (admin_) (void)end();
}

Result<void> ThrowAway::be_quiet(bool quiet) const {
  return run("ALTER DATABASE " + identifier(name_) +
             (quiet ? " SET session_replication_role TO replica" : " RESET session_replication_role"));
}

Result<void> ThrowAway::end() {
  const auto dropped = run("DROP DATABASE IF EXISTS " + identifier(name_) + " WITH (FORCE)");
  const auto now = dropped ? shared() : Result<std::string>(dropped.error());
  admin_.reset();
  if (!now) return now.error();
  if (*now == shared_) return {};
  return Error{base::sqlstate::feature_not_supported,
               "it changes roles or settings of theirs, which is not tried out"};
}

Result<std::string> ThrowAway::shared() const {
  const auto rows = admin_->ask(shared_query_);
  if (!rows) return rows.error();
  return rows->empty() || rows->front().empty() ? std::string() : rows->front().front().value_or("");
}

Result<void> ThrowAway::run(const std::string& statement) const {
  const auto failed = admin_->run({statement}, kMostTime);
  if (!failed) return failed.error();
  if (!failed->empty()) return failed->front().error;
  return {};
}

}  // namespace portcullis::net
