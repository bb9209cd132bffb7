#include "shadow/copy_queries.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace portcullis::shadow {

std::string_view roles_query() noexcept {
  return R"(
SELECT rolname,
       'NOSUPERUSER NOREPLICATION LOGIN ' || CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END
       || CASE WHEN rolbypassrls OR rolsuper THEN ' BYPASSRLS' ELSE '' END, rolsuper
  FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname)";
}

// Of a member that several have granted the same, what they have granted together.
std::string memberships_query(int server_version) {
  const std::string_view options =
      server_version >= 160000 ? "'WITH ADMIN ' || bool_or(a.admin_option) || ', INHERIT ' || "
                                 "bool_or(a.inherit_option) || ', SET ' || "
                                 "bool_or(a.set_option)"
                               : "CASE WHEN bool_or(a.admin_option) THEN 'WITH ADMIN OPTION' ELSE '' END";
  return "SELECT r.rolname, m.rolname, " + std::string(options) + R"(
  FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
 WHERE (r.rolname !~ '^pg_' OR r.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_all_settings',
        'pg_read_all_stats', 'pg_stat_scan_tables', 'pg_monitor', 'pg_maintain', 'pg_database_owner'))
   AND m.rolname !~ '^pg_' GROUP BY 1, 2 ORDER BY 1, 2)";
}

std::string_view database_query(int server_version) noexcept {
  if (server_version >= 170000) {
    return R"(
SELECT format('ENCODING %L LOCALE_PROVIDER %s LC_COLLATE %L LC_CTYPE %L%s', pg_encoding_to_char(encoding),
              CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END, datcollate, datctype,
              CASE datlocprovider WHEN 'i' THEN format(' ICU_LOCALE %L', datlocale)
                                  WHEN 'b' THEN format(' BUILTIN_LOCALE %L', datlocale) ELSE '' END)
  FROM pg_database WHERE datname = current_database())";
  }
  if (server_version >= 150000) {
    return R"(
SELECT format('ENCODING %L LOCALE_PROVIDER %s LC_COLLATE %L LC_CTYPE %L%s', pg_encoding_to_char(encoding),
              CASE datlocprovider WHEN 'i' THEN 'icu' ELSE 'libc' END, datcollate, datctype,
              CASE datlocprovider WHEN 'i' THEN format(' ICU_LOCALE %L', daticulocale) ELSE '' END)
  FROM pg_database WHERE datname = current_database())";
  }
  return R"(
SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(encoding), datcollate, datctype)
  FROM pg_database WHERE datname = current_database())";
}

std::string_view schemas_query() noexcept {
  return R"(
SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace
 WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY nspname)";
}

std::string_view extensions_query() noexcept {
  return R"(
SELECT e.extname, n.nspname, e.extversion FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname <> 'plpgsql' ORDER BY e.oid)";
}

std::string_view wide_publications_query() noexcept {
  return "SELECT pubname FROM pg_publication WHERE puballtables ORDER BY pubname";
}

std::string_view sequences_query() noexcept {
  return R"(
SELECT format('SELECT pg_catalog.setval(%L, %s, true)', format('%I.%I', schemaname, sequencename), last_value)
  FROM pg_sequences WHERE last_value IS NOT NULL ORDER BY schemaname, sequencename)";
}

// A sequence of a column goes with its table, a member of an extension with the extension; arrays and the row
// types of tables have no owner of their own. (Up to PostgreSQL 14 a generated column depends on columns of its
// own table: the table itself does not.)
std::string_view owners_query() noexcept {
  return R"(
SELECT format('ALTER %s %s OWNER TO %I', CASE WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE'
              WHEN i.type = 'statistics object' THEN 'STATISTICS' ELSE upper(i.type) END,
              i.identity, pg_get_userbyid(d.refobjid))
  FROM pg_shdepend d, pg_identify_object(d.classid, d.objid, 0) i
 WHERE d.deptype = 'o' AND d.objsubid = 0 AND d.refclassid = 'pg_authid'::regclass
   AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND i.type NOT IN ('event trigger', 'foreign-data wrapper', 'server', 'user mapping', 'subscription', 'schema',
                      'default acl', 'extension', 'large object', 'foreign table', 'language', 'policy')
   AND coalesce(i.schema, '') !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend p WHERE p.classid = d.classid AND p.objid = d.objid AND p.objsubid = 0
                      AND (p.deptype = 'e' OR (p.classid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
                                               AND p.refobjsubid > 0)))
 ORDER BY d.classid, d.objid)";
}

std::string_view schema_privileges_query() noexcept {
  return R"(
SELECT sql FROM (
  SELECT nspname, 1 AS k, format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', nspname) AS sql FROM pg_namespace
   WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  UNION ALL
  SELECT n.nspname, 2, format('GRANT %s ON SCHEMA %I TO %s%s', a.privilege_type, n.nspname,
                   CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE format('%I', pg_get_userbyid(a.grantee)) END,
                   CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
   WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') s ORDER BY nspname, k)";
}

std::string_view materialized_views_query() noexcept {
  return R"(
SELECT format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm' AND c.relispopulated AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY c.oid)";
}

std::string_view bootstrap_owner_query() noexcept {
  return "SELECT rolname FROM pg_roles WHERE oid = 10";
}

std::string_view database_privileges_query() noexcept {
  return R"(
SELECT front, behind FROM (
  SELECT 1 AS k, 'ALTER' AS front, format('OWNER TO %I', pg_get_userbyid(datdba)) AS behind
    FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 2, 'REVOKE ALL ON', 'FROM PUBLIC'
  UNION ALL
  SELECT 3, format('GRANT %s ON', a.privilege_type), format('TO %s%s',
                   CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE format('%I', pg_get_userbyid(a.grantee)) END,
                   CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
   WHERE d.datname = current_database()) s ORDER BY k)";
}

std::string_view settings_query() noexcept {
  return R"(
SELECT coalesce(pg_get_userbyid(nullif(s.setrole, 0)), ''), split_part(c.line, '=', 1),
       substr(c.line, strpos(c.line, '=') + 1)
  FROM pg_db_role_setting s, unnest(s.setconfig) AS c(line)
 WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
   AND lower(split_part(c.line, '=', 1)) IN ('search_path', 'timezone', 'datestyle', 'intervalstyle', 'bytea_output',
       'default_table_access_method', 'default_toast_compression', 'row_security', 'check_function_bodies',
       'extra_float_digits', 'xmloption', 'transform_null_equals', 'array_nulls', 'quote_all_identifiers')
 ORDER BY s.setrole, s.setdatabase)";
}

bool may_be_copied(std::string_view extension) noexcept {
  constexpr auto kAllowed = std::to_array<std::string_view>({"bloom",
                                                             "btree_gin",
                                                             "btree_gist",
                                                             "citext",
                                                             "cube",
                                                             "dict_int",
                                                             "dict_xsyn",
                                                             "earthdistance",
                                                             "fuzzystrmatch",
                                                             "hstore",
                                                             "intagg",
                                                             "intarray",
                                                             "isn",
                                                             "lo",
                                                             "ltree",
                                                             "pg_trgm",
                                                             "pgcrypto",
                                                             "plpgsql",
                                                             "postgis",
                                                             "seg",
                                                             "tablefunc",
                                                             "tcn",
                                                             "tsm_system_rows",
                                                             "tsm_system_time",
                                                             "unaccent",
                                                             "uuid-ossp",
                                                             "vector",
                                                             "moddatetime",
                                                             "insert_username",
                                                             "autoinc",
                                                             "refint"});
  return std::find(kAllowed.begin(), kAllowed.end(), extension) != kAllowed.end();
}

namespace {

// The entry behind "215; 1259 16385 ", or nothing for a comment.
std::string_view entry_of(std::string_view line) {
  const auto semicolon = line.find("; ");
  if (line.empty() || line.front() == ';' || semicolon == std::string_view::npos) return {};
  auto entry = line.substr(semicolon + 2);
  for (int number = 0; number < 2; ++number) {
    const auto blank = entry.find(' ');
    if (blank == std::string_view::npos) return {};
    entry = entry.substr(blank + 1);
  }
  return entry;
}

template <class Take>
void each_line(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

bool begins_with_any(std::string_view entry, std::initializer_list<std::string_view> kinds) {
  return std::any_of(kinds.begin(), kinds.end(), [&](auto kind) { return entry.starts_with(kind); });
}

}  // namespace

Contents contents_of(std::string_view list, const std::set<std::string>& wide_publications) {
  constexpr std::string_view kPublication = "PUBLICATION - ";
  Contents contents;
  each_line(list, [&](std::string_view line) {
    const auto entry = entry_of(line);
    if (entry.empty()) return;
    // These are there before pg_restore comes.
    const bool is_made = begins_with_any(entry, {"SCHEMA - ", "EXTENSION - ", "ACL - SCHEMA "});
    const bool is_wide = std::any_of(
        wide_publications.begin(), wide_publications.end(),
        [&](const auto& name) { return entry.starts_with(std::string(kPublication) + name + " "); });
    if (is_made || is_wide) return;
    if (begins_with_any(entry, {"EVENT TRIGGER ", "FOREIGN TABLE ", "FOREIGN DATA WRAPPER ", "SERVER ",
                                "USER MAPPING ", "SUBSCRIPTION ", "PROCEDURAL LANGUAGE "})) {
      contents.left_out.emplace_back(entry);
      return;
    }
    contents.to_restore.append(line).push_back('\n');
  });
  return contents;
}

std::vector<std::string> not_restored(std::string_view output) {
  constexpr std::string_view kEntry = "pg_restore: from TOC entry ", kError = "pg_restore: error: ";
  std::vector<std::string> failed;
  std::string entry;
  each_line(output, [&](std::string_view line) {
    if (line.starts_with(kEntry)) entry = entry_of(line.substr(kEntry.size()));
    if (!line.starts_with(kError)) return;
    auto what = line.substr(kError.size());
    const auto error = what.find("ERROR:  ");
    if (error != std::string_view::npos) what = what.substr(error + 8);
    failed.push_back((entry.empty() ? "" : entry + ": ") + std::string(what));
  });
  return failed;
}

std::optional<std::size_t> ignored_errors(std::string_view output) {
  constexpr std::string_view kCount = "pg_restore: warning: errors ignored on restore: ";
  std::string_view last;
  each_line(output, [&](std::string_view line) { last = line; });
  if (!last.starts_with(kCount) || !output.ends_with('\n')) return std::nullopt;
  const auto digits = last.substr(kCount.size());
  std::size_t count = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return count;
}

}  // namespace portcullis::shadow
