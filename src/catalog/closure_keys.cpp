// What foreign keys do to other tables.
#include <algorithm>

#include "catalog/closure.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;

constexpr std::string_view kOnDelete = "ON DELETE";

ColumnSet set_of(const std::vector<std::string>& columns) {
  ColumnSet set{columns, false};
  sort_columns(set.columns);
  return set;
}

// A generated column changes with those that it is made of, and alone among defaults reads any.
void add_generated(const Relation& relation, ColumnSet& written) {
  std::vector<std::string> generated;
  for (const Attached& attached : relation.attached) {
    if (attached.kind != Attached::Kind::default_value) continue;
    const bool changes =
        std::any_of(attached.accesses.begin(), attached.accesses.end(), [&](const Access& access) {
          return access.relation == relation.oid && (access.all_columns || touches(written, access.columns));
        });
    if (changes) generated.push_back(attached.name);
  }
  written.columns.insert(written.columns.end(), generated.begin(), generated.end());
}

// Up to 14 a row that goes to another partition counts as deleted where foreign keys look.
bool deletes_what_moves(const Snapshot& snapshot, const Relation& relation) {
  return relation.kind == RelationKind::partitioned_table && snapshot.server_version() < 150'000;
}

}  // namespace

// A key with ON DELETE or ON UPDATE follows what is done to the table that it references (manual, "Foreign
// Keys"); what is written to the table that has it is looked up in the other.
void Closure::follow_foreign_keys(const Step& step) {
  const bool updates = step.action == Action::update;
  if (step.action == Action::delete_) {
    for (const ForeignKey* const key : snapshot_.foreign_keys_to(step.relation.oid)) {
      follow_key_to_child(step, *key, key->on_delete, kOnDelete);
    }
  }
  if (!updates && step.action != Action::insert) return;
  ColumnSet written = columns(step);
  written.all = written.all || written.columns.empty() || !updates;
  if (updates) {
    add_generated(step.relation, written);
    const bool deletes = deletes_what_moves(snapshot_, step.relation);
    for (const ForeignKey* const key : snapshot_.foreign_keys_to(step.relation.oid)) {
      if (!touches(written, key->parent_columns)) continue;
      follow_key_to_child(step, *key, key->on_update, "ON UPDATE");
      if (deletes) follow_key_to_child(step, *key, key->on_delete, kOnDelete);
    }
  }
  for (const ForeignKey* const key : snapshot_.foreign_keys_from(step.relation.oid)) {
    const Relation* const parent = snapshot_.relation(key->parent);
    if (parent == nullptr || !touches(written, key->child_columns)) continue;
    effects_.touch(*parent, {Action::references, set_of(key->parent_columns)},
                   route(step, Via::reference,
                         "foreign key " + key->name + " of " + snapshot_.relation_text(step.relation.oid)));
  }
}

void Closure::follow_key_to_child(const Step& step, const ForeignKey& key, ForeignKey::Action on_event,
                                  std::string_view words) {
  const Relation* const child = snapshot_.relation(key.child);
  if (child == nullptr) return;
  std::string_view does;
  switch (on_event) {
    case ForeignKey::Action::no_action:
    case ForeignKey::Action::restrict_: return follow_key_check(step, *child, key);
    case ForeignKey::Action::cascade: does = " CASCADE"; break;
    case ForeignKey::Action::set_null: does = " SET NULL"; break;
    case ForeignKey::Action::set_default: does = " SET DEFAULT"; break;
  }
  const bool deletes = words == kOnDelete && on_event == ForeignKey::Action::cascade;
  Touch what{deletes ? Action::delete_ : Action::update, deletes ? ColumnSet{} : set_of(key.child_columns),
             step.has_where};
  effects_.touch(
      *child, std::move(what),
      route(step, Via::foreign_key,
            std::string(words) + std::string(does) + " from " + snapshot_.relation_text(step.relation.oid)));
}

// PostgreSQL looks whether the row is referenced, and fails where it is.
void Closure::follow_key_check(const Step& step, const Relation& child, const ForeignKey& key) {
  effects_.touch(child, {Action::references, set_of(key.child_columns)},
                 route(step, Via::reference,
                       "foreign key " + key.name + " to " + snapshot_.relation_text(step.relation.oid)));
}

// The keys over the column are made anew and checked row by row, and an error would show a row.
void Closure::follow_change_of_type(const Step& step) {
  const ColumnSet changed = columns(step);
  for (const ForeignKey* const key : snapshot_.foreign_keys_to(step.relation.oid)) {
    const Relation* const child = snapshot_.relation(key->child);
    if (child == nullptr || !touches(changed, key->parent_columns)) continue;
    const Route because = route(step, Via::foreign_key,
                                "foreign key " + key->name + ", made anew by ALTER COLUMN TYPE of " +
                                    snapshot_.relation_text(step.relation.oid));
    effects_.touch(*child, {Action::alter_table_add_constraint, set_of(key->child_columns)}, because);
    effects_.touch(*child, {Action::select, set_of(key->child_columns)}, because);
  }
  for (const ForeignKey* const key : snapshot_.foreign_keys_from(step.relation.oid)) {
    const Relation* const parent = snapshot_.relation(key->parent);
    if (parent == nullptr || !touches(changed, key->child_columns)) continue;
    effects_.touch(*parent, {Action::references, set_of(key->parent_columns)},
                   route(step, Via::reference,
                         "foreign key " + key->name + " of " + snapshot_.relation_text(step.relation.oid)));
  }
}

void Closure::follow_truncate(const Step& step) {
  for (const ForeignKey* const key : snapshot_.foreign_keys_to(step.relation.oid)) {
    const Relation* const child = snapshot_.relation(key->child);
    if (child == nullptr) continue;
    effects_.touch(*child, {Action::truncate},
                   route(step, Via::cascade, "CASCADE from " + snapshot_.relation_text(step.relation.oid)));
  }
}

}  // namespace portcullis::catalog
