// A policy's own tests: statements with the verdict that its author expects.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::guard {

using Analyze = std::function<base::Result<sql::Facts>(std::string_view text)>;

// One Problem for each test that does not hold, at the test's place in the file. Names without a schema are
// looked up in the test's search path, "public" unless it says so; each test is a session of its own, so
// EXECUTE and FETCH know only what the same text made. With a snapshot the tests are held against that
// database, without one against names alone.
[[nodiscard]] std::vector<policy::Problem> run_policy_tests(const policy::PolicySet& policy,
                                                            const Analyze& analyze,
                                                            const catalog::Snapshot* snapshot = nullptr);
// With sql::analyze. The calling thread must be one that may parse (sql/analyze.hpp).
[[nodiscard]] std::vector<policy::Problem> run_policy_tests(const policy::PolicySet& policy,
                                                            const catalog::Snapshot* snapshot = nullptr);

// Whether one holds that need not stand in the file. As above.
[[nodiscard]] bool holds(const policy::PolicySet& policy, const policy::PolicyTest& test,
                         const catalog::Snapshot* snapshot = nullptr);

}  // namespace portcullis::guard
