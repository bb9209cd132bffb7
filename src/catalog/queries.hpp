// What is asked of a server to make a snapshot: reads of pg_catalog only, every relation's name qualified,
// nothing that locks more than pg_catalog itself. Any role may read all of it. All are to run in one
// REPEATABLE READ, READ ONLY transaction, so that they see one moment, under these settings:
// - search_path = pg_catalog, pg_temp: functions and operators are PostgreSQL's own, types' names
// unambiguous;
// - standard_conforming_strings = on: the patterns hold backslashes;
// - jit = off: compiling would take longer than running.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::catalog {

struct Query {
  std::string_view name;     // of its rows in a dump: "relations"
  std::string_view columns;  // names separated by blanks, for readers of a dump
  std::string sql;
};

// The lowest and the first server_version_num that is not read: 130000 and 190000.
inline constexpr int kOldestServer = 130000;
inline constexpr int kNewerServer = 190000;
// 0A000 for any that is not read.
[[nodiscard]] base::Result<void> check_server_version(int server_version);

// In the order in which their rows must be given to a SnapshotBuilder, text format. Empty for a version that
// is not read. Temporary objects of all sessions are among the rows.
[[nodiscard]] std::span<const Query> queries(int server_version);
// One row of one column: what Snapshot::fingerprint() holds. Temporary objects do not count. It takes
// milliseconds for hundreds of relations and about 0.1 s for ten thousand: who polls it waits a multiple of
// what the last one took.
[[nodiscard]] std::string_view fingerprint_query(int server_version);

}  // namespace portcullis::catalog
