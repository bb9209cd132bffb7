#include "shadow/structure_query.hpp"

namespace portcullis::shadow {

// Sums of hashes, so that no order is needed. What TRUNCATE and VACUUM change in pg_class is left out.
std::string_view structure_query() noexcept {
  return R"(
WITH schema AS MATERIALIZED (
  SELECT oid, nspowner, nspacl FROM pg_namespace WHERE nspname !~ '^pg_(temp_|toast)'),
part(name, hash) AS (
  SELECT 'class', sum(hashtextextended(concat_ws('|', c.oid, c.relname, c.relowner, c.relacl, c.reloptions, c.relreplident,
                      c.relpersistence, c.relam, c.relispartition, c.relforcerowsecurity), 0))
    FROM pg_class c JOIN schema s ON s.oid = c.relnamespace WHERE c.oid >= 16384
  UNION ALL
  SELECT 'index', sum(hashtextextended(concat_ws('|', i.indexrelid, i.xmin), 0)) FROM pg_index i WHERE i.indexrelid >= 16384
     AND EXISTS (SELECT FROM pg_class c JOIN schema s ON s.oid = c.relnamespace WHERE c.oid = i.indexrelid)
  UNION ALL
  SELECT 'schema', sum(hashtextextended(concat_ws('|', oid, nspowner, nspacl), 0)) FROM schema
  UNION ALL
  SELECT 'enum', sum(hashtextextended(concat_ws('|', oid, xmin), 0)) FROM pg_enum
  UNION ALL
  SELECT 'role', sum(hashtextextended(concat_ws('|', oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb,
                      rolbypassrls), 0)) FROM pg_roles
  UNION ALL
  SELECT 'setting', sum(hashtextextended(concat_ws('|', setdatabase, setrole, setconfig), 0)) FROM pg_db_role_setting
  UNION ALL
  SELECT 'database', hashtextextended(concat_ws('|', oid, datdba, datacl), 0) FROM pg_database
   WHERE datname = current_database())
SELECT md5(string_agg(concat_ws(':', name, hash), ';' ORDER BY name)) FROM part)";
}

}  // namespace portcullis::shadow
