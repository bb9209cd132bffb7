// How much of its result a statement has given back, and what it may.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/error.hpp"
#include "portcullis/policy/result_limits.hpp"

namespace portcullis::session {

// Of one statement: a portal goes on counting over its Executes, a cursor over its FETCHes.
struct Meter {
  policy::ResultLimits most;
  bool enforced = true;  // false in mode "monitor": what is over it is noted in the outcome
  std::uint64_t rows = 0, bytes = 0;
};
using MeterPtr = std::shared_ptr<Meter>;

// What one statement of a message counts against.
struct ResultPlan {
  std::vector<MeterPtr> meters;
  std::set<std::string> fetches;  // cursors whose meters count too, looked up when their rows come
  std::string declares;           // the cursor that counts against `declared` once it is made
  MeterPtr declared;
  bool of_agent = false;  // what the agent is given back in a time is limited too

  [[nodiscard]] bool counts() const noexcept { return !meters.empty() || !fetches.empty() || of_agent; }
};

// A limit that was passed.
struct Passed {
  std::string limit;  // for the record: "rows_returned of rule read"
  base::Error told;   // the beginning of what the client gets
};

// What one more message of `bytes` bytes with `rows` rows passes, or nothing. Counts nothing.
[[nodiscard]] std::optional<Passed> passed_by(const Meter& meter, std::uint64_t rows, std::uint64_t bytes);
// A statement that ran for too long.
[[nodiscard]] Passed too_long(const policy::Ceiling& time);

// Of all the statements that one name may stand for: the name runs one of them.
[[nodiscard]] ResultPlan merged(const std::vector<ResultPlan>& plans);
// The strictest limit on what they may be planned to cost.
[[nodiscard]] std::optional<policy::Ceiling> cost_of(const std::vector<ResultPlan>& plans);

// "512 bytes", "16 MiB".
[[nodiscard]] std::string bytes_to_text(std::uint64_t bytes);

}  // namespace portcullis::session
