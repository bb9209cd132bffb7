// Fields of rows: numbers, flags and flat arrays of numbers. Nothing here needs array elements with quotes.
#include "catalog/row_reader.hpp"

#include <algorithm>
#include <charconv>

namespace portcullis::catalog {

namespace {

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

// The name of a query's column, for messages.
std::string_view column_name(std::string_view columns, std::size_t index) {
  while (index-- > 0) columns.remove_prefix(std::min(columns.size(), columns.find(' ') + 1));
  return columns.substr(0, columns.find(' '));
}

}  // namespace

RowReader::RowReader(const Query& query, std::span<const Field> fields) : query_(query), fields_(fields) {
  const auto wanted = static_cast<std::size_t>(std::ranges::count(query.columns, ' ')) + 1;
  if (fields.size() != wanted)
    problem_ = "has " + std::to_string(fields.size()) + " fields instead of " + std::to_string(wanted);
}

std::string_view RowReader::next() {
  const std::size_t index = taken_++;
  if (!problem_.empty() || index >= fields_.size()) return {};
  expect(fields_[index].has_value(), "a value instead of NULL");
  return fields_[index].value_or(std::string_view());
}

void RowReader::expect(bool is_so, std::string_view what) {
  if (is_so || !problem_.empty()) return;
  problem_ =
      "needs " + std::string(what) + " as \"" + std::string(column_name(query_.columns, taken_ - 1)) + "\"";
}

std::string RowReader::text() {
  return std::string(next());
}

Oid RowReader::oid() {
  const std::optional<Oid> oid = parse<Oid>(next());
  expect(oid.has_value(), "an oid");
  return oid.value_or(kNoOid);
}

int RowReader::number() {
  const std::optional<int> number = parse<int>(next());
  expect(number.has_value(), "a number");
  return number.value_or(0);
}

std::int16_t RowReader::column() {
  const std::optional<std::int16_t> number = parse<std::int16_t>(next());
  expect(number && *number > 0, "a column's number");
  return number.value_or(0);
}

Catalog RowReader::catalog() {
  const auto number = parse<std::uint16_t>(next());
  expect(number.has_value(), "the oid of a catalog");
  return static_cast<Catalog>(number.value_or(0));
}

std::int16_t RowReader::part() {
  const auto number = parse<std::int16_t>(next());
  expect(number.has_value(), "a column's number or 0");
  return number.value_or(0);
}

bool RowReader::boolean() {
  const std::string_view text = next();
  expect(text == "t" || text == "f", "t or f");
  return text == "t";
}

char RowReader::letter_of(std::string_view allowed) {
  const std::string_view text = next();
  const bool is_one = text.size() == 1 && allowed.find(text[0]) != std::string_view::npos;
  expect(is_one, "one of the letters " + std::string(allowed));
  return is_one ? text[0] : allowed[0];
}

std::string RowReader::letters(std::string_view allowed) {
  const std::string_view text = next();
  for (std::size_t i = 0; i < text.size(); ++i)
    expect(allowed.find(text[i]) != std::string_view::npos &&
               text.find(text[i], i + 1) == std::string_view::npos,
           "letters of " + std::string(allowed));
  return std::string(text);
}

std::vector<std::string_view> RowReader::elements() {
  std::string_view text = next();
  const bool is_array = text.size() >= 2 && text.front() == '{' && text.back() == '}';
  expect(is_array, "an array");
  std::vector<std::string_view> found;
  if (!is_array || text == "{}") return found;
  text = text.substr(1, text.size() - 2);
  while (true) {
    const std::size_t comma = text.find(',');
    found.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return found;
    text.remove_prefix(comma + 1);
  }
}

std::vector<Oid> RowReader::oids() {
  std::vector<Oid> oids;
  for (const std::string_view element : elements()) {
    const std::optional<Oid> oid = parse<Oid>(element);
    expect(oid.has_value(), "an array of oids");
    oids.push_back(oid.value_or(kNoOid));
  }
  return oids;
}

std::vector<std::int16_t> RowReader::columns() {
  std::vector<std::int16_t> numbers;
  for (const std::string_view element : elements()) {
    const std::optional<std::int16_t> number = parse<std::int16_t>(element);
    expect(number.has_value(), "an array of column numbers");
    numbers.push_back(number.value_or(0));
  }
  return numbers;
}

std::vector<NamedColumn> RowReader::named_columns() {
  std::vector<NamedColumn> named;
  for (const std::string_view element : elements()) {
    const std::size_t colon = element.find(':');
    const std::optional<Oid> oid = parse<Oid>(element.substr(0, colon));
    std::optional<std::int16_t> column;
    if (colon != std::string_view::npos) column = parse<std::int16_t>(element.substr(colon + 1));
    expect(oid && (colon == std::string_view::npos || (column && *column >= 0)),
           "an array of oids with column numbers");
    named.push_back({oid.value_or(kNoOid), column});
  }
  return named;
}

base::Result<void> RowReader::end() const {
  if (problem_.empty()) return {};
  return base::Error{base::sqlstate::internal_error, "a row of \"" + std::string(query_.name) + "\" " +
                                                         problem_ + "; read the catalog again"};
}

}  // namespace portcullis::catalog
