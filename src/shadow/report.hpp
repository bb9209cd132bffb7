// What a dry run tells of the statements of one text: facts, what is only estimated, and how far both can be
// trusted. docs/dry-run.md has its form as JSON.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "portcullis/base/error.hpp"
#include "shadow/run_facts.hpp"

namespace portcullis::shadow {

struct StatementReport {
  std::string statement;
  std::optional<base::Error> not_tried;  // why there are no facts
  RunFacts facts{};
  std::chrono::microseconds tried_in{0};  // by the dry run, which has no rows to work on
};

struct Report {
  std::string role;  // that it ran as
  int server_version = 0;
  std::string fingerprint;                // of the schema that the copy was made of
  std::chrono::milliseconds copy_age{0};  // since the copy was made
  // What production has and the copy has not; tables of which the copy has no row though they hold some.
  std::vector<std::string> left_out, without_row;
  std::vector<StatementReport> statements;  // in their order
};

// One JSON object on one line, without the statements' texts. Valid UTF-8 whatever they hold.
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace portcullis::shadow
