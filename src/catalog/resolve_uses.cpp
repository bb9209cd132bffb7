#include "catalog/resolve_uses.hpp"

namespace portcullis::catalog {

UseIndex::UseIndex(const sql::StatementFacts& statement) {
  for (const sql::ColumnUse& use : statement.column_uses) {
    if (use.of_expression) continue;
    Uses& uses = use.of.name.empty() ? bare_ : by_name_[use.of.name][use.of.schema];
    if (use.column.empty()) {
      uses.star = true;
    } else {
      uses.columns.insert(use.column);
    }
  }
}

const Uses* UseIndex::of_alias(std::string_view alias) const {
  const auto named = by_name_.find(alias);
  if (named == by_name_.end()) return nullptr;
  const auto uses = named->second.find({});
  return uses == named->second.end() ? nullptr : &uses->second;
}

std::vector<const Uses*> UseIndex::of_relation(std::string_view name, std::string_view schema) const {
  std::vector<const Uses*> found;
  const auto named = by_name_.find(name);
  if (named == by_name_.end()) return found;
  if (schema.empty()) {
    for (const auto& [unused, uses] : named->second) found.push_back(&uses);
    return found;
  }
  for (const std::string_view in_front : {std::string_view{}, schema}) {
    const auto uses = named->second.find(in_front);
    if (uses != named->second.end()) found.push_back(&uses->second);
  }
  return found;
}

}  // namespace portcullis::catalog
