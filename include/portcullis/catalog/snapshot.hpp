// What a database held at one moment, as far as judging a statement needs it: an immutable value, shared by
// all threads.
//
// Built from the rows of the queries in catalog/queries.hpp, whether these come from a server or from a file
// that `portcullis catalog dump` wrote. What PostgreSQL itself brings (pg_catalog, information_schema, oids
// below 16384) is here only as far as those queries select it: catalogs and system views with their columns,
// no functions, no operators. Pointers and spans into a snapshot live as long as it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::catalog {

using Oid = std::uint32_t;
inline constexpr Oid kNoOid = 0;
inline constexpr Oid kFirstUserOid = 16384;  // FirstNormalObjectId: below it is what initdb made

// pg_class.relkind.
enum class RelationKind : char {
  table = 'r',
  index = 'i',
  sequence = 'S',
  toast_table = 't',
  view = 'v',
  materialized_view = 'm',
  composite_type = 'c',
  foreign_table = 'f',
  partitioned_table = 'p',
  partitioned_index = 'I',
};

struct Schema {
  Oid oid = kNoOid;
  std::string name;
};

struct Column {
  std::int16_t number = 0;  // attnum; columns that were dropped are left out, system columns too
  std::string name;
  Oid type = kNoOid;
};

// The statements on a relation that make something attached to it run.
struct Events {
  bool select = false, insert = false, update = false, delete_ = false, truncate = false;
  friend bool operator==(const Events&, const Events&) = default;
};

// A relation that a piece of stored code names, with the columns that it reads.
struct Access {
  Oid relation = kNoOid;
  std::vector<std::string> columns;
  bool all_columns = false;  // a whole row: every column
};

// Stored code that hangs on a relation.
struct Attached {
  enum class Kind : std::uint8_t {
    view_definition,  // the SELECT of a view or materialized view
    rule,             // CREATE RULE; may do anything to what it reads
    trigger,          // made by a user; those of foreign keys are `ForeignKey`
    policy,           // row-level security
    default_value,    // DEFAULT, GENERATED, IDENTITY
    check,
    index,  // expressions, predicate, operator classes and exclusion operators of users
    partition_key,
    statistics,
  };
  Kind kind = Kind::check;
  std::string name;  // of the rule, trigger, policy, constraint, index; of the column for a default
  Events events;
  bool instead = false;        // a rule: ... DO INSTEAD; a trigger: INSTEAD OF
  std::vector<Oid> functions;  // that it calls by name, by operator or by cast; PostgreSQL's own too
  std::vector<Access>
      accesses;  // that it names; its own relation only where the code itself reads or writes it
};

struct ForeignKey {
  enum class Action : char {
    no_action = 'a',
    restrict_ = 'r',
    cascade = 'c',
    set_null = 'n',
    set_default = 'd'
  };
  std::string name;
  Oid child = kNoOid, parent = kNoOid;  // the table with REFERENCES, and the one that it references
  std::vector<std::string> child_columns, parent_columns;
  Action on_update = Action::no_action, on_delete = Action::no_action;
};

struct Relation {
  Oid oid = kNoOid;
  Oid schema = kNoOid;
  std::string name;
  RelationKind kind = RelationKind::table;
  bool temporary = false;     // of whichever session; as it was when read, the fingerprint does not cover it
  bool row_security = false;  // its policies are in force
  std::vector<Column> columns;
  std::vector<Attached> attached;
  std::vector<Oid> children, parents;  // direct: inheritance and partitions
  std::vector<Oid> used_by;            // relations whose stored code names this one: views, policies, rules
  Oid table = kNoOid;                  // an index's table; the table whose column owns a sequence
  std::vector<Oid> indexes, owned_sequences;
  [[nodiscard]] const Column* column(std::string_view name) const noexcept;
};

struct Function {
  enum class Kind : char { function = 'f', procedure = 'p', aggregate = 'a', window = 'w' };
  Oid oid = kNoOid;
  Oid schema = kNoOid;
  std::string name;
  std::string
      arguments;  // types as pg_get_function_identity_arguments gives them without names: "integer, text"
  std::vector<Oid> argument_types;  // input arguments
  int defaults = 0;                 // how many of them, the last ones, may be left out
  bool variadic = false;            // the last one may be many
  Oid result = kNoOid;
  Kind kind = Kind::function;
  std::string language;
  char volatility = 'v';  // i, s, v
  bool security_definer = false;
  std::string
      body_hash;  // lower-case hex MD5 that the server made of source, library, settings and signature
  std::string extension;  // that it belongs to; empty: none

  // Whether a call by position with so many arguments can mean it. Always for procedures: whether OUT
  // arguments are counted depends on the server's version.
  [[nodiscard]] bool takes(std::size_t given) const noexcept;
};

struct Type {
  enum class Kind : char {
    base = 'b',
    composite = 'c',
    domain = 'd',
    enumeration = 'e',
    pseudo = 'p',
    range = 'r',
    multirange = 'm',
  };
  Oid oid = kNoOid;
  Oid schema = kNoOid;
  std::string name;
  Kind kind = Kind::base;
  Oid relation = kNoOid;   // of a composite type: the relation with its columns
  std::vector<Oid> parts;  // element, domain's base, range's subtype, attributes
  // A domain's CHECKs and default, a range's canonical and difference, users' functions that a base type is
  // made of, and those by which values of the type are sorted and grouped. Those of `parts` stand with the
  // parts.
  std::vector<Oid> functions;
  std::string extension;
};

struct Operator {
  Oid schema = kNoOid;
  std::string name;
  Oid left = kNoOid, right = kNoOid;  // kNoOid where it has no such operand
  Oid function = kNoOid;
};

struct Cast {
  Oid source = kNoOid, target = kNoOid;
  Oid function = kNoOid;  // always one of a user: the others are left out
};

struct EventTrigger {
  std::string name;
  std::string event;              // "ddl_command_start", ...
  std::vector<std::string> tags;  // empty: all
  Oid function = kNoOid;
};

class Dependencies;

class Snapshot {
 public:
  struct Data;  // the inside, known to this room only
  explicit Snapshot(std::unique_ptr<const Data> data);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  [[nodiscard]] int server_version() const noexcept;  // server_version_num: 150018
  [[nodiscard]] const std::string& database() const noexcept;
  // Changes whenever something that a verdict stands on has changed (catalog/queries.hpp).
  [[nodiscard]] const std::string& fingerprint() const noexcept;

  [[nodiscard]] const Schema* schema(std::string_view name) const noexcept;
  [[nodiscard]] const Schema* schema(Oid oid) const noexcept;
  [[nodiscard]] const Relation* relation(Oid oid) const noexcept;
  [[nodiscard]] const Relation* relation(std::string_view schema, std::string_view name) const noexcept;
  [[nodiscard]] std::span<const Relation> relations() const noexcept;  // by oid
  // Where `oid` is the parent, and where it is the child.
  [[nodiscard]] std::span<const ForeignKey* const> foreign_keys_to(Oid oid) const noexcept;
  [[nodiscard]] std::span<const ForeignKey* const> foreign_keys_from(Oid oid) const noexcept;
  // Users' functions (every kind): by oid, and all overloads of a name in a schema.
  [[nodiscard]] const Function* function(Oid oid) const noexcept;
  [[nodiscard]] std::span<const Function* const> functions(std::string_view schema,
                                                           std::string_view name) const noexcept;
  [[nodiscard]] std::span<const Function> functions() const noexcept;  // by oid
  // The name of one of PostgreSQL's own functions that stored code calls: "pg_sleep". Empty for any other
  // oid.
  [[nodiscard]] std::string_view builtin_function_name(Oid oid) const noexcept;
  [[nodiscard]] const Type* type(Oid oid) const noexcept;
  [[nodiscard]] const Type* type(std::string_view schema, std::string_view name) const noexcept;
  // Users' operators of a name, in every schema.
  [[nodiscard]] std::span<const Operator* const> operators(std::string_view name) const noexcept;
  [[nodiscard]] std::span<const Cast> casts() const noexcept;
  [[nodiscard]] std::span<const EventTrigger> event_triggers() const noexcept;

  [[nodiscard]] const Dependencies& dependencies() const noexcept;  // known to this room only

  // "schema.name" for messages; the number where nothing has that oid.
  [[nodiscard]] std::string relation_text(Oid oid) const;

 private:
  std::unique_ptr<const Data> data_;
};

}  // namespace portcullis::catalog
