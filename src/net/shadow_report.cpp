#include "net/shadow_report.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "net/probing.hpp"
#include "net/target_reading.hpp"

namespace portcullis::net {

using base::Result;

namespace {

std::chrono::microseconds since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
}

// The words of the statement, and of what its transaction ran before.
std::string text_of(const shadow::RunPlan& plan) {
  std::string text;
  for (const auto& earlier : plan.earlier) text += earlier + "; ";
  return text + plan.statement;
}

ProbeOptions probe_options(const ReportSources& sources) {
  ProbeOptions options;
  options.production = sources.address;
  options.login = sources.agent;
  return options;
}

shadow::RowCount count(const ReportSources& sources, const shadow::RunPlan& plan,
                       const shadow::RowQuestion& question) {
  return count_rows(
      probe_options(sources),
      {question, plan.settings, plan.parameters.value_or(shadow::Parameters{}), sources.transaction});
}

void ask_rows(const ReportSources& sources, const shadow::RunPlan& plan, std::vector<shadow::Probe>& probes) {
  if (probes.empty()) return;
  auto options = probe_options(sources);
  const auto zone = std::find_if(plan.settings.begin(), plan.settings.end(),
                                 [](const auto& setting) { return setting.first == "TimeZone"; });
  if (zone != plan.settings.end()) options.time_zone = zone->second;
  answer(options, probes);
}

Result<shadow::Forecast> forecast(const ReportSources& sources, const shadow::RunFacts& facts) {
  const auto rows = sources.production.ask(shadow::forecast_query(facts, sources.server_pid));
  if (!rows) return rows.error();
  return shadow::read_forecast(*rows, facts);
}

void look_closer(const ReportSources& sources, const shadow::RunPlan& plan, shadow::StatementReport& report) {
  report.probes = shadow::probes_of(report.facts, text_of(plan));
  ask_rows(sources, plan, report.probes);
  report.forecast = forecast(sources, report.facts);
  // Its steps are transactions of their own.
  if (plan.earlier.empty()) report.safer = shadow::safer_form(report.facts, plan.statement);
  if (report.safer) sources.shadow.try_out(sources.agent.user, plan, *report.safer);
}

using Facts = Result<shadow::RunFacts>;

Facts unknown_targets(shadow::TargetsTold& told, const base::Error& why) {
  told.is_loaded = false;
  told.tables.clear();
  told.why = why.message;
  return Facts(boost::system::in_place_error, why);
}

// On production's own rows.
Facts try_out_on_targets(const ReportSources& sources, const shadow::RunPlan& plan,
                         const shadow::TargetQuestion& question, shadow::TargetsTold& told) {
  if (question.sql.empty())
    return unknown_targets(told, {base::sqlstate::feature_not_supported, question.why});
  // Nobody else sees what it has changed.
  if (!sources.transaction.empty()) {
    return unknown_targets(told, {base::sqlstate::feature_not_supported,
                                  "its transaction has changed rows before (COMMIT first)"});
  }
  if (const auto taken = sources.shadow.takes_rows(); !taken) return unknown_targets(told, taken.error());
  const auto options = probe_options(sources);
  const auto rows =
      read_targets(options, {question, plan.settings, plan.parameters.value_or(shadow::Parameters{})});
  if (!rows) return unknown_targets(told, rows.error());
  told = shadow::told(*rows);
  auto facts = sources.shadow.try_out_on(
      sources.agent.user, plan, question, *rows,
      [&](const auto& reference, const auto& keys) { return read_parents(options, reference, keys); });
  return facts ? facts : unknown_targets(told, facts.error());
}

Facts try_out(const ReportSources& sources, const shadow::RunPlan& plan,
              const std::optional<shadow::TargetQuestion>& targets, shadow::StatementReport& report) {
  const auto began = std::chrono::steady_clock::now();
  if (targets) {
    auto facts = try_out_on_targets(sources, plan, *targets, report.targets.emplace());
    report.targets->took = since(began);
    if (facts) return facts;
  }
  const auto began_here = std::chrono::steady_clock::now();
  auto facts = sources.shadow.try_out(sources.agent.user, plan);
  report.tried_in = since(began_here);
  return facts;
}

// What ran on all of its rows, by nothing but PostgreSQL's own code, has changed as many as it would.
void count_what_ran(const shadow::TargetQuestion& targets, shadow::StatementReport& report) {
  const bool is_exact = report.targets && report.targets->is_loaded && !targets.runs_code;
  if (!is_exact || !report.rows || report.rows->basis != shadow::RowCount::Basis::unknown) return;
  shadow::RowQuestion question;
  question.most = std::numeric_limits<std::uint64_t>::max();
  report.rows =
      shadow::counted(question, shadow::rows_changed(report.facts), shadow::RowCount::Basis::measured);
}

}  // namespace

shadow::StatementReport report_on(const ReportSources& sources, const shadow::RunPlan& plan,
                                  const ReportWishes& wishes) {
  shadow::StatementReport report;
  report.statement = plan.statement;
  auto facts = try_out(sources, plan, wishes.targets, report);
  if (!facts) {
    report.not_tried = facts.error();
    return report;
  }
  report.facts = std::move(*facts);
  if (report.facts.failure) return report;
  look_closer(sources, plan, report);
  if (wishes.rows) report.rows = count(sources, plan, *wishes.rows);
  if (wishes.targets) count_what_ran(*wishes.targets, report);
  return report;
}

}  // namespace portcullis::net
