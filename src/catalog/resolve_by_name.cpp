// Without a catalog: each name is judged for everything that it could mean.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "catalog/resolve_actions.hpp"
#include "catalog/resolve_columns.hpp"
#include "catalog/resolve_names.hpp"
#include "portcullis/catalog/resolution.hpp"
#include "sql/builtin_names.hpp"

namespace portcullis::catalog {
namespace {

using sql::Effect;
using sql::Name;
using sql::ObjectKind;

constexpr auto kCatalogNames = std::to_array<std::string_view>({
#include "catalog/resolve_catalog_names.inc"
});
static_assert(std::is_sorted(kCatalogNames.begin(), kCatalogNames.end()));

bool is_looked_up(const Effect& effect) {
  const bool in_schema = effect.kind == ObjectKind::relation || effect.kind == ObjectKind::function ||
                         effect.kind == ObjectKind::type ||
                         (effect.kind == ObjectKind::other && is_on_other_in_schema(effect.action));
  return in_schema && !effect.object.name.empty() && effect.object.schema.empty();
}

// Whether pg_catalog, where it comes first, may have the name.
bool may_be_own(const Effect& effect) {
  const std::string& name = effect.object.name;
  switch (effect.kind) {
    case ObjectKind::relation: return name.starts_with("pg_");
    case ObjectKind::function: return sql::is_builtin_function(name);
    case ObjectKind::type: return sql::is_builtin_type(name);
    case ObjectKind::none:
    case ObjectKind::setting:
    case ObjectKind::schema:
    case ObjectKind::other: break;
  }
  return false;
}

bool is_surely_own(const Effect& effect) {
  return effect.kind == ObjectKind::relation &&
         std::binary_search(kCatalogNames.begin(), kCatalogNames.end(), effect.object.name);
}

std::vector<std::string_view> schemas(const Effect& effect, const NameSpace& names) {
  const auto& path = names.search_path;
  std::vector<std::string_view> found;
  if (std::find(path.begin(), path.end(), kOwnSchema) == path.end()) {
    if (may_be_own(effect)) found.push_back(kOwnSchema);
    if (is_surely_own(effect)) return found;
  }
  found.insert(found.end(), path.begin(), path.end());
  return found;
}

class ByName {
 public:
  explicit ByName(Resolution& resolution) : effects_(resolution.effects) {}

  void add(const sql::StatementFacts& statement, const ColumnsByName& columns, const Effect& effect,
           const NameSpace& names) {
    ResolvedEffect found{.effect = effect};
    fill_columns(statement, columns, found);
    const auto meant = is_looked_up(effect) ? schemas(effect, names) : std::vector<std::string_view>{};
    if (meant.empty()) return push(std::move(found));
    for (const std::string_view schema : meant) {
      ResolvedEffect one = found;
      one.effect.object.schema = schema;
      push(std::move(one));
    }
  }
  [[nodiscard]] bool full() const { return effects_.size() >= kMaxEffects; }

 private:
  static void fill_columns(const sql::StatementFacts& statement, const ColumnsByName& columns,
                           ResolvedEffect& found) {
    Effect& effect = found.effect;
    if (effect.kind != ObjectKind::relation || !has_column_set(effect.action)) return;
    found.all_columns = effect.columns.empty() && means_all_without_columns(effect.action);
    if (effect.action == sql::Action::select) {
      ColumnSet asked = columns.of(effect.object);
      effect.columns.insert(effect.columns.end(), asked.columns.begin(), asked.columns.end());
      found.all_columns = asked.all || copies_whole(statement, effect.object);
    } else if (has_expressions(effect.action)) {
      ColumnSet asked = columns.of(effect.object);
      effect.columns.insert(effect.columns.end(), asked.columns.begin(), asked.columns.end());
      found.all_columns = asked.all;
    }
    sort_columns(effect.columns);
  }

  void push(ResolvedEffect effect) {
    if (full()) return;
    if (effects_.size() + 1 == kMaxEffects) {
      effect.effect.object = {};
      effect.missing = true;
    }
    effects_.push_back(std::move(effect));
  }

  std::vector<ResolvedEffect>& effects_;
};

}  // namespace

Resolution resolve_by_name(const sql::Facts& facts, const NameSpace& names) {
  Resolution resolution;
  ByName found(resolution);
  for (const auto& statement : facts.statements) {
    const ColumnsByName columns(statement);
    for (const Effect& effect : statement.effects) {
      if (found.full()) return resolution;
      found.add(statement, columns, effect, names);
    }
  }
  return resolution;
}

}  // namespace portcullis::catalog
