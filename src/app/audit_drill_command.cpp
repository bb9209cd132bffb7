#include <algorithm>
#include <csignal>
#include <string>

#include "app/audit_command.hpp"
#include "app/text_table.hpp"
#include "audit/drill.hpp"

namespace portcullis::app {
namespace {

using audit::DrilledAttack;
using audit::DrillResult;
using audit::Needs;

constexpr int kMissed = 1;
constexpr int kNoDrill = 2;

volatile std::sig_atomic_t stopped = 0;

// Whoever has enough of it must not be left with copies of the log: they are removed before the end.
class StopSignals {
 public:
  StopSignals() {
    stopped = 0;
    for (std::size_t i = 0; i < std::size(kSignals); ++i)
      before_[i] = std::signal(kSignals[i], [](int) { stopped = 1; });
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    for (std::size_t i = 0; i < std::size(kSignals); ++i) std::signal(kSignals[i], before_[i]);
  }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  void (*before_[std::size(kSignals)])(int){};
};

std::string missing(Needs needs) {
  switch (needs) {
    case Needs::notes: return "only signed notes show it";
    case Needs::key: return "only the log's key shows it";
    case Needs::anchor: return "only a note kept elsewhere shows it";
    case Needs::impossible: return "nothing kept elsewhere reaches it";
    case Needs::nothing: break;
  }
  return {};
}

std::string said(const DrilledAttack& attack) {
  switch (attack.result) {
    case DrillResult::found: return attack.finding.check + ", entry " + std::to_string(attack.finding.index);
    case DrillResult::missed: return "NOT FOUND, and must be";
    case DrillResult::not_found: return "not found: " + missing(attack.needs);
    case DrillResult::not_tried: return "not tried: the log has nothing of the kind";
  }
  return {};
}

std::string total(const std::vector<DrilledAttack>& attacks) {
  const auto count = [&](DrillResult result) {
    return std::to_string(std::count_if(attacks.begin(), attacks.end(),
                                        [result](const DrilledAttack& one) { return one.result == result; }));
  };
  return std::to_string(attacks.size()) + " attacks: " + count(DrillResult::found) + " found, " +
         count(DrillResult::not_found) + " not to be found, " + count(DrillResult::not_tried) +
         " not tried, " + count(DrillResult::missed) + " missed";
}

}  // namespace

int drill_audit(const VerifyAuditOptions& given, Console& console) {
  audit::VerifyOptions evidence{{}, given.anchors};
  for (const auto& file : given.keys) {
    auto key = audit::read_vkey_file(file);
    if (!key) {
      console.err << "portcullis: " << printable(key.error().message) << "\n";
      return kNoDrill;
    }
    evidence.keys.push_back(std::move(*key));
  }
  audit::DrillOptions options{.evidence = std::move(evidence)};
  options.progress = [&](std::size_t done, std::size_t all) {
    if (console.err_is_terminal) console.err << "\rattack " << done + 1 << " of " << all << std::flush;
  };
  options.is_stopped = [] { return stopped != 0; };
  const StopSignals signals;
  const auto attacks = audit::drill(given.directory, options);
  if (console.err_is_terminal) console.err << "\r\033[K" << std::flush;
  if (!attacks) {
    console.err << "portcullis: " << printable(attacks.error().message) << "\n";
    return kNoDrill;
  }
  std::vector<std::vector<std::string>> rows{{"attack", "the log is left", "found by"}};
  for (const DrilledAttack& attack : *attacks) rows.push_back({attack.what, attack.how, said(attack)});
  console.out << to_table(rows) << "\n" << total(*attacks) << "\n";
  const bool is_missed = std::any_of(attacks->begin(), attacks->end(), [](const DrilledAttack& one) {
    return one.result == DrillResult::missed;
  });
  return is_missed ? kMissed : 0;
}

}  // namespace portcullis::app
