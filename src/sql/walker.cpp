#include "sql/walker.hpp"

#include <algorithm>
#include <utility>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

constexpr std::size_t kMostSteps = 300'000;

// All that makes two effects the same, but not where they stand.
std::string key_of(const Effect& effect) {
  std::string key = std::to_string(static_cast<int>(effect.action)) + '/' +
                    std::to_string(static_cast<int>(effect.kind)) + (effect.has_where ? "w" : "-") +
                    (effect.attribute_notation ? "a" : "-") + (effect.value_is_constant ? "c" : "-");
  // Names hold no zero bytes.
  const auto part = [&key](const std::string& text) { (key += '\0') += text; };
  part(effect.object.database);
  part(effect.object.schema);
  part(effect.object.name);
  std::for_each(effect.columns.begin(), effect.columns.end(), part);
  key += '\1';
  std::for_each(effect.values.begin(), effect.values.end(), part);
  return key;
}

}  // namespace

base::Result<void> Walker::run(const Node& statement) {
  visit(statement);
  if (failure_) return *std::move(failure_);
  return {};
}

void Walker::visit(const Node& node) {
  if (failure_) return;
  const Handler handler = handler_of(node.type());
  if (handler == nullptr) return refuse("a node \"" + std::string(node.type()) + '"');
  ++depth_;
  handler(*this, node);
  --depth_;
}

void Walker::visit_all(const std::vector<Node>& nodes) {
  for (const Node& node : nodes) visit(node);
}

void Walker::visit_children_except(const Node& node, std::initializer_list<std::string_view> fields) {
  visit_all(node.children_except({fields.begin(), fields.size()}));
}

void Walker::add(Effect effect) {
  if (!seen_.insert(key_of(effect)).second && !effect.added_column) return;
  facts_.effects.push_back(std::move(effect));
}

void Walker::add(Action action, ObjectKind kind, Name object, std::int32_t location) {
  Effect effect{.action = action};
  effect.kind = kind;
  effect.object = std::move(object);
  effect.location = location;
  add(std::move(effect));
}

void Walker::add_relation(Action action, const Node& range_var, std::vector<std::string> columns) {
  Effect effect{.action = action};
  effect.kind = ObjectKind::relation;
  effect.object = relation_name(range_var);
  effect.columns = std::move(columns);
  effect.location = range_var.location();
  add(std::move(effect));
}

void Walker::add_cascade(const Node& with_behavior, ObjectKind kind, const Name& object) {
  if (with_behavior.text("behavior") == "DROP_CASCADE") add(Action::cascade, kind, object);
}

void Walker::refuse(const std::string& what) {
  if (!failure_) failure_ = not_understood(what);
}

void Walker::declare_cte(std::string_view name) {
  ++visible_ctes_[levels_.back().emplace_back(name)];
}

void Walker::close_query_level() {
  for (const std::string& name : levels_.back()) {
    if (--visible_ctes_[name] == 0) visible_ctes_.erase(name);
  }
  levels_.pop_back();
}

bool Walker::names_cte(const Node& range_var) const {
  if (range_var.has("schemaname") || range_var.has("catalogname")) return false;
  return !visible_ctes_.empty() && visible_ctes_.contains(std::string(range_var.text("relname")));
}

bool Walker::spend_step() {
  if (++steps_ <= kMostSteps) return true;
  if (!failure_) {
    failure_ = base::Error{.code = base::sqlstate::statement_too_complex,
                           .message = "the statement is too complex to analyse; write a flatter statement"};
  }
  return false;
}

}  // namespace portcullis::sql
