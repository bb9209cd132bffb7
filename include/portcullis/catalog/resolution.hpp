// What a statement would do, with every name resolved as PostgreSQL would resolve it and with all that
// follows from it: views opened, partitions, cascades, triggers, defaults. What policy judges.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::catalog {

// How an effect came about.
enum class Via : std::uint8_t {
  written,  // stands in the statement
  view,     // by a view's definition
  rule,     // by CREATE RULE
  trigger,
  policy,             // row-level security
  inheritance,        // a child table or partition
  foreign_key,        // ON DELETE or ON UPDATE does something to the child
  reference,          // the check that the parent has the key
  stored_expression,  // default, CHECK, index, partition key, domain
  operator_,          // an operator or cast that is a user's function
  cascade,            // DROP or TRUNCATE ... CASCADE
  event_trigger,
};

[[nodiscard]] std::string_view name(Via via) noexcept;  // "foreign key"
[[nodiscard]] std::optional<Via> via_named(std::string_view name) noexcept;

struct ResolvedEffect {
  // As written, but: the object where PostgreSQL finds it, and for select, insert, update, copy and
  // references the columns that are touched, sorted, each once; for indexes, statistics, constraints, new
  // columns and ALTER COLUMN TYPE also those that their expressions read. A name that several objects could
  // be meant by has an effect for each.
  sql::Effect effect;
  bool all_columns = false;  // of the relation's columns every one, those of `effect.columns` or not
  Via via = Via::written;
  // The effect of the same Resolution that brings this one about; -1 for one that is written.
  std::int32_t cause = -1;
  std::string through{};  // for messages: "view app.people", "ON DELETE CASCADE from app.customers"; empty
                          // when written
  Oid oid = kNoOid;       // kNoOid: PostgreSQL's own function, or nothing that has an oid
  bool missing = false;   // the catalog has no such object: PostgreSQL would say that it does not exist
  RelationKind relation_kind = RelationKind::table;  // of a relation that is there
  // Of a user's function: its argument types, body hash and extension, as in Function.
  std::string arguments{}, body_hash{}, extension{};
};

struct Resolution {
  std::vector<ResolvedEffect> effects;  // causes before what they bring about, statements in order
  // Whether a catalog stood behind it. Without one names are only completed by the search path.
  bool has_catalog = false;
};

// How one session sees names.
struct NameSpace {
  // The schemas that unqualified names are looked up in, in order, as current_schemas(true) gives them;
  // without a catalog the search_path as pinned. pg_catalog is implicitly first where it is not named.
  std::vector<std::string> search_path;
};

// Pure and thread-safe. Never fails: what cannot be resolved stands in the effects as `missing`. Bounded by
// kMaxEffects: what would be more ends with one effect of the action that was too much on an object that no
// rule can allow (an empty name, `missing`).
inline constexpr std::size_t kMaxEffects = 10'000;
[[nodiscard]] Resolution resolve(const sql::Facts& facts, const Snapshot& snapshot, const NameSpace& names);
// Without a catalog: each unqualified name is whatever it could mean on the path.
[[nodiscard]] Resolution resolve_by_name(const sql::Facts& facts, const NameSpace& names);

// What a Parse message says by the oids of its parameters' types: a `use type` for each of a user's, as if
// the text had cast the parameter to it; to be put to the statement's effects before it is resolved. An
// array's is that of its element. An oid that the snapshot does not know gives a name that no type has, which
// resolves to `missing`. Nothing for PostgreSQL's own types and for 0, which leaves the type open.
[[nodiscard]] std::vector<sql::Effect> type_effects(std::span<const Oid> types, const Snapshot& snapshot);

}  // namespace portcullis::catalog
