// Facts by hand, and what came of them as lines of text:
//
//   "select app.users(id, *) by view app.people"
//   action object(columns, * for all of them) [where] [missing] [by <route>]
//
// A function has its argument types in place of columns.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::catalog::testing {

using Lines = std::vector<std::string>;

inline sql::Name name_of(std::string_view text) {
  sql::Name name;
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  name.name = parts.back();
  if (parts.size() > 1) name.schema = parts[parts.size() - 2];
  if (parts.size() > 2) name.database = parts[parts.size() - 3];
  return name;
}

inline sql::Effect effect_on(sql::Action action, std::string_view object, Lines columns = {},
                             sql::ObjectKind kind = sql::ObjectKind::relation) {
  sql::Effect effect{.action = action};
  effect.kind = kind;
  effect.object = name_of(object);
  effect.columns = std::move(columns);
  effect.location = 7;
  return effect;
}
inline sql::Effect call_of(std::string_view function) {
  return effect_on(sql::Action::execute_function, function, {}, sql::ObjectKind::function);
}
inline sql::Effect use_of_type(std::string_view type) {
  return effect_on(sql::Action::use_type, type, {}, sql::ObjectKind::type);
}
inline sql::ColumnUse use(std::string_view of, std::string_view column) {
  return {of.empty() ? sql::Name{} : name_of(of), std::string(column), 7};
}

// One statement.
inline sql::Facts facts_of(std::vector<sql::Effect> effects, std::vector<sql::Range> ranges = {},
                           std::vector<sql::ColumnUse> uses = {}) {
  sql::Facts facts;
  auto& statement = facts.statements.emplace_back();
  statement.kind = "SELECT";
  statement.effects = std::move(effects);
  statement.ranges = std::move(ranges);
  statement.column_uses = std::move(uses);
  return facts;
}

inline std::string line_of(const ResolvedEffect& found) {
  const sql::Effect& effect = found.effect;
  std::string line = std::string(sql::name(effect.action)) + ' ' + sql::to_text(effect.object);
  std::string inner = found.arguments;
  for (const std::string& column : effect.columns) inner += (inner.empty() ? "" : ", ") + column;
  if (found.all_columns) inner += inner.empty() ? "*" : ", *";
  if (!inner.empty()) line += '(' + inner + ')';
  if (effect.has_where) line += " where";
  if (found.missing) line += " missing";
  if (!found.through.empty()) line += " by " + found.through;
  return line;
}
inline Lines lines_of(const Resolution& resolution) {
  Lines lines;
  for (const ResolvedEffect& effect : resolution.effects) lines.push_back(line_of(effect));
  return lines;
}

inline NameSpace path(std::initializer_list<std::string> schemas) {
  return {schemas};
}
inline Lines resolved(const sql::Facts& facts, const MakeSnapshot& make,
                      const NameSpace& names = {{"app", "public"}}) {
  const std::shared_ptr<const Snapshot> snapshot = make.build();
  return lines_of(resolve(facts, *snapshot, names));
}

}  // namespace portcullis::catalog::testing
