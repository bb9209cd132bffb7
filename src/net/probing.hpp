// Asks production for what a copy without its rows cannot know: see shadow/probes.hpp. As the agent's own
// role, read only, one transaction each, with no lock but ACCESS SHARE.
//
// Blocks for at most `most_time` and what a login takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "net/upstream_address.hpp"
#include "shadow/probes.hpp"

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

}  // namespace portcullis::net
