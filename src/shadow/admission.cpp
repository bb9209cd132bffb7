#include "shadow/admission.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace portcullis::shadow {

using base::Error;
namespace sqlstate = base::sqlstate;

namespace {

constexpr auto kAlone = std::to_array<std::string_view>(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "SELECT INTO", "TRUNCATE TABLE", "COMMENT", "GRANT",
     "REVOKE", "REFRESH MATERIALIZED VIEW", "LOCK TABLE", "CLUSTER", "REINDEX", "ANALYZE", "VACUUM",
     "ALTER DEFAULT PRIVILEGES"});
// Of what is made, changed or dropped.
constexpr auto kOfDatabase =
    std::to_array<std::string_view>({"AGGREGATE",         "CAST",       "COLLATION", "CONSTRAINT",
                                     "CONVERSION",        "DOMAIN",     "FUNCTION",  "INDEX",
                                     "MATERIALIZED VIEW", "OPERATOR",   "POLICY",    "PROCEDURE",
                                     "PUBLICATION",       "ROUTINE",    "RULE",      "SCHEMA",
                                     "SEQUENCE",          "STATISTICS", "TABLE",     "TEXT SEARCH",
                                     "TRIGGER",           "TYPE",       "VIEW"});

bool is_tried_out(std::string_view kind) {
  if (std::find(kAlone.begin(), kAlone.end(), kind) != kAlone.end()) return true;
  for (const std::string_view verb : {"CREATE ", "ALTER ", "DROP "}) {
    if (!kind.starts_with(verb)) continue;
    const auto object = kind.substr(verb.size());
    return std::any_of(kOfDatabase.begin(), kOfDatabase.end(),
                       [&](const auto known) { return object.starts_with(known); }) &&
           !object.starts_with("TABLESPACE");
  }
  return false;
}

// REINDEX DATABASE and SYSTEM: the copy goes by another name.
bool rebuilds_catalogs(const sql::StatementFacts& statement) {
  return std::any_of(statement.effects.begin(), statement.effects.end(), [](const auto& effect) {
    return effect.action == sql::Action::reindex && effect.kind == sql::ObjectKind::other;
  });
}

}  // namespace

std::optional<Error> not_to_be_tried_out(const sql::Facts& facts) {
  if (facts.statements.size() != 1) {
    return Error{sqlstate::feature_not_supported, "statements are tried out one by one: give one"};
  }
  return not_to_be_tried_out(facts.statements.front());
}

std::optional<Error> not_to_be_tried_out(const sql::StatementFacts& statement) {
  if (statement.not_understood) return *statement.not_understood;
  if (rebuilds_catalogs(statement)) {
    return Error{
        sqlstate::feature_not_supported,
        "REINDEX of a database or of the system catalogs cannot be tried out, for nobody measures what "
        "becomes of the catalogs: name the schema, table or index"};
  }
  if (is_tried_out(statement.kind)) return std::nullopt;
  if (statement.kind == "DO" || statement.kind == "CALL") {
    return Error{
        sqlstate::feature_not_supported,
        "what " + statement.kind + " does cannot be seen, so it is not tried out: its effects are opaque"};
  }
  return Error{sqlstate::feature_not_supported,
               statement.kind + " cannot be tried out: it acts on more than the schema and its rows"};
}

}  // namespace portcullis::shadow
