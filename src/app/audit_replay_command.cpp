#include "app/audit_replay_command.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "app/catalog_file.hpp"
#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::ordered_json;
using policy::Outcome;
using replay::Change;
using replay::Evidence;
using replay::Report;
using Rows = std::vector<std::vector<std::string>>;

// What is denied now comes first.
constexpr std::array<Outcome, 4> kOutcomes{Outcome::deny, Outcome::ask, Outcome::would_deny, Outcome::allow};

std::uint64_t count_of(const std::array<std::uint64_t, 4>& counts, Outcome outcome) {
  return counts[static_cast<std::size_t>(outcome)];
}

std::string past(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow: return "allowed";
    case Outcome::would_deny: return "would_deny";
    case Outcome::ask: return "ask";
    case Outcome::deny: return "denied";
  }
  return "denied";
}

// "1 to 900", of which the first and the last are records of the log.
std::string records(const Evidence& evidence) {
  const std::string first = std::to_string(evidence.first);
  return evidence.count == 1 ? first : first + " to " + std::to_string(evidence.last);
}

std::string decider(const Change& change) {
  return change.rule.empty() ? change.ground : '"' + change.rule + '"';
}

std::string totals(const Report& report) {
  Rows rows{{"decisions judged", std::to_string(report.judged)}};
  std::uint64_t same = 0;
  for (const auto count : report.same) same += count;
  rows.push_back({"as they were", std::to_string(same)});
  for (const Outcome outcome : kOutcomes)
    rows.push_back({"newly " + past(outcome), std::to_string(count_of(report.newly, outcome))});
  rows.push_back({"cannot be told", std::to_string(report.untold)});
  rows.push_back({"refused unread, as before", std::to_string(report.unread)});
  return to_table(rows);
}

std::string changes_text(const Report& report) {
  Rows rows{{"NOW", "THEN", "AGENT", "ACTION", "OBJECT", "BY", "COUNT", "RECORDS"}};
  for (const Outcome outcome : kOutcomes) {
    for (const auto& [change, evidence] : report.changes) {
      if (change.now != outcome) continue;
      const std::string object =
          change.route.empty() ? change.object : change.object + " (" + change.route + ")";
      rows.push_back({std::string(policy::name(change.now)), std::string(policy::name(change.then)),
                      printable(change.agent), change.action.empty() ? "-" : change.action, printable(object),
                      printable(decider(change)), std::to_string(evidence.count), records(evidence)});
    }
  }
  return rows.size() == 1 ? "" : "\n" + to_table(rows);
}

std::string untold_text(const Report& report) {
  Rows rows{{"AGENT", "CANNOT BE TOLD", "COUNT", "RECORDS"}};
  for (const auto& [untold, evidence] : report.why_untold)
    rows.push_back(
        {printable(untold.agent), printable(untold.why), std::to_string(evidence.count), records(evidence)});
  return rows.size() == 1 ? "" : "\n" + to_table(rows);
}

std::string stops_text(const Report& report) {
  Rows rows{{"ALLOWED, AND MAY BE STOPPED BY A LIMIT OF", "COUNT", "RECORDS"}};
  for (const auto& [rule, evidence] : report.may_stop)
    rows.push_back({'"' + printable(rule) + '"', std::to_string(evidence.count), records(evidence)});
  return rows.size() == 1 ? "" : "\n" + to_table(rows);
}

void add(Json& value, const Evidence& evidence) {
  value["count"] = evidence.count;
  value["first"] = evidence.first;
  value["last"] = evidence.last;
}

Json by_outcome(const std::array<std::uint64_t, 4>& counts) {
  Json value = Json::object();
  for (const Outcome outcome : kOutcomes)
    value[std::string(policy::name(outcome))] = count_of(counts, outcome);
  return value;
}

Json to_value(const Change& change, const Evidence& evidence) {
  Json value{{"agent", change.agent},
             {"then", policy::name(change.then)},
             {"now", policy::name(change.now)},
             {"ground", change.ground}};
  if (!change.action.empty()) value["action"] = change.action;
  if (!change.object.empty()) value["object"] = change.object;
  if (!change.route.empty()) value["route"] = change.route;
  if (!change.rule.empty()) value["rule"] = change.rule;
  add(value, evidence);
  return value;
}

std::string to_json(const Report& report, const policy::PolicySet& policy) {
  Json json{
      {"policy", policy.hash()},           {"judged", report.judged},     {"same", by_outcome(report.same)},
      {"newly", by_outcome(report.newly)}, {"untold", report.untold},     {"unread", report.unread},
      {"changes", Json::array()},          {"why_untold", Json::array()}, {"may_stop", Json::array()}};
  for (const auto& [change, evidence] : report.changes) json["changes"].push_back(to_value(change, evidence));
  for (const auto& [untold, evidence] : report.why_untold) {
    add(json["why_untold"].emplace_back(Json{{"agent", untold.agent}, {"why", untold.why}}), evidence);
  }
  for (const auto& [rule, evidence] : report.may_stop)
    add(json["may_stop"].emplace_back(Json{{"rule", rule}}), evidence);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int replay_audit(const ReplayOptions& options, Console& console) {
  std::vector<Problem> problems;
  const auto policy = load_policy(options.policy, problems);
  const auto snapshot = read_catalog(options.catalog);
  console.err << to_text(problems);
  if (!snapshot) console.err << "portcullis: " << snapshot.error().message << "\n";
  if (!policy || !snapshot) return kUsage;
  const auto report = replay::replay(options.directory, *policy, snapshot->get(), options.window);
  if (!report) {
    console.err << "portcullis: " << printable(report.error().message) << "\n";
    return kUsage;
  }
  if (options.json) {
    console.out << to_json(*report, *policy);
  } else {
    console.out << totals(*report) << changes_text(*report) << untold_text(*report) << stops_text(*report);
  }
  if (report->changed() > 0) return kChanged;
  return report->untold > 0 ? kUntold : kSuccess;
}

}  // namespace portcullis::app
