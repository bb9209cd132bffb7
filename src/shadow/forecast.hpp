// What a statement would meet in production if it ran now: who is in its way, whom it would keep waiting, and
// about how long it would take. What it locks, reads and writes is known from its run in the shadow; sizes
// and locks are read from production's catalog and its views of activity. No table is opened, nothing waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/duration_class.hpp"
#include "portcullis/base/result.hpp"
#include "shadow/measurement.hpp"
#include "shadow/run_facts.hpp"
#include "shadow/work.hpp"

namespace portcullis::shadow {

// What production is asked and told of; of a statement that locks more, the rest stays unknown.
inline constexpr std::size_t kMostForecastRelations = 1'000;
inline constexpr std::size_t kMostHolders = 20;  // of one relation

// One session in the way: it holds, or awaits in front of the statement, a lock that bars one of the
// statement's. What is nothing the login may not see, or the session was gone by then.
struct LockHolder {
  std::int32_t pid = 0;  // 0: a prepared transaction, which no session holds any more
  std::optional<std::string> user;
  std::optional<std::string> state;  // "idle in transaction"
  std::optional<std::string> type;   // "client backend", "autovacuum worker"
  std::string prepared;              // the prepared transaction's name
  LockMode mode = LockMode::access_share;
  bool is_granted = true;                        // else it awaits the lock
  std::optional<std::chrono::milliseconds> age;  // of its transaction
  // Autovacuum gives way after deadlock_timeout, but not when it saves the database from wraparound.
  bool prevents_wraparound = false;
};

// Statements that wait while a lock is held.
enum class Barred : std::uint8_t { nothing, schema_changes, writers, everybody };
[[nodiscard]] Barred barred_by(LockSet locks) noexcept;
[[nodiscard]] std::string_view name(Barred barred) noexcept;  // "schema changes"

struct RelationForecast {
  std::string schema, name;
  char kind = 'r';  // pg_class.relkind
  LockSet locks;    // that the statement would take
  Barred barred = Barred::nothing;
  bool is_read = false, is_written = false;  // whole

  bool is_found = false;               // else nothing below is known
  Oid table = 0;                       // itself; of an index its table
  std::optional<std::uint64_t> rows;   // of the table
  std::optional<std::uint64_t> bytes;  // with its long values, without its indexes
  std::optional<std::uint64_t> index_bytes;
  std::uint64_t sessions = 0;       // that hold or await any lock on it
  std::uint64_t in_the_way = 0;     // of those, in the way of the statement
  std::vector<LockHolder> holders;  // of these, who holds before who awaits, the oldest first
};

struct Forecast {
  std::vector<RelationForecast> relations;  // that exist already, in the order of the facts
  // How long the statement would take, and hold its locks at least, once it has them. An estimate.
  std::optional<base::DurationClass> duration;
  std::string basis;  // "reads 149 MiB", or why nobody knows
};

// One query for one result, to production by the gate's own login. The caller has set search_path =
// pg_catalog and a time-out. `own_pid` is the session that the statement would run in, which is never in its
// own way; 0: none. PostgreSQL 13 to 18.
[[nodiscard]] std::string forecast_query(const RunFacts& facts, std::int32_t own_pid = 0);
// Its rows. 08P01 when they are not what it asks for.
[[nodiscard]] base::Result<Forecast> read_forecast(const std::vector<Row>& rows, const RunFacts& facts);

// Fields: docs/dry-run.md.
[[nodiscard]] std::string to_json(const Forecast& forecast, int indent = -1);
// Sentences for a person. Names are as others chose them: who prints them makes them safe for a terminal.
[[nodiscard]] std::vector<std::string> in_words(const Forecast& forecast);

}  // namespace portcullis::shadow
