// What to look for in a log, as it stands on the command line, and as the reader takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/read.hpp"

namespace portcullis::app {

// Empty: any.
struct FilterOptions {
  std::string agent{}, owner{}, login{};
  std::string table{};   // "app.orders", "app.*"
  std::string column{};  // "app.customers.email"
  std::string action{}, verdict{}, rule{}, kind{}, sqlstate{}, type{}, trace{};
  std::string since{}, until{};  // as parse_moment() takes them
  std::string record{};          // "4711" or "4711-4800"
  std::optional<std::uint64_t> session{};
  std::optional<std::uint64_t> as_of{};  // as if the log ended with this entry
  bool direct = false;
  bool every = false;  // times in the log are not trusted
};

// 22023 for what cannot be looked for, with what to give instead. `now` is in microseconds since 1970.
[[nodiscard]] base::Result<audit::ReadOptions> to_read_options(const FilterOptions& options,
                                                               std::int64_t now);
// The same, by this machine's clock.
[[nodiscard]] base::Result<audit::ReadOptions> to_read_options(const FilterOptions& options);

// The one canonical JSON (RFC 8785) of a question: `command`, `as_of` and what is set of the filter, times in
// UTC. Who asks it again of the same log gets the same answer.
[[nodiscard]] std::string canonical_query(const std::string& command, const audit::ReadOptions& options,
                                          std::uint64_t as_of);
// Back again, with the command in `command`. 22023 for anything but what canonical_query() writes.
[[nodiscard]] base::Result<audit::ReadOptions> read_query(const std::string& text, std::string& command);

}  // namespace portcullis::app
