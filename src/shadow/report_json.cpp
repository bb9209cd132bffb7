#include <nlohmann/json.hpp>

#include "shadow/report.hpp"

namespace portcullis::shadow {
namespace {

using Json = nlohmann::json;  // its keys are sorted

std::string_view kind_of(char relkind) {
  switch (relkind) {
    case 'r':
    case 'p': return "table";
    case 'i':
    case 'I': return "index";
    case 'v': return "view";
    case 'm': return "materialized view";
    case 'S': return "sequence";
    case 'c': return "type";
    default: return "relation";
  }
}

Json to_value(LockSet locks) {
  Json names = Json::array();
  for (int mode = 0; mode <= static_cast<int>(LockMode::access_exclusive); ++mode) {
    if (locks.has(static_cast<LockMode>(mode))) names.push_back(name(static_cast<LockMode>(mode)));
  }
  return names;
}

Json to_value(const RelationFacts& relation) {
  return {{"schema", relation.schema},
          {"name", relation.name},
          {"kind", kind_of(relation.kind)},
          {"locks", to_value(relation.locks)},
          {"new", relation.is_new},
          {"dropped", relation.is_gone},
          {"rewritten", relation.is_rewritten},
          {"scanned", relation.is_scanned},
          {"inserted", relation.inserted},
          {"updated", relation.updated},
          {"deleted", relation.deleted}};
}

Json to_value(const base::Error& error) {
  return {{"sqlstate", error.code.view()},
          {"message", error.message},
          {"detail", error.detail},
          {"hint", error.hint}};
}

Json to_value(const StatementReport& statement) {
  Json value = {{"tried_in_us", statement.tried_in.count()}};
  if (statement.not_tried) {
    value["outcome"] = "not tried";
    value["error"] = to_value(*statement.not_tried);
    return value;
  }
  if (statement.facts.failure) {
    value["outcome"] = "error";
    value["error"] = to_value(*statement.facts.failure);
    return value;
  }
  value["outcome"] = "ok";
  value["tag"] = statement.facts.tag;
  value["relations"] = Json::array();
  for (const auto& relation : statement.facts.relations) value["relations"].push_back(to_value(relation));
  return value;
}

}  // namespace

std::string to_json(const Report& report) {
  const bool is_whole = report.left_out.empty() && report.without_row.empty();
  Json json = {{"role", report.role},
               {"server_version", report.server_version},
               {"fingerprint", report.fingerprint},
               {"copy_age_ms", report.copy_age.count()},
               {"confidence", is_whole ? "measured" : "incomplete"},
               {"left_out", report.left_out},
               {"without_row", report.without_row},
               {"statements", Json::array()}};
  for (const auto& statement : report.statements) json["statements"].push_back(to_value(statement));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace portcullis::shadow
