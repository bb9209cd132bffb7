#include "app/policy_diff.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "app/catalog_file.hpp"
#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/policy_access.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

using policy::PolicySet;
using Lines = std::set<std::string>;

// Ids of rules are left out: another name for the same changes nothing.
Lines lines_of_rules(const policy::Explanation& explanation) {
  Lines lines;
  for (const auto& permission : explanation.permissions) {
    for (const auto& action : permission.actions) {
      std::string line = std::string(policy::name(permission.outcome)) + " " + action;
      if (!permission.object.empty()) line += " on " + permission.object;
      if (!permission.conditions.empty()) line += " (" + joined(permission.conditions) + ")";
      lines.insert(printable(line));
    }
  }
  return lines;
}

Lines lines_for_everyone(const PolicySet& policy) {
  Lines lines;
  const auto explanation = policy.explain(policy.agents().front().name);
  lines.insert(explanation.monitored ? "mode monitor" : "mode enforce");
  for (const auto& closed : explanation.protections) {
    const std::string except = closed.except.empty() ? "" : " (except " + joined(closed.except) + ")";
    for (const auto& object : closed.objects) lines.insert(printable("protect " + object + except));
  }
  for (const auto& function : explanation.functions_allowed)
    lines.insert(printable("allow function " + function));
  for (const auto& function : explanation.functions_denied)
    lines.insert(printable("deny function " + function));
  for (const auto& setting : explanation.settings) lines.insert(printable("allow setting " + setting));
  return lines;
}

std::string changed_lines(const Lines& from, const Lines& to) {
  std::string text;
  std::vector<std::string> lines;
  std::set_difference(from.begin(), from.end(), to.begin(), to.end(), std::back_inserter(lines));
  for (const auto& line : lines) text += "  - " + line + "\n";
  lines.clear();
  std::set_difference(to.begin(), to.end(), from.begin(), from.end(), std::back_inserter(lines));
  for (const auto& line : lines) text += "  + " + line + "\n";
  return text;
}

class Difference {
 public:
  Difference(const PolicySet& from, const PolicySet& to, const catalog::Snapshot* snapshot)
      : from_(from), to_(to), snapshot_(snapshot) {}

  [[nodiscard]] std::string text() const {
    std::string text = headed("everyone", changed_lines(lines_for_everyone(from_), lines_for_everyone(to_)));
    std::set<std::string> agents;
    for (const auto* policy : {&from_, &to_}) {
      for (const auto& agent : policy->agents()) agents.insert(agent.name);
    }
    for (const auto& agent : agents) {
      const auto *before = from_.agent_by_name(agent), *after = to_.agent_by_name(agent);
      const std::string what = before == nullptr ? " (new)" : after == nullptr ? " (gone)" : "";
      const std::string changes = changes_for(agent, before, after);
      text += what.empty() ? headed("agent " + agent, changes) : "agent " + agent + what + "\n" + changes;
    }
    return text;
  }

 private:
  static std::string headed(const std::string& head, const std::string& changes) {
    return changes.empty() ? changes : head + "\n" + changes;
  }

  [[nodiscard]] std::string changes_for(const std::string& name, const policy::Agent* before,
                                        const policy::Agent* after) const {
    std::string text;
    if (before != nullptr && after != nullptr && before->login != after->login) {
      text = "  login " + printable(before->login) + " -> " + printable(after->login) + "\n";
    }
    const auto was = from_.explain(name), is = to_.explain(name);
    text += changed_lines(lines_of_rules(was), lines_of_rules(is));
    if (snapshot_ == nullptr) return text;
    std::set<sql::Action> actions(was.opened.begin(), was.opened.end());
    actions.insert(is.opened.begin(), is.opened.end());
    return text + changed_access(name, {actions.begin(), actions.end()});
  }

  [[nodiscard]] std::string changed_access(const std::string& agent,
                                           const std::vector<sql::Action>& actions) const {
    // The same relations and actions in the same order on both sides.
    const auto before = access_in(from_, agent, *snapshot_, actions);
    const auto after = access_in(to_, agent, *snapshot_, actions);
    std::string text;
    for (std::size_t i = 0; i < before.size(); ++i) {
      for (const auto& [action, was] : before[i].actions) {
        const Access& is = after[i].actions.at(action);
        if (to_text(was) == to_text(is)) continue;
        text += "  " + printable(before[i].relation) + ": " + std::string(sql::name(action)) + ": " +
                to_text(was) + " -> " + to_text(is);
        text += is.allowed() ? "\n" : ", for " + printable(is.reason) + "\n";
      }
    }
    return text;
  }

  const PolicySet& from_;
  const PolicySet& to_;
  const catalog::Snapshot* snapshot_;
};

}  // namespace

int diff_policies(const DiffOptions& options, Console& console) {
  std::vector<Problem> problems;
  const auto from = load_policy(options.from, problems);
  const auto to = load_policy(options.to, problems);
  const auto snapshot = read_catalog(options.catalog);
  console.err << to_text(problems);
  if (!snapshot) console.err << "portcullis: " << snapshot.error().message << "\n";
  if (!from || !to || !snapshot) return kUsage;
  const std::string text = Difference(*from, *to, snapshot->get()).text();
  console.out << (text.empty() ? "no difference\n" : text);
  return text.empty() ? kSuccess : kDifferent;
}

}  // namespace portcullis::app
