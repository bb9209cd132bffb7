#include "catalog/resolve_actions.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/holds.hpp"

namespace portcullis::catalog {
namespace {

using sql::Action;

constexpr auto kMade = std::to_array<Action>({
    Action::create_aggregate,
    Action::create_collation,
    Action::create_conversion,
    Action::create_domain,
    Action::create_foreign_table,
    Action::create_function,
    Action::create_materialized_view,
    Action::create_operator,
    Action::create_operator_class,
    Action::create_operator_family,
    Action::create_procedure,
    Action::create_sequence,
    Action::create_table,
    Action::create_table_as,
    Action::create_temporary_sequence,
    Action::create_temporary_table,
    Action::create_temporary_view,
    Action::create_text_search_configuration,
    Action::create_text_search_dictionary,
    Action::create_text_search_parser,
    Action::create_text_search_template,
    Action::create_type,
    Action::create_view,
    Action::select_into,
});

constexpr auto kOtherInSchema = std::to_array<Action>({
    Action::use_operator,
    Action::use_collation,
    Action::use_operator_class,
    Action::alter_collation,
    Action::alter_operator,
    Action::alter_operator_family,
    Action::alter_statistics,
    Action::alter_text_search_configuration,
    Action::alter_text_search_dictionary,
    Action::create_collation,
    Action::create_conversion,
    Action::create_operator,
    Action::create_operator_class,
    Action::create_operator_family,
    Action::create_text_search_configuration,
    Action::create_text_search_dictionary,
    Action::create_text_search_parser,
    Action::create_text_search_template,
    Action::drop_collation,
    Action::drop_conversion,
    Action::drop_operator,
    Action::drop_operator_class,
    Action::drop_operator_family,
    Action::drop_statistics,
    Action::drop_text_search_configuration,
    Action::drop_text_search_dictionary,
    Action::drop_text_search_parser,
    Action::drop_text_search_template,
    Action::rename_collation,
    Action::rename_conversion,
    Action::rename_operator_class,
    Action::rename_operator_family,
    Action::rename_statistics,
    Action::rename_text_search_configuration,
    Action::rename_text_search_dictionary,
    Action::rename_text_search_parser,
    Action::rename_text_search_template,
});

// The sub-commands of ALTER TABLE are added by their range.
constexpr auto kSpreading = std::to_array<Action>({
    Action::select,
    Action::insert,
    Action::update,
    Action::delete_,
    Action::truncate,
    Action::lock,
    Action::select_for_update,
    Action::copy_from_stdin,
    Action::copy_from_file,
    Action::copy_from_program,
    Action::copy_to_stdout,
    Action::copy_to_file,
    Action::copy_to_program,
    Action::alter_foreign_table,
    Action::create_index,
    Action::create_index_concurrently,
    Action::create_trigger,
    Action::drop_foreign_table,
    Action::drop_index,
    Action::drop_index_concurrently,
    Action::drop_table,
    Action::drop_trigger,
    Action::rename_column,
    Action::rename_constraint,
    Action::rename_trigger,
    Action::vacuum,
    Action::analyze,
    Action::cluster,
    Action::reindex,
});

constexpr auto kMoving = std::to_array<Action>({
    Action::rename_foreign_table,
    Action::rename_index,
    Action::rename_materialized_view,
    Action::rename_sequence,
    Action::rename_table,
    Action::rename_view,
    Action::set_schema,
});

constexpr auto kAllWithoutColumns = std::to_array<Action>({
    Action::insert,
    Action::references,
    Action::copy_from_stdin,
    Action::copy_to_stdout,
    Action::copy_from_file,
    Action::copy_to_file,
    Action::copy_from_program,
    Action::copy_to_program,
    Action::grant,
    Action::revoke,
});

constexpr auto kWithExpressions = std::to_array<Action>({
    Action::alter_table_add_column,
    Action::alter_table_add_constraint,
    Action::alter_table_alter_column_type,
    Action::create_index,
    Action::create_index_concurrently,
    Action::create_statistics,
});

constexpr auto kOverIndexes = std::to_array<Action>({
    Action::alter_table_alter_column_type,
    Action::alter_table_set_logged,
    Action::alter_table_set_unlogged,
    Action::alter_table_set_access_method,
    Action::alter_table_validate_constraint,
    Action::alter_table_attach_partition,
    Action::refresh_materialized_view,
    Action::vacuum,
    Action::analyze,
    Action::cluster,
    Action::reindex,
});

constexpr auto kRelationDrops = std::to_array<Action>({
    Action::drop_foreign_table,
    Action::drop_materialized_view,
    Action::drop_sequence,
    Action::drop_table,
    Action::drop_view,
});

bool is_alter_table(Action action) noexcept {
  return action >= Action::alter_table_add_column && action <= Action::alter_table_detach_partition_finalize;
}

}  // namespace

bool makes_object(Action action) noexcept {
  return base::holds(kMade, action);
}
bool is_on_other_in_schema(Action action) noexcept {
  return base::holds(kOtherInSchema, action);
}
bool spreads_to_children(Action action) noexcept {
  return is_alter_table(action) || base::holds(kSpreading, action);
}
bool moves_relation(Action action) noexcept {
  return base::holds(kMoving, action);
}
bool is_copy_to(Action action) noexcept {
  return action == Action::copy_to_stdout || action == Action::copy_to_file ||
         action == Action::copy_to_program;
}
bool is_copy_from(Action action) noexcept {
  return action == Action::copy_from_stdin || action == Action::copy_from_file ||
         action == Action::copy_from_program;
}
bool means_all_without_columns(Action action) noexcept {
  return base::holds(kAllWithoutColumns, action);
}
bool has_expressions(Action action) noexcept {
  return base::holds(kWithExpressions, action);
}
bool has_column_set(Action action) noexcept {
  return action == Action::select || action == Action::update || means_all_without_columns(action) ||
         has_expressions(action);
}
bool evaluates_indexes(Action action) noexcept {
  return base::holds(kOverIndexes, action);
}
bool is_drop_of_relation(Action action) noexcept {
  return base::holds(kRelationDrops, action);
}
bool is_drop_of_function(Action action) noexcept {
  return action == Action::drop_function || action == Action::drop_procedure ||
         action == Action::drop_routine || action == Action::drop_aggregate;
}

Action drop_of(RelationKind kind) noexcept {
  switch (kind) {
    case RelationKind::table:
    case RelationKind::toast_table:
    case RelationKind::partitioned_table: return Action::drop_table;
    case RelationKind::index:
    case RelationKind::partitioned_index: return Action::drop_index;
    case RelationKind::sequence: return Action::drop_sequence;
    case RelationKind::view: return Action::drop_view;
    case RelationKind::materialized_view: return Action::drop_materialized_view;
    case RelationKind::composite_type: return Action::drop_type;
    case RelationKind::foreign_table: return Action::drop_foreign_table;
  }
  return Action::drop_table;
}

Event event_of(Action action) noexcept {
  if (action == Action::select) return &Events::select;
  if (action == Action::insert) return &Events::insert;
  if (action == Action::update) return &Events::update;
  if (action == Action::delete_) return &Events::delete_;
  if (action == Action::truncate) return &Events::truncate;
  return nullptr;
}

}  // namespace portcullis::catalog
