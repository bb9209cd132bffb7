// Reads the fields of one row, left to right, as PostgreSQL writes them as text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/dependencies.hpp"
#include "catalog/queries.hpp"
#include "catalog/snapshot_builder.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/catalog/snapshot.hpp"

namespace portcullis::catalog {

// A column that stored code names: "16390:2", "16390:0" for the whole row, "16390" for the relation only.
struct NamedColumn {
  Oid relation = kNoOid;
  std::optional<std::int16_t> column;
};

// Each call takes the next field. The first that has another form than asked for is kept as the error; from
// there on the calls give empty values. So is another number of fields than the query has columns.
class RowReader {
 public:
  RowReader(const Query& query, std::span<const Field> fields);

  [[nodiscard]] std::string text();
  [[nodiscard]] Oid oid();
  [[nodiscard]] int number();
  [[nodiscard]] std::int16_t column();
  // pg_depend.classid and objsubid: the catalog of an object, and its column or 0.
  [[nodiscard]] Catalog catalog();
  [[nodiscard]] std::int16_t part();
  [[nodiscard]] bool boolean();
  // One of the letters, those being an enumeration's values.
  template <class Enumeration>
  [[nodiscard]] Enumeration letter(std::string_view allowed) {
    return static_cast<Enumeration>(letter_of(allowed));
  }
  // Each letter at most once.
  [[nodiscard]] std::string letters(std::string_view allowed);
  // Arrays of numbers: {1,2}
  [[nodiscard]] std::vector<Oid> oids();
  [[nodiscard]] std::vector<std::int16_t> columns();
  [[nodiscard]] std::vector<NamedColumn> named_columns();

  [[nodiscard]] base::Result<void> end() const;

 private:
  [[nodiscard]] std::string_view next();
  [[nodiscard]] char letter_of(std::string_view allowed);
  [[nodiscard]] std::vector<std::string_view> elements();
  void expect(bool is_so, std::string_view what);

  const Query& query_;
  std::span<const Field> fields_;
  std::size_t taken_ = 0;
  std::string problem_;
};

}  // namespace portcullis::catalog
