// Expressions whose value stands in the text: literals, and what is made of nothing but them.
#include <algorithm>
#include <array>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

// libpg_query leaves a whole number out of its JSON unless it is above zero, so the others are read from the
// text.
std::optional<std::string> whole_number(const Node& constant, std::string_view text) {
  if (const auto whole = constant.child("ival"); whole && whole->has("ival")) {
    return std::to_string(whole->number("ival"));
  }
  const auto at = static_cast<std::size_t>(constant.location());
  if (constant.location() < 0 || at >= text.size()) return std::nullopt;
  const bool negative = text[at] == '-';
  const std::size_t first = text.find_first_not_of("+- \t\n\r\f", at);
  if (first == std::string_view::npos) return std::nullopt;
  std::string digits(text.substr(first, text.find_first_not_of("0123456789", first) - first));
  if (digits.empty()) return std::nullopt;
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return "0";
  return negative ? std::optional('-' + digits) : std::nullopt;
}

bool all_constant(const std::vector<Node>& expressions) {
  return std::all_of(expressions.begin(), expressions.end(), is_constant);
}

// -'1'::numeric: a sign in front of a plain number is part of it already.
bool is_sign(const Node& expression) {
  const auto name = name_of(expression.list("name"));
  return expression.text("kind") == "AEXPR_OP" && !expression.has("lexpr") && name &&
         name->database.empty() && (name->schema.empty() || name->schema == "pg_catalog") &&
         (name->name == "-" || name->name == "+");
}

bool is_plain_type(const Node& type) {
  return is_builtin_type_name(type) && type.list("typmods").empty() && type.list("arrayBounds").empty() &&
         !type.flag("setof");
}

bool is_text_type(const Node& type) {
  const auto names = strings_of(type.list("names"));
  return names && (names->back() == "text" || names->back() == "varchar");
}

// Types that read a string or a whole number as what it says. Others cut it, round it or read it as something
// else.
bool keeps_value(const Node& type) {
  constexpr auto kTypes =
      std::to_array<std::string_view>({"bool", "float8", "int2", "int4", "int8", "numeric", "oid"});
  const auto names = strings_of(type.list("names"));
  return names &&
         (names_an_object(type) || std::find(kTypes.begin(), kTypes.end(), names->back()) != kTypes.end());
}

std::optional<std::string> argument_text(const Node& expression, std::string_view statement) {
  if (expression.is("A_Const")) return literal(expression, statement);
  const auto argument = expression.is("TypeCast") ? expression.child("arg") : std::nullopt;
  const auto type = argument ? expression.child("typeName") : std::nullopt;
  if (!type || !is_plain_type(*type)) return std::nullopt;
  // What a cast has made of it goes on as it is written only if it was to text.
  const auto inner = argument->is("TypeCast") ? argument->child("typeName") : std::nullopt;
  if (inner && !is_text_type(*inner)) return std::nullopt;
  const bool kept = is_text_type(*type) || (keeps_value(*type) && !argument->has("fval"));
  return kept ? argument_text(*argument, statement) : std::nullopt;
}

// 0 for what is no parameter.
std::uint32_t parameter_number(const Node& expression) {
  if (expression.is("ParamRef")) return static_cast<std::uint32_t>(expression.number("number"));
  const auto type = expression.is("TypeCast") ? expression.child("typeName") : std::nullopt;
  const auto argument = type ? expression.child("arg") : std::nullopt;
  if (!argument || !argument->is("ParamRef") || !is_plain_type(*type) || !is_text_type(*type)) return 0;
  return parameter_number(*argument);
}

}  // namespace

std::optional<std::string> literal(const Node& node, std::string_view statement) {
  if (!node.is("A_Const")) return std::nullopt;
  if (const auto text = node.child("sval")) return std::string(text->text("sval"));
  if (const auto real = node.child("fval")) return std::string(real->text("fval"));
  if (const auto truth = node.child("boolval")) return truth->flag("boolval") ? "true" : "false";
  if (node.has("ival")) return whole_number(node, statement);
  return std::nullopt;
}

bool names_an_object(const Node& type) {
  const auto names = strings_of(type.list("names"));
  return names && !names->empty() && names->back().starts_with("reg");
}

bool is_constant(const Node& expression) {
  if (expression.is("A_Const")) return true;
  if (expression.is("A_ArrayExpr")) return all_constant(expression.list("elements"));
  if (expression.is("A_Expr")) {
    const auto operand = expression.child("rexpr");
    return operand && is_sign(expression) && is_constant(*operand);
  }
  if (!expression.is("TypeCast")) return false;
  const auto argument = expression.child("arg");
  const auto type = expression.child("typeName");
  return argument && type && is_builtin_type_name(*type) && !names_an_object(*type) && is_constant(*argument);
}

std::vector<std::uint32_t> parameter_arguments(const Node& call) {
  std::vector<std::uint32_t> numbers;
  for (const Node& expression : call.list("args")) numbers.push_back(parameter_number(expression));
  const bool any =
      std::any_of(numbers.begin(), numbers.end(), [](std::uint32_t number) { return number > 0; });
  return any ? numbers : std::vector<std::uint32_t>();
}

std::vector<std::optional<std::string>> constant_arguments(const Node& call, std::string_view statement) {
  const auto expressions = call.list("args");
  std::vector<std::optional<std::string>> arguments;
  if (call.flag("func_variadic")) return arguments;
  for (const Node& expression : expressions) {
    if (expression.is("NamedArgExpr")) return {};
    arguments.push_back(argument_text(expression, statement));
    if (arguments.back() && arguments.back()->size() > kLongestArgument) arguments.back().reset();
  }
  return arguments;
}

}  // namespace portcullis::sql
