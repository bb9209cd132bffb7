// Which statements PostgreSQL refuses within a transaction block.
#pragma once

#include "sql/node.hpp"

namespace portcullis::sql {

[[nodiscard]] OutsideTransactions outside_transactions(const Node& statement);

}  // namespace portcullis::sql
