#include "shadow/row_count.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "sql/lexer.hpp"

namespace portcullis::shadow {
namespace {

constexpr std::uint32_t kText = 25;

// $1 is lexed as a symbol and a number.
std::set<std::size_t> numbers_in(std::string_view sql) {
  std::set<std::size_t> numbers;
  sql::Lexer lexer(sql);
  std::string_view before;
  for (auto lexeme = lexer.next(); lexeme.kind != sql::LexemeKind::end; lexeme = lexer.next()) {
    std::string_view digits = lexeme.text;
    const bool is_behind = before.ends_with('$') && lexeme.kind == sql::LexemeKind::number;
    const bool is_whole = digits.starts_with('$') && digits.size() > 1;
    if (is_whole) digits.remove_prefix(1);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if ((is_behind || is_whole) && error == std::errc{} && end != digits.data()) numbers.insert(number);
    before = lexeme.text;
  }
  return numbers;
}

std::uint16_t format_of(const Parameters& parameters, std::size_t at) {
  const auto& formats = parameters.formats;
  if (formats.size() == 1) return formats.front();
  return at < formats.size() ? formats[at] : std::uint16_t{0};
}

}  // namespace

std::string_view name(RowCount::Basis basis) noexcept {
  switch (basis) {
    case RowCount::Basis::written: return "written";
    case RowCount::Basis::probed: return "probed";
    case RowCount::Basis::measured: return "measured";
    case RowCount::Basis::unknown: return "unknown";
  }
  return "unknown";
}

RowQuestion rows_known(std::uint64_t most, std::uint64_t rows) {
  return {.most = most, .known = rows};
}

RowQuestion rows_unknown(std::uint64_t most, std::string why) {
  return {.most = most, .why = std::move(why)};
}

std::string counting(const RowQuestion& question) {
  return "SELECT pg_catalog.count(*) FROM (SELECT FROM (" + question.sql + ") AS portcullis_changed LIMIT " +
         std::to_string(question.most + 1) + ") AS portcullis_counted";
}

Parameters parameters_for(std::string_view sql, Parameters parameters) {
  const auto used = numbers_in(sql);
  const std::size_t count = parameters.values.size();
  std::vector<std::uint16_t> formats;
  for (std::size_t i = 0; i < count; ++i) formats.push_back(format_of(parameters, i));
  parameters.types.resize(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (used.contains(i + 1)) continue;
    parameters.types[i] = kText;
    parameters.values[i].reset();
    formats[i] = 0;
  }
  parameters.formats = std::move(formats);
  return parameters;
}

RowCount counted(const RowQuestion& question, std::uint64_t rows, RowCount::Basis basis) {
  RowCount count;
  count.basis = basis;
  count.is_more = basis == RowCount::Basis::probed && rows > question.most;
  count.rows = count.is_more ? question.most : rows;
  return count;
}

}  // namespace portcullis::shadow
