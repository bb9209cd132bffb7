// What CASCADE drops: everything that needs what a statement drops, found in pg_depend as PostgreSQL finds it
// (findDependentObjects of dependency.c), and each with the effect that a statement on it alone would have.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "catalog/closure.hpp"
#include "catalog/dependencies.hpp"

namespace portcullis::catalog {

class Drops {
 public:
  // All must outlive it. The statement's effects begin at `first`; what is done to children of its tables is
  // among them already.
  Drops(const sql::StatementFacts& statement, EffectList& effects, std::size_t first)
      : statement_(statement),
        effects_(effects),
        snapshot_(effects.snapshot()),
        dependencies_(snapshot_.dependencies()),
        first_(first) {}

  // Adds the effects. What cannot be said as an effect is `cascade` on its description, by way of `cascade`.
  void run();

 private:
  struct Found {
    ObjectId id;
    std::size_t because;       // the place in `found_` of what it needs, or that needs it
    std::int32_t effect = -1;  // the one that says that it is dropped
    bool settled = false;      // known to be dropped by a statement, or to be part of what is
    bool own_effect = false;
    bool done = false;
  };
  struct Parent {
    bool is_one = false;
    std::size_t place = 0;
    std::string through{};
  };

  // What is dropped.
  [[nodiscard]] bool is_understood() const;
  void add_roots(std::size_t index);
  void add_root(const ObjectId& id, std::size_t index);
  void add(const ObjectId& id, std::size_t because);
  void find_all();

  // What of that PostgreSQL drops as a part of something else that is dropped.
  void settle();
  [[nodiscard]] std::optional<std::size_t> place_of(const ObjectId& id) const;
  [[nodiscard]] ObjectId home_of(const ObjectId& id) const;
  [[nodiscard]] bool goes_with_home(const ObjectId& id) const;
  [[nodiscard]] bool is_part_by(const Dependency& row) const;
  [[nodiscard]] bool stands_for_itself(const ObjectId& id) const;

  // The effects.
  void emit(std::size_t place);
  [[nodiscard]] std::int32_t effect_behind(std::size_t place) const;
  [[nodiscard]] Parent parent_of(const ObjectId& id) const;
  void add_effect(const ObjectId& id, const Route& route);
  void drop_relation(const ObjectId& id, const Route& route);
  void drop_column(const Relation& relation, std::int16_t number, const Route& route);
  void drop_type(Oid oid, const Route& route);
  void drop_function(Oid oid, const Route& route);
  void drop_small(const ObjectId& id, const Route& route);
  void on_type(sql::Action action, Oid type, const Route& route);
  void on_part(sql::Action action, const SmallObject& part, const Route& route);
  void on_other(sql::Action action, const SmallObject& object, const Route& route);
  void give_up_on(std::string description, const Route& route);

  const sql::StatementFacts& statement_;
  EffectList& effects_;
  const Snapshot& snapshot_;
  const Dependencies& dependencies_;
  std::size_t first_;
  std::vector<Found> found_;
  std::map<ObjectId, std::size_t> places_;
  std::map<Oid, std::int32_t> children_;  // effects on what is dropped as a child or a sequence of a table
};

}  // namespace portcullis::catalog
