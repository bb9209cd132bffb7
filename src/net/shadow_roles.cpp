// Shadow, whose it all is: production's roles, and what each owns in the end.
#include "net/shadow_builder.hpp"
#include "net/shadow_parts.hpp"
#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::identifier;
using shadow::literal;

namespace {

constexpr std::string_view kBypass = " BYPASSRLS";

}  // namespace

ServerLogin Shadow::builder(const std::string& database) const {
  return {kShadowBuilder, base::Secret(password_), database};
}

// A superuser has no rights of one anyway; of another role it is told.
void Shadow::make_role(const shadow::Row& row, std::vector<std::string>& sql) {
  const auto role = identifier(cell(row, 0));
  auto options = cell(row, 1);
  if (!server_->rights().makes_bypassrls && options.ends_with(kBypass)) {
    options.resize(options.size() - kBypass.size());
    if (cell(row, 2) != "t") {
      left_out_.push_back("role: BYPASSRLS of " + role +
                          ", which the login of \"shadow.server\" may not give");
    }
  }
  sql.push_back("CREATE ROLE " + role + " " + options + " PASSWORD " + literal(password_) +
                server_->role_mark());
  sql.push_back("GRANT " + role + " TO " + identifier(kShadowBuilder));
  if (!server_->rights().is_superuser) sql.push_back(membership_of_admin(role));
}

// Who is no superuser gives something away only to a role that it can be.
std::string Shadow::membership_of_admin(const std::string& role) const {
  const std::string options = server_version_ >= 160'000 ? " WITH INHERIT TRUE, SET TRUE" : "";
  return "GRANT " + role + " TO " + identifier(server_->maintenance().user) + options;
}

Result<void> Shadow::make_roles() {
  const auto builder = identifier(kShadowBuilder);
  std::vector<std::string> sql = {"CREATE ROLE " + builder + " NOSUPERUSER INHERIT LOGIN" +
                                      (server_->rights().makes_bypassrls ? std::string(kBypass) : "") +
                                      " PASSWORD " + literal(password_) + server_->role_mark(),
                                  // Neither triggers nor foreign keys fire for a row that is made up.
                                  "ALTER ROLE " + builder + " SET session_replication_role = replica"};
  if (!server_->rights().is_superuser) sql.push_back(membership_of_admin(builder));
  for (const auto& row : production_.roles) make_role(row, sql);
  for (const auto& row : production_.memberships) {
    sql.push_back("GRANT " + identifier(cell(row, 0)) + " TO " + identifier(cell(row, 1)) + " " +
                  cell(row, 2));
  }
  return run(server_->maintenance(), sql, "role");
}

Result<void> Shadow::give_to_owners() {
  for (const auto* copy : {&with_rows_, &rowless_}) {
    if (const auto given = give_to_owners(copy->database); !given) return given;
  }
  return run(server_->maintenance(), {"DROP ROLE " + identifier(kShadowBuilder)}, "role");
}

Result<void> Shadow::give_to_owners(const std::string& database) {
  std::vector<std::string> sql;
  // A new owner must be allowed to make what it gets, but where a superuser gives it. What is theirs in the
  // end is said below.
  if (!server_->rights().is_superuser) {
    sql.push_back("GRANT CREATE ON DATABASE " + identifier(database) + " TO PUBLIC");
    for (const auto& schema : first_cells(production_.schemas))
      sql.push_back("GRANT CREATE ON SCHEMA " + identifier(schema) + " TO PUBLIC");
  }
  const auto owners = first_cells(production_.owners);
  sql.insert(sql.end(), owners.begin(), owners.end());
  for (const auto& row : production_.schemas)
    sql.push_back("ALTER SCHEMA " + identifier(cell(row, 0)) + " OWNER TO " + identifier(cell(row, 1)));
  if (!production_.bootstrap_owner.empty()) {
    sql.push_back("REASSIGN OWNED BY " + identifier(kShadowBuilder) + " TO " +
                  identifier(cell(production_.bootstrap_owner.front(), 0)));
  }
  for (const auto& row : production_.privileges)
    sql.push_back(cell(row, 0) + " DATABASE " + identifier(database) + " " + cell(row, 1));
  const auto of_schemas = first_cells(production_.schema_privileges);
  sql.insert(sql.end(), of_schemas.begin(), of_schemas.end());
  sql.push_back("DROP OWNED BY " + identifier(kShadowBuilder));
  return run(server_->admin(database), sql, "owner");
}

}  // namespace portcullis::net
