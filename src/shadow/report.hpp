// What a dry run tells of the statements of one text: facts that were measured in the copy, answers of
// production's own rows, what is only estimated, and how far each can be trusted. docs/dry-run.md has its
// form as JSON.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "portcullis/base/error.hpp"
#include "shadow/forecast.hpp"
#include "shadow/probes.hpp"
#include "shadow/row_count.hpp"
#include "shadow/run_facts.hpp"
#include "shadow/safer_form.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::shadow {

struct StatementReport {
  std::string statement;
  std::optional<base::Error> not_tried{};  // why there are no facts
  RunFacts facts{};
  std::vector<Probe> probes{};     // with production's answers
  std::optional<RowCount> rows{};  // that it changes; nothing: nobody wanted to know
  // Of production, that it was tried out on; nothing: nobody wanted that.
  std::optional<TargetsTold> targets{};
  std::optional<SaferForm> safer{};  // with what its steps have shown
  base::Result<Forecast> forecast = base::Error{};
  std::chrono::microseconds tried_in{0};  // by the dry run, which has no rows to work on
};

struct Report {
  std::string role;  // that it ran as
  int server_version = 0;
  std::string fingerprint;                // of the structure that the copy was made of
  std::chrono::milliseconds copy_age{0};  // since the copy was made
  // What production has and the copy has not; tables that no row could be made up for.
  std::vector<std::string> left_out, without_row;
  std::vector<StatementReport> statements;  // in their order
};

// An array with an object for each statement, without its text: what the audit log keeps. Valid UTF-8
// whatever they hold.
[[nodiscard]] std::string to_json(const Report& report);
// The same, each object with its statement and on a line of its own.
[[nodiscard]] std::string to_json_lines(const Report& report);

}  // namespace portcullis::shadow
