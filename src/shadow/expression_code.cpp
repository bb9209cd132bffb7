#include "shadow/expression_code.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sql/lexer.hpp"

namespace portcullis::shadow {

namespace {

constexpr Oid kFirstOfUsers = 16384;

bool ends_with_any(std::string_view field, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](auto end) { return field.ends_with(end); });
}

// ":funcid 447"; a value that is no number is none to look at.
Code code_of_field(std::string_view field, std::string_view value, const std::set<Oid>& effects) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) return Code::known;
  if (field == "varattno") return number <= 0 ? Code::foreign : Code::known;
  const bool is_function = ends_with_any(field, {"funcid", "fnoid"});
  if (!is_function && !ends_with_any(field, {"type", "typeid", "typeId", "opno", "collid"}))
    return Code::known;
  if (number >= kFirstOfUsers) return Code::foreign;
  return is_function && effects.contains(static_cast<Oid>(number)) ? Code::changes : Code::known;
}

}  // namespace

// Texts stand in a tree as numbers of bytes and can be taken for nothing else.
Code code_of_tree(std::string_view tree, const std::set<Oid>& effects) {
  Code worst = tree.find("{NEXTVALUEEXPR") == std::string_view::npos ? Code::known : Code::changes;
  for (std::size_t at = tree.find(':'); at != std::string_view::npos; at = tree.find(':', at + 1)) {
    const auto name_end = tree.find(' ', at);
    if (name_end == std::string_view::npos) break;
    const auto value = tree.substr(name_end + 1, tree.find_first_of(" })", name_end + 1) - name_end - 1);
    worst = std::max(worst, code_of_field(tree.substr(at + 1, name_end - at - 1), value, effects));
  }
  return worst;
}

Code code_of_partition(std::string_view expression) {
  constexpr auto kNoCalls = std::to_array<std::string_view>({"and", "or", "not", "any", "array", "in"});
  sql::Lexer lexer(expression);
  std::string_view before;
  for (auto lexeme = lexer.next(); lexeme.kind != sql::LexemeKind::end; lexeme = lexer.next()) {
    if (!lexeme.terminated) return Code::foreign;
    if (lexeme.kind == sql::LexemeKind::space) continue;
    const bool is_name = lexeme.kind == sql::LexemeKind::word || lexeme.kind == sql::LexemeKind::quoted_name;
    if (lexeme.text == ".") return Code::foreign;
    if (lexeme.text == "(" && !before.empty()) {
      const auto same = [&](std::string_view word) {
        return std::equal(word.begin(), word.end(), before.begin(), before.end(),
                          [](char a, char b) { return a == (b | 0x20); });
      };
      if (std::none_of(kNoCalls.begin(), kNoCalls.end(), same)) return Code::foreign;
    }
    before = is_name ? lexeme.text : std::string_view();
  }
  return Code::known;
}

}  // namespace portcullis::shadow
