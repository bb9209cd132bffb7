// Shadow, whose it all is: production's roles, and what each owns in the end.
#include "net/shadow_builder.hpp"
#include "net/shadow_parts.hpp"
#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::identifier;
using shadow::literal;

ServerLogin Shadow::builder(const std::string& database) const {
  return {kShadowBuilder, base::Secret(password_), database};
}

Result<void> Shadow::make_roles() {
  const std::string password = " PASSWORD " + literal(password_);
  for (const auto& row : production_.roles) {
    const auto name = cell(row, 0);
    if (name == kShadowBuilder || name == sidecar_->admin("").user) {
      return Error{base::sqlstate::invalid_parameter_value,
                   "the database has a role \"" + name + "\", a name that the shadow needs: rename it"};
    }
  }
  std::vector<std::string> sql = {
      "CREATE ROLE " + identifier(kShadowBuilder) + " NOSUPERUSER INHERIT LOGIN BYPASSRLS" + password,
      // Neither triggers nor foreign keys fire for a row that is made up.
      "ALTER ROLE " + identifier(kShadowBuilder) + " SET session_replication_role = replica"};
  for (const auto& row : production_.roles) {
    const auto role = identifier(cell(row, 0));
    sql.push_back("CREATE ROLE " + role + " " + cell(row, 1) + password);
    sql.push_back("GRANT " + role + " TO " + identifier(kShadowBuilder));
  }
  for (const auto& row : production_.memberships) {
    sql.push_back("GRANT " + identifier(cell(row, 0)) + " TO " + identifier(cell(row, 1)) + " " +
                  cell(row, 2));
  }
  return run(sidecar_->admin("postgres"), sql, "role");
}

Result<void> Shadow::give_to_owners() {
  for (const auto* copy : {&with_rows_, &rowless_}) {
    if (const auto given = give_to_owners(copy->database); !given) return given;
  }
  return run(sidecar_->admin("postgres"), {"DROP ROLE " + identifier(kShadowBuilder)}, "role");
}

Result<void> Shadow::give_to_owners(const std::string& database) {
  std::vector<std::string> sql = first_cells(production_.owners);
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
  return run(sidecar_->admin(database), sql, "owner");
}

}  // namespace portcullis::net
