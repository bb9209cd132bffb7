#include "guard/plan_cost.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace portcullis::guard {

using base::Error;

base::Result<double> plan_cost(std::string_view explained) {
  const Error unclear{base::sqlstate::internal_error, "the database's plan says no cost"};
  const auto plans = nlohmann::json::parse(explained, nullptr, false);
  if (!plans.is_array() || plans.empty()) return unclear;
  double sum = 0;
  for (const auto& query : plans) {
    const auto plan = query.is_object() ? query.find("Plan") : query.end();
    if (plan == query.end() || !plan->is_object()) return unclear;
    const auto cost = plan->find("Total Cost");
    if (cost == plan->end() || !cost->is_number()) return unclear;
    sum += cost->get<double>();
  }
  if (!std::isfinite(sum) || sum < 0) return unclear;
  return sum;
}

Error cost_refusal(const policy::Ceiling& limit, const std::string& why) {
  return {base::sqlstate::insufficient_privilege, "portcullis: denied by \"" + limit.rule + "\": " + why +
                                                      " (its limit \"cost\" is " +
                                                      std::to_string(limit.most) + ")."};
}

Error too_costly(const policy::Ceiling& limit, double cost) {
  char planned[64];
  std::snprintf(planned, sizeof planned, "%.0f", std::ceil(cost));
  return {base::sqlstate::program_limit_exceeded,
          "portcullis: stopped by \"" + limit.rule + "\": planned to cost " + planned + ", limit " +
              std::to_string(limit.most) +
              "; nothing was run. Ask for less: a stricter WHERE on indexed columns, fewer joins."};
}

}  // namespace portcullis::guard
