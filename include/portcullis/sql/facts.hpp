// What a statement's text says that it would do. Found by walking every node of PostgreSQL's own parse tree;
// nothing here asks a database, so names stand as written (folded and truncated as PostgreSQL does), not yet
// resolved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/error.hpp"
#include "portcullis/sql/action.hpp"
#include "portcullis/sql/claims.hpp"

namespace portcullis::sql {

enum class ObjectKind : std::uint8_t {
  none,      // the action has no object: begin, show all
  relation,  // table, view, index, sequence, ...: whatever pg_class holds
  function,  // called by name, with no regard to its arguments
  type,
  setting,
  schema,
  other,  // role, database, extension, publication, ...: `object.name` where the statement names one
};

[[nodiscard]] std::string_view name(ObjectKind kind) noexcept;  // "relation"
[[nodiscard]] std::optional<ObjectKind> object_kind_named(std::string_view name) noexcept;

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
// Such a text as a name, where its one dot parts schema and name. is_plain(): it does.
[[nodiscard]] Name plain_name_of(std::string_view text);
[[nodiscard]] bool is_plain(const Name& name);

enum class DefaultExpression : std::uint8_t { none, constant, other };
// What ALTER TABLE ... ADD COLUMN says of the new column.
struct AddedColumn {
  std::string column;
  DefaultExpression default_expression = DefaultExpression::none;
  bool nullable = true;   // false for NOT NULL and PRIMARY KEY
  bool base_type = true;  // a type of PostgreSQL's own by name (no domain, no serial, no other schema)
  bool inline_constraint = false;  // CHECK, UNIQUE, PRIMARY KEY, REFERENCES, IDENTITY, GENERATED, COLLATE
  friend bool operator==(const AddedColumn&, const AddedColumn&) = default;
};

// Longer arguments of functions name nothing and set nothing worth knowing: they count as not known.
inline constexpr std::size_t kLongestArgument = 1024;

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
  // Beside `arguments`: by position, which parameter stands there, 1 for $1, as it is or cast to text; 0 for
  // none. Empty where no argument is one.
  std::vector<std::uint32_t> argument_parameters{};
  // For `execute function`: how many arguments the call has. Nothing where that does not tell which functions
  // it could be: named and VARIADIC arguments, WITHIN GROUP, names without a call.
  std::optional<std::uint32_t> argument_count{};
  bool only = false;        // on a relation: ONLY, so that its children and partitions are left alone
  bool missing_ok = false;  // for DROP, ALTER TABLE, RENAME and SET SCHEMA: IF EXISTS
  // Byte offset in the text of the name or node that causes it; -1 where the tree has none.
  std::int32_t location = -1;
  friend bool operator==(const Effect&, const Effect&) = default;
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

// Whether PostgreSQL runs it outside transaction blocks only (25001 within one: manual, "CREATE INDEX",
// "VACUUM", ...). `perhaps`: the text does not tell, as of REINDEX and CLUSTER, where the table may be
// partitioned, and of subscriptions. What DO and CALL run may do so, too, and counts as `never`.
enum class OutsideTransactions : std::uint8_t { never, perhaps, always };

// A relation that a query names, and the name that its columns go by there. A join's alias goes for all the
// tables in it: each is a range by that alias too. The target of INSERT is one where RETURNING or ON CONFLICT
// can read it, with "excluded" for the rows proposed; of what has RETURNING the target is a range by "old"
// and "new" too. Tables of DDL are where its expressions speak of them.
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

// A stretch of decimal digits in a text.
struct Digits {
  std::uint32_t offset = 0, length = 0;  // bytes
  friend auto operator<=>(const Digits&, const Digits&) = default;
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
  OutsideTransactions outside_transactions = OutsideTransactions::never;
  // What decides how strongly they lock: REINDEX with CONCURRENTLY, VACUUM with FULL.
  bool is_concurrent = false, is_full = false;
  // Nothing but select, copy to stdout, show, fetch, explain and session control: cannot change data. Calls
  // no function but PostgreSQL's own of which none by that name is volatile.
  bool reads_only = false;
  // The rows written out in an INSERT ... VALUES that is the statement itself, DEFAULT VALUES being one.
  // Nothing for one with WITH. A row alone may still become several, by a function in it that returns a set.
  std::optional<std::uint64_t> values_rows{};
  // Numbers that decide nothing here: a text that has other digits in these places, and is otherwise the
  // same, has the same facts. Of SELECT, INSERT, UPDATE and DELETE, where they are operands or values of
  // columns and have up to nine digits; in the order of the text. Not every such number need be among them.
  std::vector<Digits> free_digits{};
  // COPY ... FROM STDIN / TO STDOUT.
  bool copy_from_stdin = false, copy_to_stdout = false;
  // PREPARE p AS ..., DECLARE c CURSOR FOR ...: the name made; EXECUTE p, FETCH/MOVE c, CLOSE c, DEALLOCATE
  // p: the one used.
  std::string prepares, declares_cursor, executes, fetches;
  // Set where the analysis refused the text: nothing else here says anything of it.
  std::optional<base::Error> not_understood;
  friend bool operator==(const StatementFacts&, const StatementFacts&) = default;
};

// A whole Query or Parse text. No statement at all for an empty or comment-only text (PostgreSQL answers
// EmptyQueryResponse).
struct Facts {
  std::vector<StatementFacts> statements;
  // By the last comment of the text, if that is a block comment.
  Claims claims{};
  friend bool operator==(const Facts&, const Facts&) = default;
};

// In place of the facts of a text that analyze() refused with `error`, for whoever forwards it nevertheless:
// one statement that may do anything.
[[nodiscard]] Facts not_understood_facts(const base::Error& error);

}  // namespace portcullis::sql
