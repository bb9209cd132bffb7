// Triggers that keep a constraint, and TOAST tables, are in neither: nobody can name them, and nothing needs
// them but their like.
#include "catalog/queries_dependencies.hpp"

namespace portcullis::catalog {

namespace {

// A constraint trigger has a row in pg_constraint too, of type t.
constexpr const char* kParts = R"(
SELECT 'pg_catalog.pg_attrdef'::regclass::oid AS class, d.oid AS oid, 'd' AS kind, d.adrelid AS of, 0::oid AS schema,
       a.attname::text AS name
FROM pg_catalog.pg_attrdef d
JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.oid >= 16384
UNION ALL
SELECT 'pg_catalog.pg_constraint'::regclass, k.oid,
       CASE WHEN k.contypid <> 0 THEN 'k' WHEN k.contype = 't' THEN 't' ELSE 'c' END,
       CASE WHEN k.contypid <> 0 THEN k.contypid ELSE k.conrelid END, 0, k.conname
FROM pg_catalog.pg_constraint k
WHERE k.oid >= 16384
UNION ALL
SELECT 'pg_catalog.pg_trigger'::regclass, t.oid, 't', t.tgrelid, 0, t.tgname
FROM pg_catalog.pg_trigger t
LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
WHERE t.oid >= 16384 AND coalesce(k.contype, 't') = 't'
UNION ALL
SELECT 'pg_catalog.pg_rewrite'::regclass, r.oid, 'r', r.ev_class, 0, r.rulename
FROM pg_catalog.pg_rewrite r
WHERE r.oid >= 16384
UNION ALL
SELECT 'pg_catalog.pg_policy'::regclass, p.oid, 'p', p.polrelid, 0, p.polname
FROM pg_catalog.pg_policy p
UNION ALL
SELECT 'pg_catalog.pg_statistic_ext'::regclass, s.oid, 's', s.stxrelid, s.stxnamespace, s.stxname
FROM pg_catalog.pg_statistic_ext s
UNION ALL
SELECT 'pg_catalog.pg_publication_rel'::regclass, m.oid, 'b', m.prrelid, 0, p.pubname
FROM pg_catalog.pg_publication_rel m JOIN pg_catalog.pg_publication p ON p.oid = m.prpubid
UNION ALL
SELECT 'pg_catalog.pg_operator'::regclass, o.oid, 'o', 0, o.oprnamespace, o.oprname
FROM pg_catalog.pg_operator o
WHERE o.oid >= 16384
UNION ALL
SELECT 'pg_catalog.pg_opclass'::regclass, c.oid, 'q', 0, c.opcnamespace, c.opcname
FROM pg_catalog.pg_opclass c
WHERE c.oid >= 16384
UNION ALL
SELECT 'pg_catalog.pg_opfamily'::regclass, f.oid, 'f', 0, f.opfnamespace, f.opfname
FROM pg_catalog.pg_opfamily f
WHERE f.oid >= 16384
UNION ALL
SELECT 'pg_catalog.pg_cast'::regclass, c.oid, 'a', c.castsource, 0, ''
FROM pg_catalog.pg_cast c
WHERE c.oid >= 16384)";

// Since 15: FOR TABLES IN SCHEMA.
constexpr const char* kPublishedSchemas = R"(
UNION ALL
SELECT 'pg_catalog.pg_publication_namespace'::regclass, m.oid, 'b', 0, 0, p.pubname
FROM pg_catalog.pg_publication_namespace m JOIN pg_catalog.pg_publication p ON p.oid = m.pnpubid)";

// Described for messages. Parts of operator families, of which there are many, go with these.
constexpr const char* kOthers = R"(
UNION ALL
SELECT o.class, o.oid, 'z', 0, 0, coalesce(i.type || ' ' || i.identity, '')
FROM (SELECT DISTINCT d.classid AS class, d.objid AS oid
      FROM pg_catalog.pg_depend d
      WHERE d.objid >= 16384 AND d.deptype <> 'p' AND d.classid <> ALL (ARRAY[
        'pg_catalog.pg_class', 'pg_catalog.pg_type', 'pg_catalog.pg_proc', 'pg_catalog.pg_namespace',
        'pg_catalog.pg_attrdef', 'pg_catalog.pg_constraint', 'pg_catalog.pg_trigger', 'pg_catalog.pg_rewrite',
        'pg_catalog.pg_policy', 'pg_catalog.pg_statistic_ext', 'pg_catalog.pg_publication_rel',
        'pg_catalog.pg_operator', 'pg_catalog.pg_opclass', 'pg_catalog.pg_opfamily', 'pg_catalog.pg_cast',
        'pg_catalog.pg_amop', 'pg_catalog.pg_amproc'{more}]::regclass[]::oid[])) o
CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) i)";

constexpr const char* kDependencies = R"(
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
LEFT JOIN pg_catalog.pg_type t ON d.classid = 'pg_catalog.pg_type'::regclass AND t.oid = d.objid
LEFT JOIN (SELECT t.oid FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
           WHERE k.contype <> 't') keeper ON d.classid = 'pg_catalog.pg_trigger'::regclass AND keeper.oid = d.objid
WHERE d.objid >= 16384 AND d.deptype <> 'p'
  AND (d.refobjid >= 16384 OR d.refclassid = 'pg_catalog.pg_namespace'::regclass)
  AND coalesce(c.relnamespace, t.typnamespace, 0) <> ALL (
    ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname ~ '^pg_toast'))
  AND keeper.oid IS NULL)";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

}  // namespace

std::string objects_sql(int major) {
  const bool since_15 = major >= 15;
  return std::string(kParts) + (since_15 ? kPublishedSchemas : "") +
         replaced(kOthers, "{more}", since_15 ? ", 'pg_catalog.pg_publication_namespace'" : "");
}

std::string dependencies_sql() {
  return kDependencies;
}

}  // namespace portcullis::catalog
