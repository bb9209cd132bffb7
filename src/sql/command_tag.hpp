// The words that PostgreSQL answers a statement with.
#pragma once

#include <string>

#include "sql/node.hpp"

namespace portcullis::sql {

// The command tag without counts: "SELECT", "ALTER TABLE" (PostgreSQL's cmdtaglist.h). Empty for a node that
// is no statement.
[[nodiscard]] std::string command_tag(const Node& statement);

}  // namespace portcullis::sql
