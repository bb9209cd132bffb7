// The queries in their order, and those that read what stands in columns. What stands in stored code is read
// by queries_stored_code.cpp, and what needs what by queries_dependencies.cpp.
#include "catalog/queries.hpp"

#include <array>
#include <utility>
#include <vector>

#include "catalog/queries_dependencies.hpp"
#include "catalog/queries_stored_code.hpp"

namespace portcullis::catalog {

namespace {

// Not TOAST tables and their indexes, which no statement names, and not the indexes of catalogs.
constexpr std::string_view kRelations = R"(
SELECT c.oid, c.relnamespace, c.relname, c.relkind, c.relpersistence = 't', c.relrowsecurity,
       coalesce(i.indrelid, s.refobjid, 0)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_depend s ON c.relkind = 'S' AND s.classid = 'pg_catalog.pg_class'::regclass AND s.objid = c.oid
     AND s.objsubid = 0 AND s.refclassid = 'pg_catalog.pg_class'::regclass AND s.refobjsubid > 0
     AND s.deptype IN ('a', 'i')
WHERE c.relkind <> 't' AND n.nspname !~ '^pg_toast' AND (c.relkind NOT IN ('i', 'I') OR c.oid >= 16384)
ORDER BY c.oid)";

constexpr std::string_view kColumns = R"(
SELECT a.attrelid, a.attnum, a.attname, a.atttypid
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'c', 'S')
ORDER BY a.attrelid, a.attnum)";

constexpr std::string_view kForeignKeys = R"(
SELECT k.conname, k.conrelid, k.confrelid, k.conkey, k.confkey, k.confupdtype, k.confdeltype
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'f'
ORDER BY k.oid)";

// Selectivity estimators run while a statement that has the operator is planned: they are rows of it too.
constexpr std::string_view kOperators = R"(
SELECT o.oprnamespace, o.oprname, o.oprleft, o.oprright, f.function
FROM pg_catalog.pg_operator o
CROSS JOIN LATERAL (SELECT o.oprcode::oid UNION SELECT estimator
                    FROM unnest(ARRAY[o.oprrest, o.oprjoin]::oid[]) estimator
                    WHERE estimator >= 16384) f (function)
WHERE o.oid >= 16384 AND f.function <> 0
ORDER BY o.oid, f.function)";

// The hash covers all that decides what a call does, and for an aggregate also the functions that it is made
// of.
std::string functions_sql(bool has_sql_body) {
  const std::string sql_body = has_sql_body ? "p.prosqlbody::text" : "NULL";
  return R"(
SELECT p.oid, p.pronamespace, p.proname, oidvectortypes(p.proargtypes),
       '{' || array_to_string(p.proargtypes::oid[], ',') || '}', p.pronargdefaults, p.provariadic <> 0,
       p.prorettype, p.prokind, l.lanname, p.provolatile,
       p.prosecdef,
       md5(jsonb_build_array(l.lanname, p.prosrc, p.probin, )" +
         sql_body + R"(, p.proconfig, p.prosecdef, CASE WHEN p.prosecdef THEN p.proowner END, p.prokind,
                             p.proisstrict, p.proretset, p.proallargtypes::oid[], p.proargtypes::oid[], p.proargmodes,
                             p.proargnames, p.proargdefaults::text, p.prorettype, p.prosupport::oid, made_of.hash)::text),
       coalesce(e.extname, '')
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
     AND d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::regclass
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
LEFT JOIN LATERAL (
  SELECT md5(string_agg(concat_ws(' ', part.function, f.prosrc, f.probin, f.proconfig), ',' ORDER BY part.place)
             || a.agginitval || a.aggminitval) AS hash
  FROM pg_catalog.pg_aggregate a
  CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                  a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[])
             WITH ORDINALITY part (function, place)
  JOIN pg_catalog.pg_proc f ON f.oid = part.function
  WHERE a.aggfnoid = p.oid
  GROUP BY a.agginitval, a.aggminitval) made_of ON p.prokind = 'a'
WHERE p.oid >= 16384
ORDER BY p.oid)";
}

// Not those from a range to its multirange: PostgreSQL makes their functions, of its own code, with the type,
// and they lose that mark when somebody replaces them.
constexpr std::string_view kCasts = R"(
SELECT c.castsource, c.casttarget, c.castfunc
FROM pg_catalog.pg_cast c
JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE c.castfunc >= 16384
  AND NOT (l.lanname = 'internal'
           AND EXISTS (SELECT FROM pg_catalog.pg_depend d
                       WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = c.castfunc
                         AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'i'))
ORDER BY c.oid)";

constexpr std::string_view kEventTriggers = R"(
SELECT t.evtname, t.evtevent, coalesce(array_to_string(t.evttags, ','), ''), t.evtfoid
FROM pg_catalog.pg_event_trigger t
WHERE t.evtenabled <> 'D'
ORDER BY t.evtname)";

std::vector<Query> queries_of(int major) {
  const int version = major * 10000;
  std::vector<Query> queries;
  queries.push_back({"server", "version database fingerprint",
                     "SELECT current_setting('server_version_num'), current_database(), (" +
                         std::string(fingerprint_query(version)) + ")"});
  queries.push_back(
      {"schemas", "oid name", "SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n ORDER BY n.oid"});
  queries.push_back(
      {"relations", "oid schema name kind temporary row_security table", std::string(kRelations)});
  queries.push_back({"columns", "relation number name type", std::string(kColumns)});
  queries.push_back(
      {"inheritance", "child parent",
       "SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i ORDER BY i.inhrelid, i.inhseqno"});
  queries.push_back({"foreign_keys", "name child parent child_columns parent_columns on_update on_delete",
                     std::string(kForeignKeys)});
  queries.push_back(
      {"attached", "relation kind name events instead functions types accesses", attached_sql(major)});
  queries.push_back({"types", "oid schema name kind relation parts functions extension", types_sql(major)});
  queries.push_back(
      {"functions",
       "oid schema name arguments argument_types defaults variadic result kind language volatility "
       "security_definer body_hash extension",
       functions_sql(major >= 14)});
  queries.push_back({"builtin_functions", "oid name",
                     "SELECT p.oid, p.proname FROM pg_catalog.pg_proc p WHERE p.oid < 16384 ORDER BY p.oid"});
  queries.push_back({"operators", "schema name left right function", std::string(kOperators)});
  queries.push_back({"casts", "source target function", std::string(kCasts)});
  queries.push_back({"event_triggers", "name event tags function", std::string(kEventTriggers)});
  queries.push_back({"objects", "catalog oid kind of schema name", objects_sql(major)});
  queries.push_back({"dependencies", "catalog oid part on_catalog on_oid on_part kind", dependencies_sql()});
  return queries;
}

constexpr int kOldestMajor = kOldestServer / 10000;
constexpr int kMajors = kNewerServer / 10000 - kOldestMajor;

}  // namespace

base::Result<void> check_server_version(int server_version) {
  if (server_version >= kOldestServer && server_version < kNewerServer) return {};
  return base::Error{base::sqlstate::feature_not_supported, "the database's version number is " +
                                                                std::to_string(server_version) +
                                                                ": the gate works with PostgreSQL 13 to 18"};
}

std::span<const Query> queries(int server_version) {
  static const auto all = [] {
    std::array<std::vector<Query>, kMajors> made;
    for (int i = 0; i < kMajors; ++i) made[static_cast<std::size_t>(i)] = queries_of(kOldestMajor + i);
    return made;
  }();
  if (!check_server_version(server_version)) return {};
  return all[static_cast<std::size_t>(server_version / 10000 - kOldestMajor)];
}

}  // namespace portcullis::catalog
