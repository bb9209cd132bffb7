// Reads the rows of production that an UPDATE or DELETE would change: see shadow/target_rows.hpp. As the
// agent's own role, in one read-only transaction of one snapshot, with no lock but ACCESS SHARE.
//
// Blocks for at most `most_time` of the options and what a login takes. Errors say why the rows are not
// known, and quote none.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "net/probing.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::net {

struct TargetAsk {
  const shadow::TargetQuestion& question;
  const std::vector<std::pair<std::string, std::string>>& settings;  // of the session, by name
  shadow::Parameters parameters;
};
[[nodiscard]] base::Result<shadow::TargetRows> read_targets(const ProbeOptions& options,
                                                            const TargetAsk& ask);

// Those rows of the parent that the keys refer to.
[[nodiscard]] base::Result<shadow::TableRows> read_parents(const ProbeOptions& options,
                                                           const shadow::TargetReference& reference,
                                                           const std::vector<shadow::Row>& keys);

}  // namespace portcullis::net
