// The fingerprint: for each catalog that a snapshot is made from, the sum of a hash over its rows' keys and
// xmin, the transaction that wrote the row. It needs neither the rows' content nor an order.
//
// Who may look into a schema, and who belongs to whom, is not in a snapshot; but where names are looked up
// hangs on it, and sessions ask for that anew with each new snapshot.
//
// Left out is what changes without changing a snapshot: temporary objects, TOAST tables, and of pg_class all
// but the columns that are read, because TRUNCATE, VACUUM FULL, REINDEX and REFRESH write its rows anew. What
// never changes without one of the catalogs below is left out too: pg_index (a row is made and dropped with
// its pg_class row), pg_aggregate and pg_range (with pg_proc and pg_type), which column owns a sequence (with
// pg_sequence), and of pg_depend all but what extensions have: what an object needs is written with its row.
#include <string>

#include "catalog/queries.hpp"

namespace portcullis::catalog {

namespace {

// Relations and schemas that are neither temporary nor for TOAST.
constexpr const char* kLasting = R"(
WITH schema AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_(temp_|toast)'),
relation AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.relname, c.relnamespace, c.relrowsecurity, c.reltype,
         c.reloftype
  FROM pg_catalog.pg_class c JOIN schema s ON s.oid = c.relnamespace
  WHERE c.oid >= 16384))";

struct Part {
  const char* catalog;
  const char* key;   // of a row `x`, as a bigint
  const char* from;  // what x is joined with and restricted by
};
constexpr Part kParts[] = {
    {"pg_attribute", "x.attrelid::bigint << 16 | x.attnum",
     "JOIN relation r ON r.oid = x.attrelid WHERE x.attnum > 0 AND r.relkind NOT IN ('i', 'I')"},
    {"pg_attrdef", "x.oid", "JOIN relation r ON r.oid = x.adrelid"},
    {"pg_trigger", "x.oid", "JOIN relation r ON r.oid = x.tgrelid"},
    {"pg_policy", "x.oid", "JOIN relation r ON r.oid = x.polrelid"},
    {"pg_rewrite", "x.oid", "JOIN relation r ON r.oid = x.ev_class"},
    {"pg_inherits", "x.inhrelid::bigint << 32 | x.inhparent::bigint",
     "JOIN relation r ON r.oid = x.inhrelid"},
    {"pg_partitioned_table", "x.partrelid", "JOIN relation r ON r.oid = x.partrelid"},
    {"pg_sequence", "x.seqrelid", "JOIN relation r ON r.oid = x.seqrelid"},
    {"pg_statistic_ext", "x.oid", "JOIN relation r ON r.oid = x.stxrelid"},
    {"pg_constraint", "x.oid", "JOIN schema s ON s.oid = x.connamespace WHERE x.oid >= 16384"},
    {"pg_type", "x.oid", "JOIN schema s ON s.oid = x.typnamespace WHERE x.oid >= 16384"},
    {"pg_proc", "x.oid", "JOIN schema s ON s.oid = x.pronamespace WHERE x.oid >= 16384"},
    {"pg_operator", "x.oid", "JOIN schema s ON s.oid = x.oprnamespace WHERE x.oid >= 16384"},
    {"pg_opclass", "x.oid", "JOIN schema s ON s.oid = x.opcnamespace WHERE x.oid >= 16384"},
    {"pg_amop", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_amproc", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_cast", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_language", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_extension", "x.oid", ""},
    {"pg_auth_members", "x.roleid::bigint << 32 | x.member::bigint", ""},
    {"pg_event_trigger", "x.oid", ""},
    {"pg_depend",
     "x.classid::bigint << 32 | x.objid::bigint",  // the members of extensions, and what goes with one
     "WHERE x.refclassid = 'pg_catalog.pg_extension'::regclass AND x.deptype IN ('e', 'x')"},
    // Of these only names and what they need.
    {"pg_opfamily", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_collation", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_conversion", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_transform", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_am", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_foreign_data_wrapper", "x.oid", ""},
    {"pg_foreign_server", "x.oid", ""},
    {"pg_default_acl", "x.oid", ""},
    {"pg_publication", "x.oid", ""},
    {"pg_publication_rel", "x.oid", ""},
    {"pg_ts_config", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_ts_dict", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_ts_parser", "x.oid", "WHERE x.oid >= 16384"},
    {"pg_ts_template", "x.oid", "WHERE x.oid >= 16384"},
};
constexpr Part kSince15[] = {{"pg_publication_namespace", "x.oid", ""}};

std::string sum_of(const Part& part) {
  return std::string(",\n  (SELECT sum(hashtextextended(x.xmin::text, (") + part.key +
         ")::bigint)) FROM pg_catalog." + part.catalog + " x " + part.from + ")";
}

std::string make_query(bool since_15) {
  std::string sql = kLasting;
  sql += R"(
SELECT md5(concat_ws(' ', current_setting('server_version_num'), current_database(),
  (SELECT sum(hashtextextended(concat_ws(' ', s.nspname, s.nspowner, s.nspacl), s.oid::bigint)) FROM schema s),
  (SELECT sum(hashtextextended(concat_ws(' ', r.relkind, r.relnamespace, r.relrowsecurity, r.reltype, r.reloftype,
                               r.relname),
                               r.oid::bigint)) FROM relation r))";
  for (const Part& part : kParts) sql += sum_of(part);
  if (since_15) {
    for (const Part& part : kSince15) sql += sum_of(part);
  }
  return sql + "))";
}

}  // namespace

std::string_view fingerprint_query(int server_version) {
  static const std::string before_15 = make_query(false), since_15 = make_query(true);
  return server_version < 150000 ? before_15 : since_15;
}

}  // namespace portcullis::catalog
