// What the production database is asked for a copy of its structure, besides pg_dump. All of it stands in the
// catalog; no table is opened. Each is asked with search_path pg_catalog. Where an answer is SQL the server
// has quoted the names in it.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::shadow {

// name, attributes of CREATE ROLE. Nobody is a superuser in a copy, nor may anybody make roles, which before
// PostgreSQL 16 is to give oneself any: what agents and others have written runs there.
[[nodiscard]] std::string_view roles_query() noexcept;
// role, member, options of GRANT. Without the predefined roles that reach files, programs and other servers.
[[nodiscard]] std::string memberships_query(int server_version);
// What stands behind CREATE DATABASE name: encoding and locale. One row.
[[nodiscard]] std::string_view database_query(int server_version) noexcept;
// name, owner.
[[nodiscard]] std::string_view schemas_query() noexcept;
// name, schema, version.
[[nodiscard]] std::string_view extensions_query() noexcept;
// Names of publications of all tables, which only a superuser makes.
[[nodiscard]] std::string_view wide_publications_query() noexcept;
// SQL: the sequences' values, of those that the login may read.
[[nodiscard]] std::string_view sequences_query() noexcept;
// SQL: who owns what. What it leaves out belongs to the owner that bootstrap_owner_query() names.
[[nodiscard]] std::string_view owners_query() noexcept;
[[nodiscard]] std::string_view bootstrap_owner_query() noexcept;
// SQL: the schemas' privileges, also those that a new schema has not and "public" has.
[[nodiscard]] std::string_view schema_privileges_query() noexcept;
// SQL: fills those that are filled. In a copy they hold what follows from made-up rows.
[[nodiscard]] std::string_view materialized_views_query() noexcept;
// SQL: the database's own owner and privileges, in front of DATABASE name and behind it.
[[nodiscard]] std::string_view database_privileges_query() noexcept;
// role (empty: every role), setting, value: what sessions of this database begin with, of the settings that
// decide what a statement means or needs.
[[nodiscard]] std::string_view settings_query() noexcept;

// Extensions whose scripts and functions reach nothing outside the database. Others are left out, and the
// copy is incomplete.
[[nodiscard]] bool may_be_copied(std::string_view extension) noexcept;

// Of pg_restore --list.
struct Contents {
  std::string to_restore;             // the list for pg_restore --use-list
  std::vector<std::string> left_out;  // what a copy cannot have: "EVENT TRIGGER - guard postgres"
};
[[nodiscard]] Contents contents_of(std::string_view list, const std::set<std::string>& wide_publications);
// What pg_restore said could not be made: the entry, and the database's word for it.
[[nodiscard]] std::vector<std::string> not_restored(std::string_view output);
// How many that were by its own count, which ends its output; nothing where that is cut short.
[[nodiscard]] std::optional<std::size_t> ignored_errors(std::string_view output);

}  // namespace portcullis::shadow
