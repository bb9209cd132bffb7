// Shadow, what production is asked for it.
#include "catalog/queries.hpp"
#include "net/shadow_builder.hpp"
#include "shadow/copy_queries.hpp"

namespace portcullis::net {

using base::Result;

Result<void> Shadow::ask_production() {
  auto opened = ShadowConnection::open(options_.production, options_.login, ServerConnection::to_look());
  if (!opened) return opened.error();
  auto& connection = **opened;
  server_version_ = connection.server_version();
  if (const auto readable = catalog::check_server_version(server_version_); !readable) return readable;
  auto& to = production_;
  const std::string memberships = shadow::memberships_query(server_version_);
  std::vector<std::pair<std::string_view, Rows*>> questions = {
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
  // Only where the copy's server could be this one.
  if (options_.given) questions.emplace_back("SELECT system_identifier FROM pg_control_system()", &to.system);
  for (const auto& [question, rows] : questions) {
    auto answer = connection.ask(std::string(question));
    if (!answer) return answer.error();
    *rows = std::move(*answer);
  }
  return {};
}

}  // namespace portcullis::net
