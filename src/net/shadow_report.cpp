#include "net/shadow_report.hpp"

#include <chrono>
#include <utility>

namespace portcullis::net {

shadow::StatementReport try_out(Shadow& shadow, const std::string& role, shadow::RunPlan plan) {
  shadow::StatementReport report;
  report.statement = plan.statement;
  const auto began = std::chrono::steady_clock::now();
  auto facts = shadow.try_out(role, std::move(plan));
  report.tried_in =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  if (!facts) {
    report.not_tried = facts.error();
  } else if (facts->failure && facts->failure->code.view() == "25001") {
    report.not_tried = base::Error{base::sqlstate::feature_not_supported,
                                   "it cannot run in a transaction, and only what can is tried out"};
  } else {
    report.facts = std::move(*facts);
  }
  return report;
}

}  // namespace portcullis::net
