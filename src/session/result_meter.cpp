#include "session/result_meter.hpp"

#include <array>
#include <utility>

namespace portcullis::session {
namespace {

namespace sqlstate = base::sqlstate;

constexpr base::SqlState kQueryCanceled{"57014"};

std::string stopped_by(const std::string& rule) {
  return "portcullis: stopped by \"" + rule + "\": ";
}

}  // namespace

std::string bytes_to_text(std::uint64_t bytes) {
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 3> kUnits{
      {{std::uint64_t{1} << 30, " GiB"}, {std::uint64_t{1} << 20, " MiB"}, {std::uint64_t{1} << 10, " KiB"}}};
  for (const auto& [size, name] : kUnits) {
    if (bytes >= size && bytes % size == 0) return std::to_string(bytes / size) + std::string(name);
  }
  return std::to_string(bytes) + " bytes";
}

std::optional<Passed> passed_by(const Meter& meter, std::uint64_t rows, std::uint64_t bytes) {
  const auto& most = meter.most;
  if (most.rows && meter.rows + rows > most.rows->most) {
    return Passed{"rows_returned of rule " + most.rows->rule,
                  {sqlstate::program_limit_exceeded,
                   stopped_by(most.rows->rule) + "more than " + std::to_string(most.rows->most) +
                       " rows returned: ask for fewer, with LIMIT or a stricter WHERE."}};
  }
  if (most.bytes && meter.bytes + bytes > most.bytes->most) {
    return Passed{"bytes_returned of rule " + most.bytes->rule,
                  {sqlstate::program_limit_exceeded,
                   stopped_by(most.bytes->rule) + "more than " + bytes_to_text(most.bytes->most) +
                       " returned: ask for fewer or smaller columns, or for fewer rows with LIMIT."}};
  }
  return std::nullopt;
}

std::optional<policy::Ceiling> cost_of(const std::vector<ResultPlan>& plans) {
  policy::ResultLimits strictest;
  for (const auto& plan : plans) {
    for (const auto& meter : plan.meters) {
      if (meter->enforced) strictest.lower(meter->most);
    }
  }
  return strictest.cost;
}

Passed too_long(const policy::Ceiling& time) {
  const std::string length =
      time.most % 1000 == 0 ? std::to_string(time.most / 1000) + " s" : std::to_string(time.most) + " ms";
  return {"time of rule " + time.rule,
          {kQueryCanceled, stopped_by(time.rule) + "canceling the statement, which ran for more than " +
                               length + ": ask for less at once."}};
}

ResultPlan merged(const std::vector<ResultPlan>& plans) {
  ResultPlan all;
  for (const auto& plan : plans) {
    all.meters.insert(all.meters.end(), plan.meters.begin(), plan.meters.end());
    all.fetches.insert(plan.fetches.begin(), plan.fetches.end());
    if (!plan.declares.empty()) {
      all.declares = plan.declares;
      all.declared = plan.declared;
    }
    all.of_agent = all.of_agent || plan.of_agent;
  }
  return all;
}

}  // namespace portcullis::session
