// What the parts are measured with: statements, a database and the policy of policies/data-repair.json.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "guard/guard.hpp"

namespace portcullis::bench {

// Three tables joined, grouped and ordered; nine digits in it, so that with_number() can make texts that were
// never seen.
inline constexpr std::string_view kJoin =
    "SELECT c.name, o.id, sum(i.quantity * i.price) AS total FROM app.customers c "
    "JOIN app.orders o ON o.customer_id = c.id JOIN app.order_items i ON i.order_id = o.id "
    "WHERE o.placed_at > now() - interval '30 days' AND c.country = 'NL' AND o.id > 100000000 "
    "GROUP BY c.name, o.id HAVING sum(i.quantity) > 3 ORDER BY total DESC LIMIT 20";
inline constexpr std::string_view kSelect = "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;";
inline constexpr std::string_view kAgent = "repair-bot";

// Writes the number, of nine digits, over the one in a copy of kJoin.
void with_number(std::string& join, std::uint64_t number);

// What MCP servers send to a database: tests/data/mcp-servers-sql.jsonl. Throws when that cannot be read.
[[nodiscard]] const std::vector<std::string>& mcp_texts();

// The shop's tables, a view on them, foreign keys with cascades, a trigger; with tables in other schemas,
// each with three columns and a foreign key, up to so many relations. Made once for each number.
[[nodiscard]] std::shared_ptr<const catalog::Snapshot> shop(std::int64_t relations);
[[nodiscard]] const catalog::NameSpace& shop_names();

// By policies/data-repair.json, bound to the catalog.
[[nodiscard]] std::shared_ptr<const guard::Guard> shop_guard(const catalog::Snapshot& snapshot);

}  // namespace portcullis::bench
