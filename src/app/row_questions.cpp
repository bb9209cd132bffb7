#include "app/row_questions.hpp"

#include <algorithm>

#include "app/database.hpp"
#include "catalog/snapshot_builder.hpp"
#include "guard/row_questions.hpp"
#include "net/catalog_reader.hpp"
#include "net/shadow_connection.hpp"

namespace portcullis::app {
namespace {

// Its role's and its database's own settings hold for it.
base::Result<void> look_up(const net::UpstreamAddress& production, const net::ServerLogin& agent,
                           RowNames& names) {
  const auto connection = net::ShadowConnection::open(
      production, agent, {{"client_encoding", "UTF8"}, {"default_transaction_read_only", "on"}});
  if (!connection) return connection.error();
  const auto path = (*connection)->ask("SELECT pg_catalog.current_setting('search_path')");
  if (!path) return path.error();
  const auto schemas = (*connection)->ask("SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))");
  if (!schemas) return schemas.error();
  for (const auto& row : *path) names.search_path = row.empty() ? "" : row[0].value_or("");
  for (const auto& row : *schemas) names.names.search_path.push_back(row.empty() ? "" : row[0].value_or(""));
  return {};
}

}  // namespace

RowNames row_names(const Config& config, const net::UpstreamAddress& production,
                   const net::ServerLogin& agent) {
  RowNames names;
  if (const auto looked_up = look_up(production, agent, names); !looked_up) {
    names.why = looked_up.error().message;
    return names;
  }
  const auto dump = net::dump_catalog(production, catalog_login(config));
  auto snapshot =
      dump ? catalog::read_dump(*dump) : base::Result<std::shared_ptr<const catalog::Snapshot>>(dump.error());
  if (!snapshot) {
    names.why = snapshot.error().message;
  } else {
    names.snapshot = std::move(*snapshot);
  }
  return names;
}

shadow::RowQuestion row_question_of(std::string_view text, const sql::StatementFacts& facts,
                                    const RowNames& names) {
  if (!names.snapshot) return shadow::rows_unknown(kMostRowsCounted, names.why);
  return guard::row_question(
      {text.substr(facts.offset, facts.length), facts, names.snapshot.get(), names.names}, kMostRowsCounted);
}

shadow::TargetQuestion target_question_of(std::string_view text, const sql::StatementFacts& facts,
                                          const RowNames& names, std::uint64_t most) {
  if (!names.snapshot) return shadow::targets_unknown(most, names.why);
  return guard::target_question(
      {text.substr(facts.offset, facts.length), facts, names.snapshot.get(), names.names}, most);
}

void add_search_path(const RowNames& names, std::vector<std::pair<std::string, std::string>>& settings) {
  const bool is_there = std::any_of(settings.begin(), settings.end(),
                                    [](const auto& setting) { return setting.first == "search_path"; });
  if (!is_there && !names.search_path.empty()) settings.emplace_back("search_path", names.search_path);
}

}  // namespace portcullis::app
