// What pgbench and its server say to each other, as bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::bench {

// A transaction of `pgbench -S`.
enum class Traffic {
  simple,      // Query, each with another number
  first_seen,  // Query, each with a name in it that was never sent
  extended,    // Parse of the unnamed statement, Bind, Describe, Execute, Sync
  prepared,    // Bind of a statement that was prepared before, Describe, Execute, Sync
};

// By the names that the enumerators have, with "-" for "_".
[[nodiscard]] std::optional<Traffic> traffic_of(std::string_view name);

struct Exchange {
  std::string client, server;
};

// What comes before the first transaction.
[[nodiscard]] Exchange preparation();
// The same count gives the same bytes. Numbers of accounts have five digits.
[[nodiscard]] std::vector<Exchange> transactions(Traffic traffic, std::size_t count);

}  // namespace portcullis::bench
