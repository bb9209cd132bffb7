// Asks production for what a copy without its rows cannot know: see shadow/probes.hpp. As the agent's own
// role, read only, one transaction each, with no lock but ACCESS SHARE.
//
// Blocks for at most `most_time` and what a login takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/upstream_address.hpp"
#include "shadow/probes.hpp"
#include "shadow/row_count.hpp"

namespace portcullis::net {

struct ProbeOptions {
  UpstreamAddress production;
  ServerLogin login;      // the agent's role
  std::string time_zone;  // of its session, which decides what some casts mean; empty: the role's own
  std::chrono::milliseconds statement_timeout{1'000}, lock_timeout{100};
  std::uint64_t most_pages = 1'000'000;         // larger tables are not read
  std::chrono::milliseconds most_time{10'000};  // for all of them
};

// Fills in `answer`, `why` and `took`. Whatever stands in the way of an answer makes it `unknown`: a timeout,
// a lock, a table that is too large, rows that the role may not see.
void answer(const ProbeOptions& options, std::vector<shadow::Probe>& probes);

struct RowAsk {
  const shadow::RowQuestion& question;
  const std::vector<std::pair<std::string, std::string>>& settings;  // of the session, by name
  shadow::Parameters parameters;
  std::string transaction;  // number of the session's own; empty: that has changed nothing
};
// How many rows a statement would change, under the session's own settings. `unknown` as above, and where the
// session's own transaction has written to one of the tables, which nobody else sees. Large tables are read
// for as long as there is time: most of these questions have an index.
[[nodiscard]] shadow::RowCount count_rows(const ProbeOptions& options, const RowAsk& ask);

}  // namespace portcullis::net
