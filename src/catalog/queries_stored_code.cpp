// Both queries start with `code`: pieces of stored code with their trees as pg_node_tree writes them, such as
// {FUNCEXPR :funcid 870 ... :args ({VAR :varno 1 :varattno 2 ...})}. Names from users in a tree cannot be
// taken for a field of it: PostgreSQL writes a backslash before each blank of theirs. `class` and `object`
// say where the code stands in pg_depend; `object` 0: nowhere (up to PostgreSQL 14 pins stand there under 0).
#include "catalog/queries_stored_code.hpp"

namespace portcullis::catalog {

namespace {

// field(id, name, value): the numbers in the trees that are oids of functions, operators, relations and
// users' types, and column numbers. Trees are cut at " :", which begins each field: regular expressions over
// whole trees take seconds. Then called(id, function). An operator that sorts or groups also brings the
// support functions of its class. Of several that have it PostgreSQL takes the first it finds, which is that
// of the lowest oid: its own for its own operators (get_ordering_op_properties of lsyscache.c).
constexpr const char* kFieldsAndCalls = R"(
field AS MATERIALIZED (
  SELECT DISTINCT c.id, split_part(field, ' ', 1) AS name, number[1]::oid AS value
  FROM code c
  CROSS JOIN LATERAL unnest(string_to_array(replace(c.tree, ' :rtekind 0 :relid ', ' :relation '), ' :')) field
  CROSS JOIN LATERAL regexp_matches(field, '[0-9]+', 'g') number
  WHERE split_part(field, ' ', 1) IN ('funcid', 'aggfnoid', 'winfnoid', 'tsmhandler', 'startInRangeFunc',
                                      'endInRangeFunc', 'opno', 'opnos', 'eqop', 'sortop', 'opfamilies', 'relation',
                                      'varattno') AND field NOT LIKE 'varattno -%'
     OR (split_part(field, ' ', 1) IN ('resulttype', 'minmaxtype', 'typid', 'refcontainertype', 'vartype', 'consttype',
                                       'funcresulttype', 'opresulttype', 'aggtype', 'wintype', 'paramtype',
                                       'refrestype', 'casetype', 'coalescetype', 'array_typeid', 'element_typeid',
                                       'row_typeid', 'typeId', 'coltypes', 'funccoltypes', 'type')
         AND field ~ '[0-9]{5}')),
first_family AS (
  SELECT a.amopopr AS operator, min(a.amopfamily) AS family
  FROM pg_catalog.pg_amop a
  WHERE a.amopmethod IN (403, 405)
  GROUP BY a.amopopr, a.amopmethod),
called AS MATERIALIZED (
  SELECT f.id, f.value AS function
  FROM field f
  WHERE f.name IN ('funcid', 'aggfnoid', 'winfnoid', 'tsmhandler', 'startInRangeFunc', 'endInRangeFunc')
    AND f.value <> 0
  UNION
  SELECT f.id, o.oprcode::oid
  FROM field f JOIN pg_catalog.pg_operator o ON o.oid = f.value
  WHERE f.name IN ('opno', 'opnos', 'eqop', 'sortop')
  UNION
  SELECT f.id, p.amproc::oid
  FROM field f
  JOIN first_family a ON a.operator = f.value
  JOIN pg_catalog.pg_amproc p ON p.amprocfamily = a.family
  WHERE f.name IN ('opno', 'opnos', 'eqop', 'sortop') AND p.amproc::oid >= 16384
  UNION
  SELECT f.id, p.amproc::oid
  FROM field f JOIN pg_catalog.pg_amproc p ON p.amprocfamily = f.value
  WHERE f.name = 'opfamilies' AND p.amproc::oid >= 16384
  UNION
  SELECT c.id, d.refobjid
  FROM code c JOIN pg_catalog.pg_depend d ON d.classid = c.class AND d.objid = c.object
  WHERE c.object <> 0 AND d.refclassid = 'pg_catalog.pg_proc'::regclass
  UNION
  SELECT c.id, unnest(c.functions) FROM code c))";

// The rewriter's own entries for OLD and NEW are the first two of a rule's range table. They are taken out,
// so that a rule counts as naming its own relation only where its actions do.
constexpr const char* kRules = R"(
  SELECT r.ev_class AS relation, CASE r.ev_type WHEN '1' THEN 'v' ELSE 'r' END AS kind, r.rulename::text AS name,
         translate(r.ev_type::text, '1234', 'suid') AS events, r.is_instead AND r.ev_type <> '1' AS instead,
         'pg_catalog.pg_rewrite'::regclass::oid AS class, r.oid AS object,
         CASE r.ev_type WHEN '1' THEN r.ev_action::text
         ELSE regexp_replace(r.ev_action::text,
           ':rtable \(\{[A-Z]+ :alias \{ALIAS :aliasname old [^{}]*\} :eref \{ALIAS :aliasname old [^{}]*\} [^{}]*\} '
           '\{[A-Z]+ :alias \{ALIAS :aliasname new [^{}]*\} :eref \{ALIAS :aliasname new [^{}]*\} [^{}]*\}',
           ':rtable (', 'g') || r.ev_qual::text END AS tree,
         '{}'::oid[] AS functions, 0::oid AS sequence
  FROM pg_catalog.pg_rewrite r
  WHERE r.oid >= 16384 AND r.ev_enabled <> 'D')";

// Triggers that keep a constraint are told apart by it: a partition's copy of a user's trigger is also marked
// internal up to PostgreSQL 14.
constexpr const char* kTriggersAndPolicies = R"(
  SELECT t.tgrelid, 't', t.tgname::text,
         concat(CASE WHEN t.tgtype & 4 <> 0 THEN 'i' END, CASE WHEN t.tgtype & 16 <> 0 THEN 'u' END,
                CASE WHEN t.tgtype & 8 <> 0 THEN 'd' END, CASE WHEN t.tgtype & 32 <> 0 THEN 't' END),
         t.tgtype & 64 <> 0, 'pg_catalog.pg_trigger'::regclass, t.oid, coalesce(t.tgqual::text, ''), ARRAY[t.tgfoid], 0
  FROM pg_catalog.pg_trigger t
  LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
  WHERE t.oid >= 16384 AND t.tgenabled <> 'D' AND coalesce(k.contype, 't') = 't'
  UNION ALL
  SELECT p.polrelid, 'p', p.polname::text,
         CASE p.polcmd WHEN '*' THEN 'siud' ELSE translate(p.polcmd::text, 'rawd', 'siud') END,
         false, 'pg_catalog.pg_policy'::regclass, p.oid, concat(p.polqual::text, p.polwithcheck::text), '{}', 0
  FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
  WHERE c.relrowsecurity)";

// Reading a virtual generated column (18) runs its expression. An identity column has no expression but a
// sequence.
constexpr const char* kDefaultsAndChecks = R"(
  SELECT d.adrelid, 'd', a.attname::text, CASE a.attgenerated WHEN 'v' THEN 'siu' ELSE 'iu' END, false,
         'pg_catalog.pg_attrdef'::regclass, d.oid, d.adbin::text, '{}', 0
  FROM pg_catalog.pg_attrdef d
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  WHERE d.oid >= 16384
  UNION ALL
  SELECT a.attrelid, 'd', a.attname::text, 'iu', false, 0, 0, '', '{}', d.objid
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid
       AND d.refobjsubid = a.attnum AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'i'
  WHERE a.attidentity <> ''
  UNION ALL
  SELECT k.conrelid, 'c', k.conname::text, 'iu', false, 'pg_catalog.pg_constraint'::regclass, k.oid, k.conbin::text,
         '{}', 0
  FROM pg_catalog.pg_constraint k
  WHERE k.oid >= 16384 AND k.contype = 'c' AND k.conrelid <> 0)";

// Only those that bring functions of users: by expressions, operator classes or a constraint's operators.
constexpr const char* kIndexesAndPartitionKeys = R"(
  SELECT i.indrelid, 'i', c.relname::text, 'iu', false, 0, 0, concat(i.indexprs::text, i.indpred::text),
         users.functions, 0
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conexclop IS NOT NULL
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT function), '{}')
    FROM (SELECT oc.function FROM operator_class oc WHERE oc.oid = ANY (i.indclass::oid[])
          UNION ALL
          SELECT o.oprcode FROM pg_catalog.pg_operator o
          WHERE o.oid = ANY (k.conexclop) AND o.oprcode::oid >= 16384) of) users (functions)
  WHERE i.indexrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR users.functions <> '{}')
  UNION ALL
  SELECT p.partrelid, 'k', '', 'iu', false, 0, 0, coalesce(p.partexprs::text, ''), users.functions, 0
  FROM pg_catalog.pg_partitioned_table p
  CROSS JOIN LATERAL (SELECT coalesce(array_agg(DISTINCT oc.function), '{}') FROM operator_class oc
                      WHERE oc.oid = ANY (p.partclass::oid[])) users (functions)
  WHERE p.partexprs IS NOT NULL OR users.functions <> '{}')";

constexpr const char* kStatistics = R"(
  UNION ALL
  SELECT s.stxrelid, 's', s.stxname::text, '', false, 0, 0, s.stxexprs::text, '{}', 0
  FROM pg_catalog.pg_statistic_ext s
  WHERE s.stxexprs IS NOT NULL)";

// Functions of users in operator classes: their support functions and their operators.
constexpr const char* kOperatorClasses = R"(
operator_class AS MATERIALIZED (
  SELECT c.oid, c.opcintype, c.opcdefault AND c.opcmethod IN (403, 405) AS sorts_or_groups, of.function
  FROM pg_catalog.pg_opclass c
  CROSS JOIN LATERAL (
    SELECT p.amproc::oid FROM pg_catalog.pg_amproc p WHERE p.amprocfamily = c.opcfamily
    UNION
    SELECT o.oprcode::oid
    FROM pg_catalog.pg_amop a JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr
    WHERE a.amopfamily = c.opcfamily) of (function)
  WHERE of.function >= 16384),)";

// named(id, relation, number): number is NULL for the relation only, 0 for its whole row. Expressions know no
// relation but their own; a query's columns stand in pg_depend, but not those of PostgreSQL's catalogs: all
// are taken for named. A whole row (varattno 0) does not say whose, so it counts for every relation that the
// query names.
constexpr const char* kNamed = R"(
relation_of AS MATERIALIZED (
  SELECT f.id, f.value AS relation
  FROM field f JOIN code c ON c.id = f.id
  WHERE f.name = 'relation' AND (c.kind <> 'v' OR f.value <> c.relation)),
named AS (
  SELECT c.id, d.refobjid AS relation, nullif(greatest(d.refobjsubid, 0), 0) AS number
  FROM code c
  JOIN pg_catalog.pg_depend d ON d.classid = c.class AND d.objid = c.object
       AND c.object <> 0 AND d.refclassid = 'pg_catalog.pg_class'::regclass
  WHERE d.refobjid <> c.relation OR (c.kind = 'p' AND d.refobjsubid > 0)
     OR (c.kind = 'r' AND EXISTS (SELECT FROM relation_of r WHERE r.id = c.id AND r.relation = c.relation))
  UNION
  SELECT r.id, r.relation, CASE WHEN r.relation < 16384 THEN 0 END FROM relation_of r
  UNION
  SELECT r.id, r.relation, 0 FROM relation_of r JOIN field f ON f.id = r.id AND f.name = 'varattno' AND f.value = 0
  UNION
  SELECT c.id, c.relation, f.value::int FROM code c JOIN field f ON f.id = c.id AND f.name = 'varattno'
  WHERE c.kind NOT IN ('v', 'r', 'p')
  UNION
  SELECT c.id, c.sequence, NULL FROM code c WHERE c.sequence <> 0))";

// Types whose own functions run: what the code converts to, and everything that is around where a node
// converts without saying from what.
constexpr const char* kTypesUsed = R"(
type_used AS (
  SELECT DISTINCT f.id, f.value AS type
  FROM field f JOIN code c ON c.id = f.id
  WHERE f.value >= 16384
    AND (f.name IN ('resulttype', 'minmaxtype', 'typid', 'refcontainertype') OR (c.converts AND f.name ~ 'typ'))))";

constexpr const char* kAttachedRows = R"(
SELECT c.relation, c.kind, c.name, c.events, c.instead, coalesce(f.functions, '{}'), coalesce(t.types, '{}'),
       coalesce(a.accesses, '{}')
FROM code c
LEFT JOIN (SELECT id, array_agg(function ORDER BY function) AS functions FROM called GROUP BY id) f ON f.id = c.id
LEFT JOIN (SELECT id, array_agg(type ORDER BY type) AS types FROM type_used GROUP BY id) t ON t.id = c.id
LEFT JOIN (SELECT id, array_agg(concat_ws(':', relation, number) ORDER BY relation, number) AS accesses
           FROM named GROUP BY id) a ON a.id = c.id
ORDER BY c.relation, c.kind, c.name)";

constexpr const char* kTypeCode = R"(
WITH code AS MATERIALIZED (
  SELECT k.contypid AS id, k.conbin::text AS tree, 'pg_catalog.pg_constraint'::regclass::oid AS class, k.oid AS object,
         '{}'::oid[] AS functions
  FROM pg_catalog.pg_constraint k
  WHERE k.oid >= 16384 AND k.contype = 'c' AND k.contypid <> 0
  UNION ALL
  SELECT t.oid, t.typdefaultbin::text, 0, 0, '{}'
  FROM pg_catalog.pg_type t
  WHERE t.oid >= 16384 AND t.typdefaultbin IS NOT NULL),)";

// `multirange` is a query of (type, part), `subscript` a further function of a base type, where the version
// has them.
std::string type_rows(const std::string& multirange, const std::string& subscript) {
  return R"(,
own AS (
  SELECT id AS type, function FROM called
  UNION
  SELECT t.oid, function
  FROM pg_catalog.pg_type t
  CROSS JOIN LATERAL unnest(ARRAY[t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout,
                                  t.typanalyze)" +
         subscript + R"(]::oid[]) function
  WHERE function >= 16384
  UNION
  SELECT r.rngtypid, function
  FROM pg_catalog.pg_range r CROSS JOIN LATERAL unnest(ARRAY[r.rngcanonical, r.rngsubdiff]::oid[]) function
  WHERE r.rngtypid >= 16384 AND function <> 0
  UNION
  SELECT r.rngtypid, oc.function FROM pg_catalog.pg_range r JOIN operator_class oc ON oc.oid = r.rngsubopc
  UNION
  SELECT oc.opcintype, oc.function FROM operator_class oc WHERE oc.sorts_or_groups),
part AS (
  SELECT t.oid AS type, part FROM pg_catalog.pg_type t CROSS JOIN LATERAL unnest(ARRAY[t.typelem, t.typbasetype]) part
  WHERE part <> 0
  UNION
  SELECT r.rngtypid, r.rngsubtype FROM pg_catalog.pg_range r)" +
         multirange + R"()
SELECT t.oid, t.typnamespace, t.typname, t.typtype, coalesce(c.oid, 0), coalesce(p.parts, '{}'),
       coalesce(o.functions, '{}'), coalesce(e.extname, '')
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
LEFT JOIN (SELECT type, array_agg(part ORDER BY part) AS parts FROM part GROUP BY type) p ON p.type = t.oid
LEFT JOIN (SELECT type, array_agg(function ORDER BY function) AS functions FROM own GROUP BY type) o ON o.type = t.oid
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid
     AND d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::regclass
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE n.nspname !~ '^pg_toast'
ORDER BY t.oid)";
}

}  // namespace

std::string attached_sql(int major) {
  const std::string pieces = std::string(kRules) + "\n  UNION ALL" + kTriggersAndPolicies + "\n  UNION ALL" +
                             kDefaultsAndChecks + "\n  UNION ALL" + kIndexesAndPartitionKeys +
                             (major >= 14 ? kStatistics : "");
  return std::string("\nWITH") + kOperatorClasses + R"(
code AS MATERIALIZED (
  SELECT row_number() OVER () AS id, piece.*,
         piece.tree LIKE ANY (ARRAY['%{COERCEVIAIO %', '%{TABLEFUNC %', '%{JSON%']) AS converts
  FROM ()" +
         pieces + ") piece)," + kFieldsAndCalls + "," + kNamed + "," + kTypesUsed + kAttachedRows;
}

std::string types_sql(int major) {
  const bool since_14 = major >= 14;
  return std::string(kTypeCode) + kOperatorClasses + kFieldsAndCalls +
         type_rows(
             since_14 ? "\n  UNION\n  SELECT r.rngmultitypid, r.rngtypid FROM pg_catalog.pg_range r" : "",
             since_14 ? ", t.typsubscript" : "");
}

}  // namespace portcullis::catalog
