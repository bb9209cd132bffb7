#include "policy/touched.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/holds.hpp"

namespace portcullis::policy {
namespace {

using catalog::ResolvedEffect;
using sql::Action;

constexpr auto kWithColumns = std::to_array<Action>({
    Action::select,
    Action::insert,
    Action::update,
    Action::references,
    Action::select_for_update,
    Action::copy_from_stdin,
    Action::copy_to_stdout,
});

// These tell and change nothing of a column that they do not name. Of SELECT only the catalog can say what it
// names.
constexpr auto kOfNoColumn = std::to_array<Action>({
    Action::select,
    Action::select_for_update,
    Action::lock,
    Action::comment,
    Action::vacuum,
    Action::analyze,
    Action::cluster,
    Action::reindex,
});

}  // namespace

bool takes_columns(Action action) noexcept {
  return base::holds(kWithColumns, action);
}

bool touches_all(const ResolvedEffect& effect) noexcept {
  const auto& what = effect.effect;
  // COPY of a query has no relation; what the query reads has effects of its own.
  if (what.kind != sql::ObjectKind::relation) return false;
  if (effect.all_columns) return true;
  if (!what.columns.empty() || (what.added_column && !what.added_column->column.empty())) return false;
  return !base::holds(kOfNoColumn, what.action);
}

std::vector<std::string> touched_of(const std::vector<std::string>& columns, const ResolvedEffect& effect) {
  if (touches_all(effect)) return columns;
  const auto& what = effect.effect;
  const auto named = [&](const std::string& column) {
    return std::find(what.columns.begin(), what.columns.end(), column) != what.columns.end() ||
           (what.added_column && what.added_column->column == column);
  };
  std::vector<std::string> touched;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(touched), named);
  return touched;
}

}  // namespace portcullis::policy
