// At the start: whether a log whose first entries are gone may be so. The verifier's rules say what an order
// is; docs/audit-sealing.md, "Pruning".
#pragma once

#include <string_view>
#include <vector>

#include "audit/order_rules.hpp"
#include "audit/storage.hpp"

namespace portcullis::audit {

// The newest entry `prune` below `size` that holds by the newest configuration before it; nothing where there
// is none. `segments` are the first indexes, ascending, at least one; `name` is the log's. Reads from the
// newest segment back until it finds one, and of each other segment the first entry. 58030 when a file cannot
// be read.
[[nodiscard]] base::Result<std::optional<OrderRules::Prune>> newest_prune(
    Storage& storage, const std::vector<std::uint64_t>& segments, std::uint64_t size, std::string_view name);

}  // namespace portcullis::audit
