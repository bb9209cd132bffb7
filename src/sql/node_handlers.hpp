// One function for each node that means something by itself; all others are walked through to their children.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/node.hpp"
#include "sql/walker.hpp"

namespace portcullis::sql {

using Handler = void (*)(Walker&, const Node&);
// Null for a node that is not known. Every node of tree_schema.hpp has a handler: a test sees to it.
[[nodiscard]] Handler handler_of(std::string_view node_type) noexcept;

// walk_expressions.cpp
void walk_children(Walker& walker, const Node& node);
void walk_column_reference(Walker& walker, const Node& node);
void walk_indirection(Walker& walker, const Node& node);
void walk_function_call(Walker& walker, const Node& node);
void walk_operator_expression(Walker& walker, const Node& node);
void walk_case(Walker& walker, const Node& node);
void walk_sublink(Walker& walker, const Node& node);
void walk_sort(Walker& walker, const Node& node);
void walk_type_name(Walker& walker, const Node& node);
void walk_collate(Walker& walker, const Node& node);
void walk_xml_expression(Walker& walker, const Node& node);
void walk_xml_serialize(Walker& walker, const Node& node);
void walk_index_element(Walker& walker, const Node& node);  // and a partition key's
void walk_function_name(Walker& walker, const Node& node);
void walk_operator_class_item(Walker& walker, const Node& node);
void walk_option(Walker& walker, const Node& node);

// walk_ranges.cpp
void walk_relation(Walker& walker, const Node& node);
void walk_derived(Walker& walker, const Node& node);  // a function in FROM
void walk_subquery(Walker& walker, const Node& node);
void walk_xml_table(Walker& walker, const Node& node);
void walk_table_sample(Walker& walker, const Node& node);
void walk_join(Walker& walker, const Node& node);

// walk_queries.cpp
void walk_select(Walker& walker, const Node& node);
void walk_insert(Walker& walker, const Node& node);
void walk_update(Walker& walker, const Node& node);
void walk_assigned_row(Walker& walker, const Node& node);
void walk_delete(Walker& walker, const Node& node);
void walk_merge(Walker& walker, const Node& node);
void walk_copy(Walker& walker, const Node& node);
void walk_truncate(Walker& walker, const Node& node);
void walk_lock(Walker& walker, const Node& node);

// walk_tables.cpp
void walk_create_table(Walker& walker, const Node& node);
void walk_create_foreign_table(Walker& walker, const Node& node);
void walk_create_table_as(Walker& walker, const Node& node);
void walk_create_view(Walker& walker, const Node& node);
void walk_create_index(Walker& walker, const Node& node);
void walk_create_sequence(Walker& walker, const Node& node);
void walk_alter_sequence(Walker& walker, const Node& node);
void walk_create_trigger(Walker& walker, const Node& node);
void walk_create_rule(Walker& walker, const Node& node);
void walk_policy(Walker& walker, const Node& node);
void walk_create_statistics(Walker& walker, const Node& node);
void walk_refresh(Walker& walker, const Node& node);
void walk_vacuum(Walker& walker, const Node& node);
void walk_cluster(Walker& walker, const Node& node);
void walk_reindex(Walker& walker, const Node& node);
void walk_constraint(Walker& walker, const Node& node);

// walk_alter_table.cpp
void walk_alter_table(Walker& walker, const Node& node);

// walk_objects.cpp
void walk_drop(Walker& walker, const Node& node);
void walk_rename(Walker& walker, const Node& node);
void walk_set_schema(Walker& walker, const Node& node);
void walk_owner(Walker& walker, const Node& node);
void walk_depends(Walker& walker, const Node& node);
void walk_comment(Walker& walker, const Node& node);
void walk_extension_contents(Walker& walker, const Node& node);
void walk_grant(Walker& walker, const Node& node);
void walk_grant_role(Walker& walker, const Node& node);
void walk_default_privileges(Walker& walker, const Node& node);
void walk_owned(Walker& walker, const Node& node);
void walk_drop_roles(Walker& walker, const Node& node);

// walk_definitions.cpp
void walk_definition(Walker& walker, const Node& node);
void walk_define(Walker& walker, const Node& node);
void walk_create_function(Walker& walker, const Node& node);
void walk_parameter(Walker& walker, const Node& node);
void walk_alter_function(Walker& walker, const Node& node);
void walk_create_schema(Walker& walker, const Node& node);
void walk_create_extension(Walker& walker, const Node& node);
void walk_move_all(Walker& walker, const Node& node);
void walk_import_schema(Walker& walker, const Node& node);
void walk_alter_system(Walker& walker, const Node& node);

// walk_session.cpp
void walk_transaction(Walker& walker, const Node& node);
void walk_set(Walker& walker, const Node& node);
void walk_show(Walker& walker, const Node& node);
void walk_session_command(Walker& walker, const Node& node);
void walk_explain(Walker& walker, const Node& node);
void walk_prepare(Walker& walker, const Node& node);
void walk_execute(Walker& walker, const Node& node);
void walk_deallocate(Walker& walker, const Node& node);
void walk_declare_cursor(Walker& walker, const Node& node);
void walk_fetch(Walker& walker, const Node& node);
void walk_close(Walker& walker, const Node& node);
void walk_call(Walker& walker, const Node& node);
void walk_do(Walker& walker, const Node& node);

// Shared by them.
// A literal, NULL, a cast of one to a type of PostgreSQL's own, or an array of such.
[[nodiscard]] bool is_constant(const Node& expression);
// The value of a literal as it is written; nothing for NULL and any other expression. The tree was made from
// `statement`.
[[nodiscard]] std::optional<std::string> literal(const Node& node, std::string_view statement);
// Effect::argument_parameters of a FuncCall that has Effect::arguments.
[[nodiscard]] std::vector<std::uint32_t> parameter_arguments(const Node& call);
// Effect::arguments of a FuncCall.
[[nodiscard]] std::vector<std::optional<std::string>> constant_arguments(const Node& call,
                                                                         std::string_view statement);
// Whether the list `options` of the node has the boolean option `name` on. Of several the last one decides,
// as for PostgreSQL; what is not clearly "no" is "yes".
[[nodiscard]] bool has_option(const Node& node, std::string_view options, std::string_view name);
// What an item of FROM goes by in its query; empty for a join without an alias.
[[nodiscard]] std::string range_name(const Node& item);
// What stands in front of a column of it.
[[nodiscard]] Name name_in_query(const Node& range_var);
void add_range(Walker& walker, const Node& range_var);
// The columns that elements of an index or of statistics name.
void add_element_columns(Walker& walker, const std::vector<Node>& elements, const Name& of);
// The type of a column or cast whose values name objects: regclass and its kind.
[[nodiscard]] bool names_an_object(const Node& type);
[[nodiscard]] bool is_builtin_type_name(const Node& type_name);
// smallserial, serial, bigserial and their other names: not types, but orders to make a sequence.
[[nodiscard]] bool is_serial(const Node& type_name);
// In a place where PostgreSQL makes a new relation: temporary ones are in the schema pg_temp.
[[nodiscard]] Name new_relation_name(const Node& range_var);
// For a list of strings that names a function.
void add_function(Walker& walker, const std::vector<Node>& name, std::int32_t location);
// Of pg_catalog.
void add_own_function(Walker& walker, std::string_view name, std::int32_t location);
void add_operator(Walker& walker, const std::vector<Node>& name, std::int32_t location);
void add_storage(Walker& walker, std::string_view access_method, std::string_view tablespace);
// The type, collation, default and constraints of a column, and the sequence that serial makes for it.
void walk_column_definition(Walker& walker, const Node& column, const Name& table);

}  // namespace portcullis::sql
