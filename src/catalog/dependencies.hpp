// pg_depend, as far as objects of users stand in it: what needs what, and the names of what has no place of
// its own in a snapshot.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "portcullis/catalog/snapshot.hpp"

namespace portcullis::catalog {

// Oids of the catalogs that objects stand in: PostgreSQL gives them by hand, the same in every version.
enum class Catalog : std::uint16_t {
  type = 1247,
  function = 1255,
  relation = 1259,
  default_value = 2604,
  constraint = 2606,
  schema = 2615,
  rule = 2618,
  trigger = 2620,
  policy = 3256,
};

struct ObjectId {
  Oid oid = kNoOid;
  Catalog catalog = Catalog::relation;
  std::int16_t part = 0;  // a column's number; 0: the whole object
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

struct Dependency {
  // pg_depend.deptype
  enum class Kind : char {
    normal = 'n',
    automatic = 'a',
    internal = 'i',
    partition_first = 'P',
    partition_second = 'S',
    extension = 'e',
    automatic_extension = 'x',
  };
  ObjectId dependent, on;
  Kind kind = Kind::normal;
};

// An object that is no relation, type, function or schema.
struct SmallObject {
  enum class Kind : char {
    default_value = 'd',
    constraint = 'c',
    trigger = 't',
    rule = 'r',
    policy = 'p',
    statistics = 's',
    publication_member = 'b',
    domain_constraint = 'k',
    operator_ = 'o',
    operator_class = 'q',
    operator_family = 'f',
    cast = 'a',
    other = 'z',  // `name` is PostgreSQL's description of it
  };
  ObjectId id;
  Kind kind = Kind::other;
  Oid of = kNoOid;      // the relation that it is part of; the type of a domain's constraint, a cast's source
  Oid schema = kNoOid;  // of statistics and operators
  std::string name;     // of a default: the column; of a publication's member: the publication
};

class Dependencies {
 public:
  Dependencies() = default;
  Dependencies(std::vector<Dependency> edges, std::vector<SmallObject> objects);

  // What needs the object. A whole one is needed by what needs one of its parts.
  [[nodiscard]] std::span<const Dependency> on(const ObjectId& id) const noexcept;
  // What the object needs; a whole one also through its parts.
  [[nodiscard]] std::span<const Dependency> of(const ObjectId& id) const noexcept;
  [[nodiscard]] const SmallObject* object(const ObjectId& id) const noexcept;
  // Those of one catalog that are part of a relation.
  [[nodiscard]] std::vector<ObjectId> parts_of(Oid relation, Catalog catalog) const;

 private:
  std::vector<Dependency> by_on_, by_dependent_;
  std::vector<SmallObject> objects_;  // by id
};

}  // namespace portcullis::catalog
