// The words of every action: one flat table, in the order of the enumeration.
#include <algorithm>
#include <array>
#include <cstddef>

#include "portcullis/sql/facts.hpp"

namespace portcullis::sql {
namespace {

struct Word {
  Action action;
  std::string_view text;
};

constexpr auto kWords = std::to_array<Word>({
    {Action::select, "select"},
    {Action::insert, "insert"},
    {Action::update, "update"},
    {Action::delete_, "delete"},
    {Action::truncate, "truncate"},
    {Action::references, "references"},
    {Action::lock, "lock"},
    {Action::select_for_update, "select for update"},
    {Action::copy_from_stdin, "copy from stdin"},
    {Action::copy_to_stdout, "copy to stdout"},
    {Action::copy_from_file, "copy from file"},
    {Action::copy_to_file, "copy to file"},
    {Action::copy_from_program, "copy from program"},
    {Action::copy_to_program, "copy to program"},
    {Action::cascade, "cascade"},
    {Action::execute_function, "execute function"},
    {Action::call, "call"},
    {Action::do_, "do"},
    {Action::use_type, "use type"},
    {Action::use_operator, "use operator"},
    {Action::use_collation, "use collation"},
    {Action::use_operator_class, "use operator class"},
    {Action::use_access_method, "use access method"},
    {Action::use_tablespace, "use tablespace"},
    {Action::alter_table_add_column, "alter table add column"},
    {Action::alter_table_set_default, "alter table set default"},
    {Action::alter_table_drop_default, "alter table drop default"},
    {Action::alter_table_set_not_null, "alter table set not null"},
    {Action::alter_table_drop_not_null, "alter table drop not null"},
    {Action::alter_table_drop_expression, "alter table drop expression"},
    {Action::alter_table_set_statistics, "alter table set statistics"},
    {Action::alter_table_set_column_options, "alter table set column options"},
    {Action::alter_table_reset_column_options, "alter table reset column options"},
    {Action::alter_table_set_storage, "alter table set storage"},
    {Action::alter_table_set_compression, "alter table set compression"},
    {Action::alter_table_drop_column, "alter table drop column"},
    {Action::alter_table_alter_column_type, "alter table alter column type"},
    {Action::alter_table_alter_column_foreign_options, "alter table alter column foreign options"},
    {Action::alter_table_add_identity, "alter table add identity"},
    {Action::alter_table_set_identity, "alter table set identity"},
    {Action::alter_table_drop_identity, "alter table drop identity"},
    {Action::alter_table_add_constraint, "alter table add constraint"},
    {Action::alter_table_alter_constraint, "alter table alter constraint"},
    {Action::alter_table_validate_constraint, "alter table validate constraint"},
    {Action::alter_table_drop_constraint, "alter table drop constraint"},
    {Action::alter_table_owner_to, "alter table owner to"},
    {Action::alter_table_cluster_on, "alter table cluster on"},
    {Action::alter_table_set_without_cluster, "alter table set without cluster"},
    {Action::alter_table_set_logged, "alter table set logged"},
    {Action::alter_table_set_unlogged, "alter table set unlogged"},
    {Action::alter_table_set_without_oids, "alter table set without oids"},
    {Action::alter_table_set_access_method, "alter table set access method"},
    {Action::alter_table_set_tablespace, "alter table set tablespace"},
    {Action::alter_table_set_storage_parameters, "alter table set storage parameters"},
    {Action::alter_table_reset_storage_parameters, "alter table reset storage parameters"},
    {Action::alter_table_enable_trigger, "alter table enable trigger"},
    {Action::alter_table_enable_always_trigger, "alter table enable always trigger"},
    {Action::alter_table_enable_replica_trigger, "alter table enable replica trigger"},
    {Action::alter_table_disable_trigger, "alter table disable trigger"},
    {Action::alter_table_enable_trigger_all, "alter table enable trigger all"},
    {Action::alter_table_disable_trigger_all, "alter table disable trigger all"},
    {Action::alter_table_enable_trigger_user, "alter table enable trigger user"},
    {Action::alter_table_disable_trigger_user, "alter table disable trigger user"},
    {Action::alter_table_enable_rule, "alter table enable rule"},
    {Action::alter_table_enable_always_rule, "alter table enable always rule"},
    {Action::alter_table_enable_replica_rule, "alter table enable replica rule"},
    {Action::alter_table_disable_rule, "alter table disable rule"},
    {Action::alter_table_inherit, "alter table inherit"},
    {Action::alter_table_no_inherit, "alter table no inherit"},
    {Action::alter_table_of, "alter table of"},
    {Action::alter_table_not_of, "alter table not of"},
    {Action::alter_table_replica_identity, "alter table replica identity"},
    {Action::alter_table_enable_row_level_security, "alter table enable row level security"},
    {Action::alter_table_disable_row_level_security, "alter table disable row level security"},
    {Action::alter_table_force_row_level_security, "alter table force row level security"},
    {Action::alter_table_no_force_row_level_security, "alter table no force row level security"},
    {Action::alter_table_foreign_options, "alter table foreign options"},
    {Action::alter_table_attach_partition, "alter table attach partition"},
    {Action::alter_table_detach_partition, "alter table detach partition"},
    {Action::alter_table_detach_partition_finalize, "alter table detach partition finalize"},
    {Action::alter_collation, "alter collation"},
    {Action::alter_database, "alter database"},
    {Action::alter_default_privileges, "alter default privileges"},
    {Action::alter_domain, "alter domain"},
    {Action::alter_event_trigger, "alter event trigger"},
    {Action::alter_extension, "alter extension"},
    {Action::alter_foreign_data_wrapper, "alter foreign data wrapper"},
    {Action::alter_foreign_table, "alter foreign table"},
    {Action::alter_function, "alter function"},
    {Action::alter_index, "alter index"},
    {Action::alter_materialized_view, "alter materialized view"},
    {Action::alter_operator, "alter operator"},
    {Action::alter_operator_family, "alter operator family"},
    {Action::alter_policy, "alter policy"},
    {Action::alter_procedure, "alter procedure"},
    {Action::alter_publication, "alter publication"},
    {Action::alter_role, "alter role"},
    {Action::alter_routine, "alter routine"},
    {Action::alter_sequence, "alter sequence"},
    {Action::alter_server, "alter server"},
    {Action::alter_statistics, "alter statistics"},
    {Action::alter_subscription, "alter subscription"},
    {Action::alter_system, "alter system"},
    {Action::alter_tablespace, "alter tablespace"},
    {Action::alter_text_search_configuration, "alter text search configuration"},
    {Action::alter_text_search_dictionary, "alter text search dictionary"},
    {Action::alter_type, "alter type"},
    {Action::alter_user_mapping, "alter user mapping"},
    {Action::alter_view, "alter view"},
    {Action::alter_depends_on_extension, "alter depends on extension"},
    {Action::alter_all_in_tablespace, "alter all in tablespace"},
    {Action::create_access_method, "create access method"},
    {Action::create_aggregate, "create aggregate"},
    {Action::create_cast, "create cast"},
    {Action::create_collation, "create collation"},
    {Action::create_conversion, "create conversion"},
    {Action::create_database, "create database"},
    {Action::create_domain, "create domain"},
    {Action::create_event_trigger, "create event trigger"},
    {Action::create_extension, "create extension"},
    {Action::create_foreign_data_wrapper, "create foreign data wrapper"},
    {Action::create_foreign_table, "create foreign table"},
    {Action::create_function, "create function"},
    {Action::create_index, "create index"},
    {Action::create_index_concurrently, "create index concurrently"},
    {Action::create_language, "create language"},
    {Action::create_materialized_view, "create materialized view"},
    {Action::create_operator, "create operator"},
    {Action::create_operator_class, "create operator class"},
    {Action::create_operator_family, "create operator family"},
    {Action::create_policy, "create policy"},
    {Action::create_procedure, "create procedure"},
    {Action::create_publication, "create publication"},
    {Action::create_role, "create role"},
    {Action::create_rule, "create rule"},
    {Action::create_schema, "create schema"},
    {Action::create_sequence, "create sequence"},
    {Action::create_server, "create server"},
    {Action::create_statistics, "create statistics"},
    {Action::create_subscription, "create subscription"},
    {Action::create_table, "create table"},
    {Action::create_table_as, "create table as"},
    {Action::create_tablespace, "create tablespace"},
    {Action::create_temporary_sequence, "create temporary sequence"},
    {Action::create_temporary_table, "create temporary table"},
    {Action::create_temporary_view, "create temporary view"},
    {Action::create_text_search_configuration, "create text search configuration"},
    {Action::create_text_search_dictionary, "create text search dictionary"},
    {Action::create_text_search_parser, "create text search parser"},
    {Action::create_text_search_template, "create text search template"},
    {Action::create_transform, "create transform"},
    {Action::create_trigger, "create trigger"},
    {Action::create_type, "create type"},
    {Action::create_user_mapping, "create user mapping"},
    {Action::create_view, "create view"},
    {Action::select_into, "select into"},
    {Action::drop_access_method, "drop access method"},
    {Action::drop_aggregate, "drop aggregate"},
    {Action::drop_cast, "drop cast"},
    {Action::drop_collation, "drop collation"},
    {Action::drop_conversion, "drop conversion"},
    {Action::drop_database, "drop database"},
    {Action::drop_domain, "drop domain"},
    {Action::drop_event_trigger, "drop event trigger"},
    {Action::drop_extension, "drop extension"},
    {Action::drop_foreign_data_wrapper, "drop foreign data wrapper"},
    {Action::drop_foreign_table, "drop foreign table"},
    {Action::drop_function, "drop function"},
    {Action::drop_index, "drop index"},
    {Action::drop_index_concurrently, "drop index concurrently"},
    {Action::drop_language, "drop language"},
    {Action::drop_materialized_view, "drop materialized view"},
    {Action::drop_operator, "drop operator"},
    {Action::drop_operator_class, "drop operator class"},
    {Action::drop_operator_family, "drop operator family"},
    {Action::drop_owned, "drop owned"},
    {Action::drop_policy, "drop policy"},
    {Action::drop_procedure, "drop procedure"},
    {Action::drop_publication, "drop publication"},
    {Action::drop_role, "drop role"},
    {Action::drop_routine, "drop routine"},
    {Action::drop_rule, "drop rule"},
    {Action::drop_schema, "drop schema"},
    {Action::drop_sequence, "drop sequence"},
    {Action::drop_server, "drop server"},
    {Action::drop_statistics, "drop statistics"},
    {Action::drop_subscription, "drop subscription"},
    {Action::drop_table, "drop table"},
    {Action::drop_tablespace, "drop tablespace"},
    {Action::drop_text_search_configuration, "drop text search configuration"},
    {Action::drop_text_search_dictionary, "drop text search dictionary"},
    {Action::drop_text_search_parser, "drop text search parser"},
    {Action::drop_text_search_template, "drop text search template"},
    {Action::drop_transform, "drop transform"},
    {Action::drop_trigger, "drop trigger"},
    {Action::drop_type, "drop type"},
    {Action::drop_user_mapping, "drop user mapping"},
    {Action::drop_view, "drop view"},
    {Action::rename_aggregate, "rename aggregate"},
    {Action::rename_attribute, "rename attribute"},
    {Action::rename_collation, "rename collation"},
    {Action::rename_column, "rename column"},
    {Action::rename_constraint, "rename constraint"},
    {Action::rename_conversion, "rename conversion"},
    {Action::rename_database, "rename database"},
    {Action::rename_domain, "rename domain"},
    {Action::rename_domain_constraint, "rename domain constraint"},
    {Action::rename_event_trigger, "rename event trigger"},
    {Action::rename_foreign_data_wrapper, "rename foreign data wrapper"},
    {Action::rename_foreign_table, "rename foreign table"},
    {Action::rename_function, "rename function"},
    {Action::rename_index, "rename index"},
    {Action::rename_language, "rename language"},
    {Action::rename_materialized_view, "rename materialized view"},
    {Action::rename_operator_class, "rename operator class"},
    {Action::rename_operator_family, "rename operator family"},
    {Action::rename_policy, "rename policy"},
    {Action::rename_procedure, "rename procedure"},
    {Action::rename_publication, "rename publication"},
    {Action::rename_role, "rename role"},
    {Action::rename_routine, "rename routine"},
    {Action::rename_rule, "rename rule"},
    {Action::rename_schema, "rename schema"},
    {Action::rename_sequence, "rename sequence"},
    {Action::rename_server, "rename server"},
    {Action::rename_statistics, "rename statistics"},
    {Action::rename_subscription, "rename subscription"},
    {Action::rename_table, "rename table"},
    {Action::rename_tablespace, "rename tablespace"},
    {Action::rename_text_search_configuration, "rename text search configuration"},
    {Action::rename_text_search_dictionary, "rename text search dictionary"},
    {Action::rename_text_search_parser, "rename text search parser"},
    {Action::rename_text_search_template, "rename text search template"},
    {Action::rename_trigger, "rename trigger"},
    {Action::rename_type, "rename type"},
    {Action::rename_view, "rename view"},
    {Action::set_schema, "set schema"},
    {Action::owner_to, "owner to"},
    {Action::comment, "comment"},
    {Action::security_label, "security label"},
    {Action::grant, "grant"},
    {Action::revoke, "revoke"},
    {Action::grant_role, "grant role"},
    {Action::revoke_role, "revoke role"},
    {Action::reassign_owned, "reassign owned"},
    {Action::import_foreign_schema, "import foreign schema"},
    {Action::refresh_materialized_view, "refresh materialized view"},
    {Action::vacuum, "vacuum"},
    {Action::analyze, "analyze"},
    {Action::cluster, "cluster"},
    {Action::reindex, "reindex"},
    {Action::checkpoint, "checkpoint"},
    {Action::load, "load"},
    {Action::set, "set"},
    {Action::reset, "reset"},
    {Action::show, "show"},
    {Action::set_transaction, "set transaction"},
    {Action::set_constraints, "set constraints"},
    {Action::set_role, "set role"},
    {Action::set_session_authorization, "set session authorization"},
    {Action::discard, "discard"},
    {Action::begin, "begin"},
    {Action::commit, "commit"},
    {Action::rollback, "rollback"},
    {Action::savepoint, "savepoint"},
    {Action::release, "release"},
    {Action::rollback_to, "rollback to"},
    {Action::prepare_transaction, "prepare transaction"},
    {Action::commit_prepared, "commit prepared"},
    {Action::rollback_prepared, "rollback prepared"},
    {Action::listen, "listen"},
    {Action::notify, "notify"},
    {Action::unlisten, "unlisten"},
    {Action::explain, "explain"},
    {Action::explain_analyze, "explain analyze"},
    {Action::prepare, "prepare"},
    {Action::execute, "execute"},
    {Action::deallocate, "deallocate"},
    {Action::declare_cursor, "declare cursor"},
    {Action::fetch, "fetch"},
    {Action::move, "move"},
    {Action::close, "close"},
});

consteval bool in_order_of_enumeration() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (static_cast<std::size_t>(kWords[i].action) != i) return false;
  }
  return true;
}
static_assert(in_order_of_enumeration(), "name() finds an action's words at its own value");

constexpr auto kActions = [] {
  std::array<Action, kWords.size()> actions{};
  for (std::size_t i = 0; i < kWords.size(); ++i) actions[i] = kWords[i].action;
  return actions;
}();

// In the order of the enumeration.
constexpr auto kKinds =
    std::to_array<std::string_view>({"none", "relation", "function", "type", "setting", "schema", "other"});

}  // namespace

std::string_view name(Action action) noexcept {
  const auto index = static_cast<std::size_t>(action);
  return index < kWords.size() ? kWords[index].text : std::string_view{"unknown action"};
}

std::optional<Action> action_named(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(kWords.begin(), kWords.end(), [&](const Word& word) { return word.text == name; });
  if (found == kWords.end()) return std::nullopt;
  return found->action;
}

std::span<const Action> all_actions() noexcept {
  return kActions;
}

std::string to_text(const Name& name) {
  std::string text;
  text.reserve(name.database.size() + name.schema.size() + name.name.size() + 2);
  if (!name.database.empty()) text.append(name.database) += '.';
  if (!name.schema.empty()) text.append(name.schema) += '.';
  text += name.name;
  return text;
}

Name plain_name_of(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return {{}, {}, std::string(text)};
  return {{}, std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

bool is_plain(const Name& name) {
  const std::string& first = name.schema.empty() ? name.name : name.schema;
  return name.database.empty() && first.find('.') == std::string::npos;
}

std::string_view name(ObjectKind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind) % kKinds.size()];
}

std::optional<ObjectKind> object_kind_named(std::string_view name) noexcept {
  const auto* const found = std::find(kKinds.begin(), kKinds.end(), name);
  if (found == kKinds.end()) return std::nullopt;
  return static_cast<ObjectKind>(found - kKinds.begin());
}

}  // namespace portcullis::sql
