// What a statement's text says that it would do. Found by walking every node of PostgreSQL's own parse tree;
// nothing here asks a database, so names stand as written (folded and truncated as PostgreSQL does), not yet
// resolved.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::sql {

// One thing that a statement does, in PostgreSQL's own words ("select", "alter table add column", "drop
// index"). The enumerators are the words joined by underscores, with one behind where C++ has the word for
// itself.
enum class Action : std::uint16_t {
  // Rows.
  select,
  insert,
  update,
  delete_,
  truncate,
  references,
  lock,
  select_for_update,
  copy_from_stdin,
  copy_to_stdout,
  copy_from_file,
  copy_to_file,
  copy_from_program,
  copy_to_program,
  // Beside any of the others: dependents go too (DROP ... CASCADE, TRUNCATE ... CASCADE, REVOKE ... CASCADE).
  cascade,
  // Code, and what calls code without a function's name.
  execute_function,
  call,
  do_,
  use_type,
  use_operator,
  use_collation,
  use_operator_class,
  use_access_method,
  use_tablespace,
  // ALTER TABLE: one for each sub-command of the manual page.
  alter_table_add_column,
  alter_table_set_default,
  alter_table_drop_default,
  alter_table_set_not_null,
  alter_table_drop_not_null,
  alter_table_drop_expression,
  alter_table_set_statistics,
  alter_table_set_column_options,
  alter_table_reset_column_options,
  alter_table_set_storage,
  alter_table_set_compression,
  alter_table_drop_column,
  alter_table_alter_column_type,
  alter_table_alter_column_foreign_options,
  alter_table_add_identity,
  alter_table_set_identity,
  alter_table_drop_identity,
  alter_table_add_constraint,
  alter_table_alter_constraint,
  alter_table_validate_constraint,
  alter_table_drop_constraint,
  alter_table_owner_to,
  alter_table_cluster_on,
  alter_table_set_without_cluster,
  alter_table_set_logged,
  alter_table_set_unlogged,
  alter_table_set_without_oids,
  alter_table_set_access_method,
  alter_table_set_tablespace,
  alter_table_set_storage_parameters,
  alter_table_reset_storage_parameters,
  alter_table_enable_trigger,
  alter_table_enable_always_trigger,
  alter_table_enable_replica_trigger,
  alter_table_disable_trigger,
  alter_table_enable_trigger_all,
  alter_table_disable_trigger_all,
  alter_table_enable_trigger_user,
  alter_table_disable_trigger_user,
  alter_table_enable_rule,
  alter_table_enable_always_rule,
  alter_table_enable_replica_rule,
  alter_table_disable_rule,
  alter_table_inherit,
  alter_table_no_inherit,
  alter_table_of,
  alter_table_not_of,
  alter_table_replica_identity,
  alter_table_enable_row_level_security,
  alter_table_disable_row_level_security,
  alter_table_force_row_level_security,
  alter_table_no_force_row_level_security,
  alter_table_foreign_options,
  alter_table_attach_partition,
  alter_table_detach_partition,
  alter_table_detach_partition_finalize,
  // ALTER of other objects, whatever the sub-command.
  alter_collation,
  alter_database,
  alter_default_privileges,
  alter_domain,
  alter_event_trigger,
  alter_extension,
  alter_foreign_data_wrapper,
  alter_foreign_table,
  alter_function,
  alter_index,
  alter_materialized_view,
  alter_operator,
  alter_operator_family,
  alter_policy,
  alter_procedure,
  alter_publication,
  alter_role,
  alter_routine,
  alter_sequence,
  alter_server,
  alter_statistics,
  alter_subscription,
  alter_system,
  alter_tablespace,
  alter_text_search_configuration,
  alter_text_search_dictionary,
  alter_type,
  alter_user_mapping,
  alter_view,
  alter_depends_on_extension,
  alter_all_in_tablespace,
  // CREATE.
  create_access_method,
  create_aggregate,
  create_cast,
  create_collation,
  create_conversion,
  create_database,
  create_domain,
  create_event_trigger,
  create_extension,
  create_foreign_data_wrapper,
  create_foreign_table,
  create_function,
  create_index,
  create_index_concurrently,
  create_language,
  create_materialized_view,
  create_operator,
  create_operator_class,
  create_operator_family,
  create_policy,
  create_procedure,
  create_publication,
  create_role,
  create_rule,
  create_schema,
  create_sequence,
  create_server,
  create_statistics,
  create_subscription,
  create_table,
  create_table_as,
  create_tablespace,
  create_temporary_sequence,
  create_temporary_table,
  create_temporary_view,
  create_text_search_configuration,
  create_text_search_dictionary,
  create_text_search_parser,
  create_text_search_template,
  create_transform,
  create_trigger,
  create_type,
  create_user_mapping,
  create_view,
  select_into,
  // DROP.
  drop_access_method,
  drop_aggregate,
  drop_cast,
  drop_collation,
  drop_conversion,
  drop_database,
  drop_domain,
  drop_event_trigger,
  drop_extension,
  drop_foreign_data_wrapper,
  drop_foreign_table,
  drop_function,
  drop_index,
  drop_index_concurrently,
  drop_language,
  drop_materialized_view,
  drop_operator,
  drop_operator_class,
  drop_operator_family,
  drop_owned,
  drop_policy,
  drop_procedure,
  drop_publication,
  drop_role,
  drop_routine,
  drop_rule,
  drop_schema,
  drop_sequence,
  drop_server,
  drop_statistics,
  drop_subscription,
  drop_table,
  drop_tablespace,
  drop_text_search_configuration,
  drop_text_search_dictionary,
  drop_text_search_parser,
  drop_text_search_template,
  drop_transform,
  drop_trigger,
  drop_type,
  drop_user_mapping,
  drop_view,
  // ALTER ... RENAME, SET SCHEMA and OWNER TO (for tables the last is "alter table owner to").
  rename_aggregate,
  rename_attribute,
  rename_collation,
  rename_column,
  rename_constraint,
  rename_conversion,
  rename_database,
  rename_domain,
  rename_domain_constraint,
  rename_event_trigger,
  rename_foreign_data_wrapper,
  rename_foreign_table,
  rename_function,
  rename_index,
  rename_language,
  rename_materialized_view,
  rename_operator_class,
  rename_operator_family,
  rename_policy,
  rename_procedure,
  rename_publication,
  rename_role,
  rename_routine,
  rename_rule,
  rename_schema,
  rename_sequence,
  rename_server,
  rename_statistics,
  rename_subscription,
  rename_table,
  rename_tablespace,
  rename_text_search_configuration,
  rename_text_search_dictionary,
  rename_text_search_parser,
  rename_text_search_template,
  rename_trigger,
  rename_type,
  rename_view,
  set_schema,
  owner_to,
  // Other changes to the database.
  comment,
  security_label,
  grant,
  revoke,
  grant_role,
  revoke_role,
  reassign_owned,
  import_foreign_schema,
  refresh_materialized_view,
  vacuum,
  analyze,
  cluster,
  reindex,
  checkpoint,
  load,
  // The session and its transactions.
  set,
  reset,
  show,
  set_transaction,
  set_constraints,
  set_role,
  set_session_authorization,
  discard,
  begin,
  commit,
  rollback,
  savepoint,
  release,
  rollback_to,
  prepare_transaction,
  commit_prepared,
  rollback_prepared,
  listen,
  notify,
  unlisten,
  // Statements about statements.
  explain,
  explain_analyze,
  prepare,
  execute,
  deallocate,
  declare_cursor,
  fetch,
  move,
  close,
};
// E.g. "alter table add column".
[[nodiscard]] std::string_view name(Action action) noexcept;
[[nodiscard]] std::optional<Action> action_named(std::string_view name) noexcept;
[[nodiscard]] std::span<const Action> all_actions() noexcept;

enum class ObjectKind : std::uint8_t {
  none,      // the action has no object: begin, show all
  relation,  // table, view, index, sequence, ...: whatever pg_class holds
  function,  // called by name, with no regard to its arguments
  type,
  setting,
  schema,
  other,  // role, database, extension, publication, ...: `object.name` where the statement names one
};

// A name as PostgreSQL reads it: quotes undone, folded to lower case where unquoted, cut to 63 bytes.
struct Name {
  std::string database;  // only in three-part names
  std::string schema;    // empty: to be found by search_path
  std::string name;
  friend bool operator==(const Name&, const Name&) = default;
  friend auto operator<=>(const Name&, const Name&) = default;
};
// "schema.name" without quotes, for messages and records.
[[nodiscard]] std::string to_text(const Name& name);

enum class DefaultExpression : std::uint8_t { none, constant, other };
// What ALTER TABLE ... ADD COLUMN says of the new column.
struct AddedColumn {
  std::string column;
  DefaultExpression default_expression = DefaultExpression::none;
  bool nullable = true;   // false for NOT NULL and PRIMARY KEY
  bool base_type = true;  // a type of PostgreSQL's own by name (no domain, no serial, no other schema)
  bool inline_constraint = false;  // CHECK, UNIQUE, PRIMARY KEY, REFERENCES, IDENTITY, GENERATED, COLLATE
};

// What to know about some of them:
// - A new temporary relation is in the schema "pg_temp", as for PostgreSQL.
// - Triggers, rules, policies, columns, constraints, statistics and indexes being made are effects on their
// table;
//   DROP INDEX and ALTER INDEX name the index.
// - COPY t FROM is also an insert, COPY t TO also a select; serial is also "create sequence"; RENAME and SET
// SCHEMA of a
//   relation are effects on the old name and on the new one; ATTACH PARTITION and INHERIT are on both tables.
// - "cascade" stands beside the effect that has the word CASCADE, on the same object.
// - Types, operators, operator classes, collations and access methods are effects (use ...) only where they
// are not
//   PostgreSQL's own by name.
struct Effect {
  Action action;
  ObjectKind kind = ObjectKind::none;
  Name object{};
  // For insert, update, copy, references and alter table: the columns named. Empty: none named, or all. What
  // expressions of ALTER TABLE and CREATE INDEX read stands in `column_uses`.
  std::vector<std::string> columns{};
  std::optional<AddedColumn> added_column{};  // for "alter table add column" only
  // For update and delete: the statement that does it has a WHERE of its own (CURRENT OF counts, a join does
  // not) or, for MERGE, an ON. One that names no column of the target, as WHERE true, is none; inside a
  // sub-select only a column behind the target's name or alias is one of the target.
  bool has_where = false;
  // For `set`: the values as written, for the few settings whose value matters. Constants only; else empty
  // and `value_is_constant` false. DEFAULT and RESET have no values and value_is_constant true.
  std::vector<std::string> values{};
  bool value_is_constant = true;
  // For `execute function`: nothing is called by that name in the text, but a column reference `x.name` or a
  // field selection `(x).name` is a call of that function where no such column exists (PostgreSQL manual,
  // "Field Selection" and "Function Calls"). Set for names of PostgreSQL's own functions only.
  bool attribute_notation = false;
  // For `execute function`: by position, the arguments that are constants as text, read through casts that
  // keep it (to text, regclass and its kind, whole numbers, ...: 'app.s'::regclass); nothing for those that
  // are not, for NULL and for more than 1,024 bytes. Empty where the call has named or VARIADIC arguments,
  // and for what comes after the 100th different list of one function's: then none is known.
  std::vector<std::optional<std::string>> arguments{};
  // For `execute function`: how many arguments the call has. Nothing where that does not tell which functions
  // it could be: named and VARIADIC arguments, WITHIN GROUP, names without a call.
  std::optional<std::uint32_t> argument_count{};
  bool only = false;        // on a relation: ONLY, so that its children and partitions are left alone
  bool missing_ok = false;  // for DROP, ALTER TABLE, RENAME and SET SCHEMA: IF EXISTS
  // Byte offset in the text of the name or node that causes it; -1 where the tree has none.
  std::int32_t location = -1;
};

// Which statements start, end or fail transactions, for the session to follow.
enum class TransactionControl : std::uint8_t {
  none,
  begin,
  commit,
  rollback,
  savepoint,
  release,
  rollback_to,
  prepare_transaction,
  commit_prepared,
  rollback_prepared
};

// A relation that a query names, and the name that its columns go by there. A join's alias goes for all the
// tables in it: each is a range by that alias too. The target of INSERT is one where RETURNING or ON CONFLICT
// can read it, with "excluded" for the rows proposed; tables of DDL are where its expressions speak of them.
// `level`: that of the query whose FROM it stands in, see StatementFacts::enclosing_levels.
struct Range {
  Name relation;
  std::string alias;             // empty: the relation's own name
  bool renames_columns = false;  // AS t (x, y): which column `x` is stands in the catalog only
  std::uint32_t level = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// A reference to columns: x, t.x, s.t.x, t.*, *. Columns of a USING list and the targets of ON CONFLICT are
// among them; NATURAL JOIN counts as *. A bare x may also be the whole row of a relation that goes by that
// name; t.x may also be a call of a function x with the whole row of t. It can mean ranges of its own level
// and of those around it; a star with nothing in front means those of its own level only.
struct ColumnUse {
  Name of{};             // t, or s.t; empty where nothing stands in front
  std::string column{};  // empty for *
  std::int32_t location = -1;
  // (x).column: a field of a composite value, or a call of a function of that name with it. `of` is empty.
  bool of_expression = false;
  std::uint32_t level = 0;
  friend bool operator==(const ColumnUse&, const ColumnUse&) = default;
};

struct StatementFacts {
  std::string kind;  // PostgreSQL's command tag without counts: "SELECT", "ALTER TABLE", "CREATE INDEX"
  std::uint32_t offset = 0;     // bytes from the start of the text
  std::uint32_t length = 0;     // bytes, without the semicolon
  std::vector<Effect> effects;  // in the order found; the same effect on the same object once
  // Of all queries in the statement, whatever their nesting; each once in its level. Which of two names hides
  // the other, and what is not yet visible in a join's condition, is not told: a reference is to be taken for
  // every column that it could mean.
  std::vector<Range> ranges;
  std::vector<ColumnUse> column_uses;
  // Each query has a level of its own: every SELECT, every arm of a UNION, INSERT, UPDATE, DELETE, MERGE; 0
  // is what stands in no query, as the expressions of DDL. For each level the one around it whose names it
  // sees, which has a lower number; for 0 itself. A WITH query and a subquery in FROM without LATERAL do not
  // see the tables of the query that they stand in, but those of the ones around that.
  std::vector<std::uint32_t> enclosing_levels{0};
  // What FROM items without a relation of their own go by: subqueries, functions, joins, WITH queries,
  // VALUES.
  std::vector<std::string> derived;
  // Every operator by name, PostgreSQL's own too: a user's may have the same.
  std::vector<Name> operators;
  TransactionControl transaction = TransactionControl::none;
  // Nothing but select, copy to stdout, show, fetch, explain and session control: cannot change data. Calls
  // no function but PostgreSQL's own of which none by that name is volatile.
  bool reads_only = false;
  // COPY ... FROM STDIN / TO STDOUT.
  bool copy_from_stdin = false, copy_to_stdout = false;
  // PREPARE p AS ..., DECLARE c CURSOR FOR ...: the name made; EXECUTE p, FETCH/MOVE c, CLOSE c, DEALLOCATE
  // p: the one used.
  std::string prepares, declares_cursor, executes, fetches;
};

// A whole Query or Parse text. No statement at all for an empty or comment-only text (PostgreSQL answers
// EmptyQueryResponse).
struct Facts {
  std::vector<StatementFacts> statements;
};

}  // namespace portcullis::sql
