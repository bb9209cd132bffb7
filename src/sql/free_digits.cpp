#include "sql/free_digits.hpp"

#include <algorithm>
#include <array>

namespace portcullis::sql {
namespace {

// Whatever has nine digits fits the type integer; a longer number may be a bigint or a numeric, for which
// PostgreSQL may find other operators.
constexpr std::size_t kMostDigits = 9;

// Elsewhere a number may be a name (SET, ALTER ROLE ... CONNECTION LIMIT), a size or a version.
bool is_plain_query(const Node& statement) {
  constexpr auto kKinds =
      std::to_array<std::string_view>({"DeleteStmt", "InsertStmt", "SelectStmt", "UpdateStmt"});
  return std::any_of(kKinds.begin(), kKinds.end(), [&](auto kind) { return statement.is(kind); });
}

bool is_number(const Node& node) {
  return node.is("A_Const") && node.has("ival");
}

// Where the number stands as digits with nothing but a sign in front.
void add(const Node& number, std::string_view text, std::vector<Digits>& out) {
  if (number.location() < 0) return;
  auto begin = static_cast<std::size_t>(number.location());
  if (begin < text.size() && text[begin] == '-') ++begin;
  if (begin >= text.size()) return;
  const std::size_t end = std::min(text.find_first_not_of("0123456789", begin), text.size());
  if (end == begin || end - begin > kMostDigits) return;
  out.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
}

// Operands, what a column is set to, and rows of VALUES and IN: there a number is a value of the data. Not as
// the argument of a function, which facts have, nor where it is a column's position, a LIMIT or a size.
class Collector {
 public:
  Collector(std::string_view text, std::vector<Digits>& out) : text_(text), out_(out) {}

  void walk(const Node& node, bool is_list_of_values) {
    const bool holds_values = node.is("A_Expr") || node.is("ResTarget") || is_list_of_values;
    const bool has_lists = node.is("A_Expr") || node.is("SelectStmt");
    for (const Node& child : node.children()) {
      if (is_number(child)) {
        if (holds_values) add(child, text_, out_);
      } else {
        walk(child, has_lists && child.is("List"));
      }
    }
  }

 private:
  std::string_view text_;
  std::vector<Digits>& out_;
};

}  // namespace

std::vector<Digits> free_digits(const Node& statement, std::string_view text) {
  std::vector<Digits> found;
  if (!is_plain_query(statement)) return found;
  Collector(text, found).walk(statement, false);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace portcullis::sql
