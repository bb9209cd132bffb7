// Reports of dry runs and duties, as the tests of their refusals need them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard/dry_run_refusals.hpp"

namespace portcullis::guard {

using base::DurationClass;
using base::Error;
using policy::DryRunDuty;
using shadow::Probe;
using shadow::RelationFacts;
using shadow::Report;
using shadow::StatementReport;
using sql::LockMode;
using ::testing::HasSubstr;

inline RelationFacts orders(LockMode lock = LockMode::access_share) {
  RelationFacts relation;
  relation.schema = "app";
  relation.name = "orders";
  relation.locks.add(lock);
  return relation;
}

// A statement that comes to its end, in "1-10 s", and works on these.
inline StatementReport report_of(std::vector<RelationFacts> relations = {orders()}) {
  StatementReport statement;
  statement.facts.relations = std::move(relations);
  shadow::Forecast forecast;
  forecast.duration = DurationClass::up_to_10s;
  forecast.basis = "reads 149 MiB";
  statement.forecast = std::move(forecast);
  return statement;
}

inline DryRunDuty tried() {
  DryRunDuty duty;
  duty.rule = "tried";
  return duty;
}
inline DryRunDuty locks_at_most(LockMode most) {
  auto duty = tried();
  duty.max_lock = {most, "lock"};
  return duty;
}
inline DryRunDuty within(DurationClass most) {
  auto duty = tried();
  duty.max_duration = {most, "time"};
  return duty;
}
inline DryRunDuty of_rows_at_most(std::uint64_t most) {
  auto duty = tried();
  duty.max_rows = {most, "rows"};
  return duty;
}
inline shadow::RowCount rows_counted(std::uint64_t rows, bool is_more = false) {
  shadow::RowCount count;
  count.basis = shadow::RowCount::Basis::probed;
  count.rows = rows;
  count.is_more = is_more;
  return count;
}
inline DryRunDuty in_a_whole_copy() {
  auto duty = tried();
  duty.whole_copy = "whole";
  return duty;
}

// What is refused with 42501, by its message.
inline std::string denial(const DryRunDuty& duty, const StatementReport& statement,
                          const Report& report = {}) {
  const auto refusal = dry_run_refusal(duty, statement, report);
  if (!refusal) return "nothing";
  EXPECT_EQ(refusal->code.view(), "42501");
  return refusal->message;
}

}  // namespace portcullis::guard
