// Whether a condition looks at the rows that a statement changes: one that does not holds for all of them or
// for none, and is no WHERE worth the name.
#include "sql/row_conditions.hpp"

#include <string>
#include <unordered_set>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

using Names = std::unordered_set<std::string>;

void collect_names(Walker& walker, const Node& item, Names& names) {
  if (!walker.spend_step()) return;
  if (auto name = range_name(item); !name.empty()) names.insert(std::move(name));
  if (const auto alias = item.child("join_using_alias")) names.emplace(alias->text("aliasname"));
  for (const std::string_view part : {"larg", "rarg", "relation"}) {
    if (const auto below = item.child(part)) collect_names(walker, *below, names);
  }
}

Names names_of(Walker& walker, const std::vector<Node>& items) {
  Names names;
  for (const Node& item : items) collect_names(walker, item, names);
  return names;
}

class Search {
 public:
  Search(Walker& walker, const Node& target, const std::vector<Node>& others)
      : walker_(walker),
        name_(range_name(target)),
        schema_(target.has("alias") ? std::string_view{} : target.text("schemaname")),
        has_alias_(target.has("alias")),
        others_(names_of(walker, others)) {}

  bool in(const Node& expression, bool inside_query) const {
    if (!walker_.spend_step()) return false;
    if (expression.is("CurrentOfExpr")) return true;
    if (expression.is("ColumnRef")) return means_target(expression, inside_query);
    const bool query = expression.is("SelectStmt");
    // A FROM item of the same name hides the target.
    if (query && names_of(walker_, expression.list("fromClause")).contains(name_)) return false;
    for (const Node& child : expression.children()) {
      if (in(child, inside_query || query)) return true;
    }
    return false;
  }

 private:
  bool means_target(const Node& reference, bool inside_query) const {
    const auto fields = reference.list("fields");
    if (fields.empty() || !fields.front().is("String")) return false;
    // A bare name inside a query may be a column of that query's; the name of another FROM item is its row.
    const std::string first(fields.front().text("sval"));
    if (fields.size() == 1) return !inside_query && (first == name_ || !others_.contains(first));
    const std::size_t at = fields.size() - 2;
    if (fields[at].text("sval") != name_) return false;
    return at == 0 || (!has_alias_ && fields[at - 1].text("sval") == schema_);
  }

  Walker& walker_;
  std::string name_;
  std::string_view schema_;
  bool has_alias_;
  Names others_;
};

}  // namespace

bool looks_at_rows(Walker& walker, const Node& condition, const Node& target,
                   const std::vector<Node>& others) {
  return Search(walker, target, others).in(condition, false);
}

}  // namespace portcullis::sql
