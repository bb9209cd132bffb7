#include "net/shadow_report.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/probing.hpp"

namespace portcullis::net {

using base::Result;

namespace {

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

}  // namespace

shadow::StatementReport report_on(const ReportSources& sources, shadow::RunPlan plan,
                                  const std::optional<shadow::RowQuestion>& rows) {
  shadow::StatementReport report;
  report.statement = plan.statement;
  const auto began = std::chrono::steady_clock::now();
  auto facts = sources.shadow.try_out(sources.agent.user, plan);
  report.tried_in =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  if (!facts) {
    report.not_tried = facts.error();
  } else {
    report.facts = std::move(*facts);
    if (!report.facts.failure) look_closer(sources, plan, report);
    if (!report.facts.failure && rows) report.rows = count(sources, plan, *rows);
  }
  return report;
}

}  // namespace portcullis::net
