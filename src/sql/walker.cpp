#include "sql/walker.hpp"

#include <algorithm>
#include <utility>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

constexpr std::size_t kMostSteps = 300'000;
// Of one function in one statement. A list of 10,000 rows with to_date('...') in each has as many.
constexpr std::size_t kMostArgumentLists = 100;

// Names hold no zero bytes.
void append(std::string& key, std::string_view part) {
  (key += '\0') += part;
}

void append(std::string& key, const Name& name) {
  append(key, name.database);
  append(key, name.schema);
  append(key, name.name);
}

// Unknown arguments at the end say as much as none.
void append(std::string& key, const std::vector<std::optional<std::string>>& arguments) {
  std::size_t known = arguments.size();
  while (known > 0 && !arguments[known - 1]) --known;
  for (std::size_t i = 0; i < known; ++i) {
    key += '\0';
    if (arguments[i]) (key += '\1') += *arguments[i];
  }
}

// All that makes two effects the same, but not where they stand.
std::string key_of(const Effect& effect) {
  std::string key = std::to_string(static_cast<int>(effect.action)) + '/' +
                    std::to_string(static_cast<int>(effect.kind)) + (effect.has_where ? "w" : "-") +
                    (effect.attribute_notation ? "a" : "-") + (effect.value_is_constant ? "c" : "-") +
                    (effect.only ? "o" : "-");
  if (effect.argument_count) key += std::to_string(*effect.argument_count);
  append(key, effect.object);
  for (const std::string& column : effect.columns) append(key, column);
  key += '\2';
  for (const std::string& value : effect.values) append(key, value);
  key += '\2';
  append(key, effect.arguments);
  for (const std::uint32_t number : effect.argument_parameters) key += '$' + std::to_string(number);
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
  if (!effect.arguments.empty()) limit_arguments(effect);
  if (!is_new(key_of(effect)) && !effect.added_column) return;
  facts_.effects.push_back(std::move(effect));
}

void Walker::limit_arguments(Effect& effect) {
  const bool known = !effect.argument_parameters.empty() ||
                     std::any_of(effect.arguments.begin(), effect.arguments.end(),
                                 [](const auto& argument) { return argument.has_value(); });
  if (!known || seen_.contains(key_of(effect))) return;
  std::string function;
  append(function, effect.object);
  if (++calls_[function] <= kMostArgumentLists) return;
  effect.arguments.clear();
  effect.argument_parameters.clear();
}

void Walker::add_range(Range range) {
  range.level = level_;
  std::string key = (range.renames_columns ? 'R' : 'r') + std::to_string(level_);
  append(key, range.relation);
  append(key, range.alias);
  if (is_new(std::move(key))) facts_.ranges.push_back(std::move(range));
}

void Walker::add_use(ColumnUse use) {
  use.level = level_;
  std::string key = (use.of_expression ? 'U' : 'u') + std::to_string(level_);
  append(key, use.of);
  append(key, use.column);
  if (is_new(std::move(key))) facts_.column_uses.push_back(std::move(use));
}

void Walker::add_derived(std::string_view name) {
  if (!name.empty() && is_new("d" + std::string(name))) facts_.derived.emplace_back(name);
}

void Walker::add_operator(Name name) {
  std::string key = "o";
  append(key, name);
  if (is_new(std::move(key))) facts_.operators.push_back(std::move(name));
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
  effect.only = says_only(range_var);
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
  ++visible_ctes_[levels_.back().ctes.emplace_back(name)];
}

void Walker::open_query_level() {
  auto& enclosing = facts_.enclosing_levels;
  levels_.push_back({.around = level_});
  enclosing.push_back(level_);
  level_ = static_cast<std::uint32_t>(enclosing.size() - 1);
}

void Walker::close_query_level() {
  for (const std::string& name : levels_.back().ctes) {
    if (--visible_ctes_[name] == 0) visible_ctes_.erase(name);
  }
  level_ = levels_.back().around;
  levels_.pop_back();
}

std::uint32_t Walker::leave_level() noexcept {
  return std::exchange(level_, facts_.enclosing_levels[level_]);
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
