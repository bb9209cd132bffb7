// What an expression uses: functions, by all the ways to call one, types, operators and collations.
#include <algorithm>
#include <array>

#include "sql/builtin_names.hpp"
#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

constexpr std::string_view kOwnSchema = "pg_catalog";

// Whether a list of strings names something of PostgreSQL's own: by name alone or in pg_catalog.
bool is_own(const Name& name, bool (*is_builtin)(std::string_view) noexcept) {
  return name.database.empty() && (name.schema.empty() || name.schema == kOwnSchema) && is_builtin(name.name);
}

void add_unless_own(Walker& walker, Action action, const std::vector<Node>& parts,
                    bool (*is_builtin)(std::string_view) noexcept, std::int32_t location) {
  if (parts.empty()) return;
  const auto name = name_of(parts);
  if (!name) return walker.refuse("a name of more than three parts");
  if (!is_own(*name, is_builtin)) walker.add(action, ObjectKind::other, *name, location);
}

// `x.name` calls the function `name` with x where x has no such column.
void add_attribute_call(Walker& walker, const Node& field, std::int32_t location) {
  if (!field.is("String") || !is_builtin_function(field.text("sval"))) return;
  Effect effect{.action = Action::execute_function};
  effect.kind = ObjectKind::function;
  effect.object.name = field.text("sval");
  effect.attribute_notation = true;
  effect.location = location;
  walker.add(std::move(effect));
}

// Constructs of SQL/XML that are no function calls in the tree, but run PostgreSQL's XML functions.
std::string_view xml_function(std::string_view op) {
  constexpr auto kNames = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"IS_XMLCONCAT", "xmlconcat"},
      {"IS_XMLELEMENT", "xmlelement"},
      {"IS_XMLFOREST", "xmlforest"},
      {"IS_XMLPARSE", "xmlparse"},
      {"IS_XMLPI", "xmlpi"},
      {"IS_XMLROOT", "xmlroot"},
      {"IS_XMLSERIALIZE", "xmlserialize"},
      {"IS_DOCUMENT", "xml_is_document"},
  });
  for (const auto& [word, name] : kNames) {
    if (word == op) return name;
  }
  return "xmlexpression";
}

// Named arguments may leave others out, VARIADIC ones are one or many, and those of WITHIN GROUP count too.
std::optional<std::uint32_t> argument_count(const Node& call) {
  const auto arguments = call.list("args");
  const bool named = std::any_of(arguments.begin(), arguments.end(),
                                 [](const Node& argument) { return argument.is("NamedArgExpr"); });
  if (named || call.flag("func_variadic") || call.flag("agg_within_group")) return std::nullopt;
  return static_cast<std::uint32_t>(arguments.size());
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

void walk_children(Walker& walker, const Node& node) {
  walker.visit_children(node);
}

void walk_column_reference(Walker& walker, const Node& node) {
  auto fields = node.list("fields");
  if (fields.empty()) return walker.refuse("a column's name");
  const Node column = fields.back();
  if (fields.size() > 1) add_attribute_call(walker, column, node.location());
  fields.pop_back();
  auto of = fields.empty() ? Name{} : name_of(fields);
  if (!of) return walker.refuse("a column's name of more than four parts");
  walker.add_use(
      {.of = *std::move(of), .column = std::string(column.text("sval")), .location = node.location()});
}

void walk_indirection(Walker& walker, const Node& node) {
  for (const Node& step : node.list("indirection")) {
    add_attribute_call(walker, step, -1);
    if (step.is("String")) walker.add_use({.column = std::string(step.text("sval")), .of_expression = true});
  }
  walker.visit_children(node);
}

void add_function(Walker& walker, const std::vector<Node>& parts, std::int32_t location) {
  const auto name = name_of(parts);
  if (!name) return walker.refuse("a function's name");
  walker.add(Action::execute_function, ObjectKind::function, *name, location);
}

void add_own_function(Walker& walker, std::string_view name, std::int32_t location) {
  walker.add(Action::execute_function, ObjectKind::function, {{}, std::string(kOwnSchema), std::string(name)},
             location);
}

void add_operator(Walker& walker, const std::vector<Node>& parts, std::int32_t location) {
  if (parts.empty()) return;
  auto name = name_of(parts);
  if (!name) return walker.refuse("an operator's name");
  if (!is_own(*name, is_builtin_operator)) {
    walker.add(Action::use_operator, ObjectKind::other, *name, location);
  }
  walker.add_operator(*std::move(name));
}

void walk_function_call(Walker& walker, const Node& node) {
  auto name = name_of(node.list("funcname"));
  if (!name) return walker.refuse("a function's name");
  Effect effect{.action = Action::execute_function};
  effect.kind = ObjectKind::function;
  effect.object = *std::move(name);
  effect.arguments = constant_arguments(node, walker.text());
  if (!effect.arguments.empty()) effect.argument_parameters = parameter_arguments(node);
  effect.argument_count = argument_count(node);
  effect.location = node.location();
  walker.add(std::move(effect));
  walker.visit_children_except(node, {"funcname"});
}

// x BETWEEN y AND z is x >= y AND x <= z; its name is then no operator's.
void walk_operator_expression(Walker& walker, const Node& node) {
  const std::string_view kind = node.text("kind");
  if (is_one_of(kind, {"AEXPR_BETWEEN", "AEXPR_BETWEEN_SYM"})) {
    walker.add_operator({{}, {}, ">="});
    walker.add_operator({{}, {}, "<="});
  } else if (is_one_of(kind, {"AEXPR_NOT_BETWEEN", "AEXPR_NOT_BETWEEN_SYM"})) {
    walker.add_operator({{}, {}, "<"});
    walker.add_operator({{}, {}, ">"});
  } else {
    add_operator(walker, node.list("name"), node.location());
  }
  walker.visit_children_except(node, {"name"});
}

void walk_case(Walker& walker, const Node& node) {
  if (node.has("arg")) walker.add_operator({{}, {}, "="});
  walker.visit_children(node);
}

// x IN (SELECT ...) has no name for its operator.
void walk_sublink(Walker& walker, const Node& node) {
  const auto name = node.list("operName");
  if (name.empty() && node.text("subLinkType") == "ANY_SUBLINK") walker.add_operator({{}, {}, "="});
  add_operator(walker, name, node.location());
  walker.visit_children_except(node, {"operName"});
}

void walk_sort(Walker& walker, const Node& node) {
  add_operator(walker, node.list("useOp"), node.location());
  walker.visit_children_except(node, {"useOp"});
}

bool is_serial(const Node& type_name) {
  const auto names = strings_of(type_name.list("names"));
  return names && names->size() == 1 && !type_name.flag("pct_type") &&
         is_one_of(names->front(), {"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"});
}

bool is_builtin_type_name(const Node& type_name) {
  const auto name = name_of(type_name.list("names"));
  return name && !type_name.flag("pct_type") && is_own(*name, is_builtin_type);
}

void walk_type_name(Walker& walker, const Node& node) {
  walker.visit_children_except(node, {"names"});
  if (is_builtin_type_name(node)) return;
  auto names = strings_of(node.list("names"));
  // relation.column%TYPE: the relation stands for its column.
  if (names && node.flag("pct_type") && names->size() > 1) names->pop_back();
  const auto name = names ? name_of(*names) : std::nullopt;
  if (!name) return walker.refuse("a type's name");
  walker.add(Action::use_type, ObjectKind::type, *name, node.location());
}

void walk_collate(Walker& walker, const Node& node) {
  add_unless_own(walker, Action::use_collation, node.list("collname"), is_builtin_collation, node.location());
  walker.visit_children_except(node, {"collname"});
}

void walk_xml_expression(Walker& walker, const Node& node) {
  add_own_function(walker, xml_function(node.text("op")), node.location());
  walker.visit_children(node);
}

void walk_xml_serialize(Walker& walker, const Node& node) {
  add_own_function(walker, "xmlserialize", node.location());
  walker.visit_children(node);
}

void walk_index_element(Walker& walker, const Node& node) {
  add_unless_own(walker, Action::use_collation, node.list("collation"), is_builtin_collation,
                 node.location());
  add_unless_own(walker, Action::use_operator_class, node.list("opclass"), is_builtin_operator_class,
                 node.location());
  walker.visit_children_except(node, {"collation", "opclass"});
}

void walk_function_name(Walker& walker, const Node& node) {
  add_function(walker, node.list("objname"), -1);
  walker.visit_children_except(node, {"objname"});
}

void walk_operator_class_item(Walker& walker, const Node& node) {
  constexpr std::int64_t kOperatorItem = 1;  // OPCLASS_ITEM_OPERATOR of parsenodes.h
  if (const auto name = node.child("name")) {
    if (node.number("itemtype") == kOperatorItem) {
      add_operator(walker, name->list("objname"), -1);
      walker.visit_children_except(*name, {"objname"});
    } else {
      walker.visit(*name);
    }
  }
  walker.visit_children_except(node, {"name", "order_family"});
}

// An option's bare word reads as the name of a type. Only some options take one, and some of those take a
// function.
void walk_option(Walker& walker, const Node& node) {
  const auto argument = node.child("arg");
  const std::string_view option = node.text("defname");
  const bool is_function =
      is_one_of(option, {"sfunc",      "sfunc1",   "finalfunc",  "combinefunc",  "serialfunc", "deserialfunc",
                         "msfunc",     "minvfunc", "mfinalfunc", "procedure",    "function",   "restrict",
                         "join",       "input",    "output",     "receive",      "send",       "typmod_in",
                         "typmod_out", "analyze",  "subscript",  "subtype_diff", "canonical",  "handler",
                         "validator",  "support",  "start",      "gettoken",     "end",        "headline",
                         "lextypes",   "init",     "lexize"});
  if (!argument) return;
  if (argument->is("TypeName") && is_function)
    return add_function(walker, argument->list("names"), node.location());
  if (argument->is("List") && is_function && strings_of(argument->list("items"))) {
    return add_function(walker, argument->list("items"), node.location());
  }
  const bool is_word = argument->is("TypeName") && argument->list("names").size() == 1;
  if (is_word && !is_one_of(option, {"as", "stype", "stype1", "mstype", "basetype", "leftarg", "rightarg",
                                     "like", "element", "subtype"})) {
    return;
  }
  walker.visit(*argument);
}

}  // namespace portcullis::sql
