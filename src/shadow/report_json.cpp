// A report for programs. Its fields are a contract: docs/dry-run.md.
#include <nlohmann/json.hpp>

#include "shadow/report.hpp"

namespace portcullis::shadow {
namespace {

using Json = nlohmann::json;  // its keys are sorted

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
          {"kind", kind_name(relation.kind)},
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

Json to_value(const std::vector<RelationFacts>& relations) {
  Json json = Json::array();
  for (const auto& relation : relations) json.push_back(to_value(relation));
  return json;
}

Json to_value(const std::vector<TableChanges>& changes) {
  Json json = Json::array();
  for (const auto& table : changes) {
    for (const auto& change : table.list) {
      json.push_back({{"schema", table.before.schema},
                      {"table", table.before.name},
                      {"change", name(change.kind)},
                      {"name", change.name},
                      {"definition", change.definition}});
    }
  }
  return json;
}

Json to_value(const std::vector<Probe>& probes) {
  Json json = Json::array();
  for (const auto& probe : probes) {
    json.push_back({{"schema", probe.schema},
                    {"table", probe.table},
                    {"question", probe.question},
                    {"answer", name(probe.answer)},
                    {"why", probe.why},
                    {"took_us", probe.took.count()}});
  }
  return json;
}

Json to_value(const RowCount& rows) {
  const bool is_known = rows.basis != RowCount::Basis::unknown;
  return {{"count", is_known ? Json(rows.rows) : Json()},
          {"more", rows.is_more},
          {"confidence", name(rows.basis)},
          {"why", rows.why},
          {"took_us", rows.took.count()}};
}

Json to_value(const TargetsTold& targets) {
  Json tables = Json::array();
  for (const auto& [table, rows] : targets.tables)
    tables.push_back({{"schema", table.first}, {"name", table.second}, {"rows", rows}});
  return {{"loaded", targets.is_loaded},
          {"why", targets.why},
          {"tables", std::move(tables)},
          {"took_us", targets.took.count()}};
}

Json to_value(const SaferForm& form) {
  Json steps = Json::array();
  for (const auto& step : form.steps) {
    Json one = {{"sql", step.sql}, {"why", step.why}};
    if (step.facts && step.facts->failure) {
      one["error"] = to_value(*step.facts->failure);
    } else if (step.facts) {
      one["relations"] = to_value(step.facts->relations);
    }
    steps.push_back(std::move(one));
  }
  return {{"why", form.why}, {"steps", std::move(steps)}};
}

std::string_view name(Outlook::Outcome outcome) {
  using Outcome = Outlook::Outcome;
  switch (outcome) {
    case Outcome::runs: return "ok";
    case Outcome::fails: return "error";
    case Outcome::unknown: return "unknown";
  }
  return "unknown";
}

void add_facts(const StatementReport& statement, Json& json) {
  const auto& facts = statement.facts;
  json["tag"] = facts.tag;
  json["by_rule"] = facts.is_by_rule ? Json{"locks", "scanned"} : Json::array();
  json["waits_for_older"] = facts.waits_for_older;
  json["relations"] = to_value(facts.relations);
  json["changes"] = to_value(facts.changes);
  json["probes"] = to_value(statement.probes);
  if (statement.rows) json["rows"] = to_value(*statement.rows);
  if (facts.on_made_up_rows) json["on_made_up_rows"] = to_value(*facts.on_made_up_rows);
  if (statement.safer) json["safer"] = to_value(*statement.safer);
  if (statement.forecast) {
    json["forecast"] = Json::parse(to_json(*statement.forecast));
  } else {
    json["forecast"] = {{"confidence", "unknown"}, {"error", to_value(statement.forecast.error())}};
  }
}

Json to_value(const StatementReport& statement, const Report& report) {
  const bool is_whole = report.left_out.empty() && report.without_row.empty();
  Json json = {{"tried_in_us", statement.tried_in.count()},
               {"role", report.role},
               {"server_version", report.server_version},
               {"fingerprint", report.fingerprint},
               {"copy_age_ms", report.copy_age.count()},
               {"confidence", is_whole ? "measured" : "incomplete"},
               {"left_out", report.left_out},
               {"without_row", report.without_row}};
  if (statement.not_tried) {
    json["outcome"] = "not tried";
    json["error"] = to_value(*statement.not_tried);
    return json;
  }
  const auto outlook = outlook_of(statement.facts, statement.probes);
  json["outcome"] = name(outlook.outcome);
  json["hangs_on_rows"] = outlook.hangs_on_rows;
  if (outlook.error) json["error"] = to_value(*outlook.error);
  if (statement.targets) json["target_rows"] = to_value(*statement.targets);
  if (!statement.facts.failure) add_facts(statement, json);
  return json;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const Report& report) {
  Json json = Json::array();
  for (const auto& statement : report.statements) json.push_back(to_value(statement, report));
  return dump(json);
}

std::string to_json_lines(const Report& report) {
  std::string lines;
  for (const auto& statement : report.statements) {
    Json json = to_value(statement, report);
    json["statement"] = statement.statement;
    lines += dump(json) + "\n";
  }
  return lines;
}

}  // namespace portcullis::shadow
