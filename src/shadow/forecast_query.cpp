#include <algorithm>

#include "shadow/forecast.hpp"
#include "shadow/forecast_parts.hpp"
#include "shadow/quote.hpp"

namespace portcullis::shadow {
namespace {

constexpr std::string_view kNobody =
    "WITH asked(i, nsp, rel, bars) AS (VALUES (-1, ''::text, ''::text, '{}'::text[])";

// relpages, an unsigned number, and reltuples are as of the last VACUUM or ANALYZE; the living rows are as of
// the last transactions. What nobody has looked at has -1 rows, before PostgreSQL 14 none on no pages.
// ANALYZE does not look at the table of long values: their living pieces, four on a page, say more.
constexpr std::string_view kFound = R"(),
found AS MATERIALIZED (
  SELECT a.i, a.bars, c.oid, c.relkind, b.oid AS of_table, c.relpages::int8 & 4294967295 AS pages,
         CASE WHEN b.reltuples < 0 OR b.relpages = 0 AND b.reltuples = 0
                   AND current_setting('server_version_num')::int4 < 140000 THEN NULL ELSE b.reltuples::int8 END AS rows,
         pg_stat_get_live_tuples(b.oid) AS living,
         coalesce((SELECT greatest(t.relpages::int8 & 4294967295, pg_stat_get_live_tuples(t.oid) / 4)
                     FROM pg_class t WHERE t.oid = c.reltoastrelid), 0) AS long_pages,
         coalesce((SELECT sum(o.relpages::int8 & 4294967295) FROM pg_index y JOIN pg_class o ON o.oid = y.indexrelid
                    WHERE y.indrelid = c.oid), 0) AS index_pages
    FROM asked a JOIN pg_namespace n ON n.nspname = a.nsp JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.rel
         LEFT JOIN pg_index x ON x.indexrelid = c.oid JOIN pg_class b ON b.oid = coalesce(x.indrelid, c.oid)),
)";

// A prepared transaction holds locks without a process; the lock on its own number says which it is. A
// parallel worker's locks are its leader's too. SIReadLock bars nothing.
constexpr std::string_view kHeld = R"(locks AS MATERIALIZED (SELECT * FROM pg_locks),
prepared AS (
  SELECT l.virtualtransaction AS holder, p.owner, p.gid, p.prepared
    FROM locks l JOIN pg_prepared_xacts p ON p.transaction = l.transactionid WHERE l.locktype = 'transactionid' AND l.pid IS NULL),
held AS MATERIALIZED (
  SELECT l.relation, l.mode, l.granted, l.pid, l.virtualtransaction AS holder, coalesce(s.usename, p.owner) AS usr, s.state,
         s.backend_type, p.gid, extract(epoch FROM clock_timestamp() - coalesce(s.xact_start, p.prepared)) AS age,
         coalesce(s.query LIKE 'autovacuum:%(to prevent wraparound)', false) AS saves
    FROM locks l LEFT JOIN pg_stat_activity s ON s.pid = l.pid
         LEFT JOIN prepared p ON l.pid IS NULL AND p.holder = l.virtualtransaction
   WHERE l.locktype = 'relation' AND l.mode <> 'SIReadLock' AND l.relation IN (SELECT oid FROM found)
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND s.backend_type IS DISTINCT FROM 'parallel worker' AND coalesce(l.pid, -1) NOT IN (pg_backend_pid(), )";

constexpr std::string_view kTold = R"()),
crowd AS (
  SELECT f.i, count(DISTINCT h.holder) AS sessions, count(DISTINCT h.holder) FILTER (WHERE h.mode = ANY (f.bars)) AS barring
    FROM found f JOIN held h ON h.relation = f.oid GROUP BY f.i),
told AS (
  SELECT DISTINCT ON (f.i, h.holder) f.i, h.*
    FROM found f JOIN held h ON h.relation = f.oid AND h.mode = ANY (f.bars)
   ORDER BY f.i, h.holder, h.granted DESC, array_position('{)";

constexpr std::string_view kRanked = R"(}'::text[], h.mode) DESC),
ranked AS (SELECT *, row_number() OVER (PARTITION BY i ORDER BY granted DESC, age DESC NULLS LAST, holder) AS place FROM told)
SELECT f.i, f.relkind, f.of_table, f.pages, f.long_pages, f.index_pages, f.rows, f.living, current_setting('block_size'),
       coalesce(c.sessions, 0), coalesce(c.barring, 0), r.place, r.pid, r.usr, r.state, r.backend_type, r.gid, r.mode,
       r.granted, CASE WHEN r.age < 0 THEN 0 ELSE (r.age * 1000)::int8 END, r.saves
  FROM found f LEFT JOIN crowd c ON c.i = f.i LEFT JOIN ranked r ON r.i = f.i AND r.place <= )";

// "AccessShareLock,RowShareLock": those that bar one of `locks`.
std::string modes_against(LockSet locks) {
  std::string list;
  for (const LockMode mode : sql::kLockModes) {
    if (!locks.conflicts_with(mode)) continue;
    if (!list.empty()) list += ',';
    list += name_in_view(mode);
  }
  return list;
}

std::string all_modes() {
  LockSet strongest;
  strongest.add(LockMode::access_exclusive);
  return modes_against(strongest);
}

}  // namespace

std::string forecast_query(const RunFacts& facts, std::int32_t own_pid) {
  std::string sql(kNobody);
  const std::size_t count = std::min(facts.relations.size(), kMostForecastRelations);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& relation = facts.relations[i];
    if (!is_forecast(relation)) continue;
    sql.append(", (").append(std::to_string(i)).append(", ").append(literal(relation.schema)).append(", ");
    sql.append(literal(relation.name)).append(", '{").append(modes_against(relation.locks)).append("}')");
  }
  sql.append(kFound).append(kHeld).append(std::to_string(own_pid)).append(kTold).append(all_modes());
  return sql.append(kRanked).append(std::to_string(kMostHolders)).append(" ORDER BY f.i, r.place");
}

}  // namespace portcullis::shadow
