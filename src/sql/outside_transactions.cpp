// PreventInTransactionBlock() in PostgreSQL 13 to 18, by what the parse tree shows of it.
#include "sql/outside_transactions.hpp"

#include <algorithm>
#include <array>

#include "base/holds.hpp"
#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

using enum OutsideTransactions;

constexpr auto kAlways = std::to_array<std::string_view>(
    {"AlterSystemStmt", "CreateTableSpaceStmt", "CreatedbStmt", "DropTableSpaceStmt", "DropdbStmt"});
// By their options and by what a subscription has.
constexpr auto kPerhaps = std::to_array<std::string_view>(
    {"AlterDatabaseStmt", "AlterSubscriptionStmt", "CreateSubscriptionStmt", "DropSubscriptionStmt"});

OutsideTransactions always_if(bool condition) {
  return condition ? always : never;
}

OutsideTransactions of_reindex(const Node& node) {
  const auto kind = node.text("kind");
  const bool is_single = kind == "REINDEX_OBJECT_INDEX" || kind == "REINDEX_OBJECT_TABLE";
  return has_option(node, "params", "concurrently") || !is_single ? always : perhaps;
}

bool detaches_concurrently(const Node& alter_table) {
  const auto commands = alter_table.list("cmds");
  return std::any_of(commands.begin(), commands.end(), [](const Node& command) {
    const auto partition = command.child("def");
    return partition && partition->is("PartitionCmd") && partition->flag("concurrent");
  });
}

bool ends_prepared(const Node& transaction) {
  const auto kind = transaction.text("kind");
  return kind == "TRANS_STMT_COMMIT_PREPARED" || kind == "TRANS_STMT_ROLLBACK_PREPARED";
}

}  // namespace

OutsideTransactions outside_transactions(const Node& statement) {
  if (base::holds(kAlways, statement.type())) return always;
  if (base::holds(kPerhaps, statement.type())) return perhaps;
  if (statement.is("IndexStmt") || statement.is("DropStmt")) return always_if(statement.flag("concurrent"));
  if (statement.is("VacuumStmt")) return always_if(statement.flag("is_vacuumcmd"));
  if (statement.is("ReindexStmt")) return of_reindex(statement);
  if (statement.is("ClusterStmt")) return statement.has("relation") ? perhaps : always;
  if (statement.is("AlterTableStmt")) return always_if(detaches_concurrently(statement));
  if (statement.is("DiscardStmt")) return always_if(statement.text("target") == "DISCARD_ALL");
  if (statement.is("TransactionStmt")) return always_if(ends_prepared(statement));
  return never;
}

}  // namespace portcullis::sql
