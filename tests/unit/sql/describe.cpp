#include "tests/unit/sql/describe.hpp"

#include <vector>

#include "tests/support/big_stack.hpp"

namespace portcullis::sql::testing {
namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) (text += text.empty() ? "" : separator) += part;
  return text;
}

std::string_view in_words(DefaultExpression expression) {
  switch (expression) {
    case DefaultExpression::none: return "no default";
    case DefaultExpression::constant: return "constant default";
    case DefaultExpression::other: break;
  }
  return "computed default";
}

std::string describe(const AddedColumn& column) {
  return " {" + column.column + ": " + std::string(in_words(column.default_expression)) +
         (column.nullable ? "" : ", not null") + (column.base_type ? "" : ", other type") +
         (column.inline_constraint ? ", constraint" : "") + '}';
}

// The kind of an object, where its action does not tell already.
std::string_view in_words(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::none: return "";
    case ObjectKind::relation: return " ";
    case ObjectKind::function: return " function:";
    case ObjectKind::type: return " type:";
    case ObjectKind::setting: return " setting:";
    case ObjectKind::schema: return " schema:";
    case ObjectKind::other: break;
  }
  return " other:";
}

std::string describe(const Effect& effect) {
  std::string text(name(effect.action));
  text += in_words(effect.kind);
  text += to_text(effect.object);
  if (!effect.columns.empty()) text += '(' + joined(effect.columns, ", ") + ')';
  if (effect.added_column) text += describe(*effect.added_column);
  if (effect.has_where) text += " where";
  if (effect.attribute_notation) text += " by attribute";
  if (!effect.values.empty()) text += " = " + joined(effect.values, ", ");
  if (!effect.value_is_constant) text += " = ?";
  return text;
}

std::string describe(const StatementFacts& facts) {
  std::vector<std::string> effects;
  for (const Effect& effect : facts.effects) effects.push_back(describe(effect));
  return facts.kind + (facts.reads_only ? " (reads)" : "") + (effects.empty() ? "" : ": ") +
         joined(effects, "; ");
}

}  // namespace

std::string describe(std::string_view text) {
  const auto facts = portcullis::testing::analyze_on_big_stack(text);
  if (!facts) return "ERROR " + std::string(facts.error().code.view()) + ": " + facts.error().message;
  std::vector<std::string> statements;
  for (const StatementFacts& statement : facts->statements) statements.push_back(describe(statement));
  return joined(statements, " | ");
}

}  // namespace portcullis::sql::testing
