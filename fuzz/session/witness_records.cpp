// What the log must say: which outcomes a decision has.
#include <map>

#include "script.hpp"
#include "witness.hpp"

namespace portcullis::fuzz {

bool lets_pass(const audit::DecisionRecord& decision) {
  return decision.verdict == "allow" || decision.verdict == "would_deny";
}

void check_records(const ScriptedSink& sink) {
  std::map<std::uint64_t, std::pair<int, int>> outcomes;  // decision -> suspended, final
  for (std::size_t i = 0; i < sink.records.size(); ++i) {
    const auto* outcome = std::get_if<audit::OutcomeRecord>(&sink.records[i]);
    if (outcome == nullptr) continue;
    require(outcome->decision < i);
    const auto* decision = std::get_if<audit::DecisionRecord>(&sink.records[outcome->decision]);
    require(decision != nullptr && lets_pass(*decision));
    auto& [suspended, final] = outcomes[outcome->decision];
    require(final == 0 || decision->message == "Bind");
    ++(outcome->result == "suspended" ? suspended : final);
  }
  if (!sink.took_all()) return;
  bool is_run_elsewhere = false;
  for (std::size_t i = sink.records.size(); i > 0; --i) {
    const auto* decision = std::get_if<audit::DecisionRecord>(&sink.records[i - 1]);
    if (decision == nullptr || !lets_pass(*decision)) continue;
    const auto& [suspended, final] = outcomes[i - 1];
    if (decision->message == "Query") require(final == 1);
    if (decision->message == "Execute") require(final + suspended >= 1);
    if (decision->message == "Bind") require(final + suspended >= 1 || is_run_elsewhere);
    // A portal may be run, or closed, by another decision than its Bind's: that on an Execute, FETCH or
    // CLOSE.
    is_run_elsewhere = is_run_elsewhere || decision->message == "Execute" ||
                       decision->text.starts_with("fetch") || decision->text.starts_with("close");
  }
}

void check_nothing_denied(const ScriptedSink& sink) {
  for (const auto& record : sink.records) {
    const auto* decision = std::get_if<audit::DecisionRecord>(&record);
    const bool is_known =
        decision != nullptr && !decision->text.empty() && find_text(decision->text) != nullptr;
    require(!is_known || lets_pass(*decision));
  }
}

}  // namespace portcullis::fuzz
