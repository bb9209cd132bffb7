// What follows from an effect on a relation: the views it opens, the partitions it reaches, the code that
// hangs on it, the rows that foreign keys take along. What CASCADE drops is found by drops.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "catalog/resolve_columns.hpp"
#include "catalog/resolve_names.hpp"
#include "portcullis/catalog/resolution.hpp"

namespace portcullis::catalog {

// How a derived effect comes about.
struct Route {
  Via via;
  std::int32_t cause;
  std::string through;
  std::int32_t location = -1;  // in the statement, of what is the cause
};

// What is done to a relation.
struct Touch {
  sql::Action action;
  ColumnSet columns{};
  bool has_where = false;
};

// The effects found so far, in the order of their causes. A derived effect that another says already is not
// added, so that following every effect comes to an end whatever cycles and diamonds the catalog holds.
class EffectList {
 public:
  EffectList(const Snapshot& snapshot, Resolution& resolution)
      : snapshot_(snapshot), effects_(resolution.effects) {}

  [[nodiscard]] std::size_t size() const noexcept { return effects_.size(); }
  [[nodiscard]] const ResolvedEffect& operator[](std::size_t index) const { return effects_[index]; }
  // kMaxEffects are reached: nothing is added any more.
  [[nodiscard]] bool full() const noexcept { return full_; }

  // What other statements do is added again: the same may bring more about in this one.
  void begin_statement() { seen_.clear(); }
  void add_written(ResolvedEffect effect);
  void touch(const Relation& relation, Touch what, const Route& route);
  // `with_own`: PostgreSQL's own functions too, where the snapshot knows the name.
  void on_function(sql::Action action, Oid function, const Route& route, bool with_own);
  // Anything else, by its name; nothing to know of it.
  void on_named(sql::Action action, sql::ObjectKind kind, sql::Name name, Oid oid, const Route& route);
  void call(Oid function, const Route& route, bool with_own) {
    on_function(sql::Action::execute_function, function, route, with_own);
  }
  [[nodiscard]] const Snapshot& snapshot() const noexcept { return snapshot_; }

 private:
  bool is_new(Oid oid, const Touch& what, Via via);
  void add(ResolvedEffect effect);

  const Snapshot& snapshot_;
  std::vector<ResolvedEffect>& effects_;
  std::unordered_map<std::uint64_t, ColumnSet> seen_;
  bool full_ = false;
};

class Closure {
 public:
  // Both must outlive it. `cascades`: the statement says CASCADE.
  Closure(const Snapshot& snapshot, EffectList& effects, bool cascades)
      : snapshot_(snapshot), effects_(effects), cascades_(cascades) {}

  // Adds what effects[index] brings about directly. To be called for each effect, those that it adds among
  // them.
  void follow(std::size_t index);

 private:
  struct Step {
    std::size_t index;
    sql::Action action;
    const Relation& relation;
    bool has_where;
    std::int32_t location;
  };
  [[nodiscard]] Route route(const Step& step, Via via, std::string through) const;
  // Of the step's effect; a copy, as adding effects moves them.
  [[nodiscard]] ColumnSet columns(const Step& step) const;
  [[nodiscard]] std::string on_relation(std::string_view what, const Attached& attached,
                                        const Relation& relation) const;

  void follow_children(const Step& step);
  void follow_index(const Step& step);
  void follow_code(const Step& step);
  void follow_view(const Step& step, const Attached& definition);
  void follow_rule(const Step& step, const Attached& rule);
  void follow_policy(const Step& step, const Attached& policy);
  void follow_generated_column(const Step& step, const Attached& column);
  void follow_stored_expression(const Step& step, const Attached& expression, const Relation& relation);
  void follow_parents_keys(const Step& step);
  void follow_column_types(const Step& step);
  void follow_foreign_keys(const Step& step);
  void follow_key_to_child(const Step& step, const ForeignKey& key, ForeignKey::Action on_event,
                           std::string_view words);
  void follow_key_check(const Step& step, const Relation& child, const ForeignKey& key);
  void follow_truncate(const Step& step);
  void follow_drop(const Step& step);
  void follow_change_of_type(const Step& step);

  const Snapshot& snapshot_;
  EffectList& effects_;
  bool cascades_;
};

// The code behind a type and all that it is made of: checks of domains, canonical functions of ranges and,
// with `base_types`, what a user's base type is read and written by.
void call_type_functions(EffectList& effects, Oid type, const Route& route, bool base_types);

}  // namespace portcullis::catalog
