#include "tests/unit/sql/describe.hpp"

#include <fstream>
#include <utility>
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
  if (effect.only) text += " only";
  if (effect.missing_ok) text += " if exists";
  if (effect.attribute_notation) text += " by attribute";
  if (!effect.values.empty()) text += " = " + joined(effect.values, ", ");
  if (!effect.value_is_constant) text += " = ?";
  return text;
}

std::string effects_of(const StatementFacts& facts) {
  std::vector<std::string> effects;
  for (const Effect& effect : facts.effects) effects.push_back(describe(effect));
  return facts.kind + (facts.reads_only ? " (reads)" : "") + (effects.empty() ? "" : ": ") +
         joined(effects, "; ");
}

std::string described(const Range& range) {
  return to_text(range.relation) + (range.alias.empty() ? "" : " as " + range.alias) +
         (range.renames_columns ? "(...)" : "");
}

std::string described(const ColumnUse& use) {
  if (use.of_expression) return "(...)." + use.column;
  return (use.of.name.empty() ? "" : to_text(use.of) + '.') + (use.column.empty() ? "*" : use.column);
}

std::string described(const Name& name) {
  return to_text(name);
}

std::string described(const std::string& name) {
  return name;
}

// Calls with an argument that is known; others say nothing.
std::string described(const Effect& effect) {
  std::vector<std::string> arguments;
  bool known = false;
  for (const auto& argument : effect.arguments) {
    arguments.push_back(argument ? '\'' + *argument + '\'' : "?");
    known = known || argument;
  }
  return known ? to_text(effect.object) + '(' + joined(arguments, ", ") + ')' : "";
}

template <class Entry>
std::string list_of(std::string_view title, const std::vector<Entry>& entries) {
  std::vector<std::string> texts;
  for (const Entry& entry : entries) {
    if (auto text = described(entry); !text.empty()) texts.push_back(std::move(text));
  }
  return texts.empty() ? "" : std::string(title) + ' ' + joined(texts, ", ");
}

std::string references(const StatementFacts& facts) {
  std::vector<std::string> lists;
  for (auto& list : {list_of("ranges", facts.ranges), list_of("uses", facts.column_uses),
                     list_of("derived", facts.derived), list_of("operators", facts.operators),
                     list_of("calls", facts.effects)}) {
    if (!list.empty()) lists.push_back(list);
  }
  return lists.empty() ? "nothing" : joined(lists, "; ");
}

std::string each(std::string_view text, std::string (*describe_one)(const StatementFacts&)) {
  const auto facts = portcullis::testing::analyze_on_big_stack(text);
  if (!facts) return "ERROR " + std::string(facts.error().code.view()) + ": " + facts.error().message;
  std::vector<std::string> statements;
  for (const StatementFacts& statement : facts->statements) statements.push_back(describe_one(statement));
  return joined(statements, " | ");
}

}  // namespace

std::string describe(std::string_view text) {
  return each(text, effects_of);
}

std::string describe_references(std::string_view text) {
  return each(text, references);
}

std::vector<Case> read_cases(const std::string& path) {
  std::vector<Case> cases;
  std::ifstream file(path);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("    ")) {
      if (!cases.empty()) cases.back().expected = line.substr(4);
    } else {
      cases.push_back({number, line, ""});
    }
  }
  return cases;
}

}  // namespace portcullis::sql::testing
