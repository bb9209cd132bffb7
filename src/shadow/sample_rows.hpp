// One made-up row for each table: whether a table is empty decides what a statement on it does. No value of
// the production database is read, and none is in the copy. The row is as harmless as can be: what fails by
// it may work on the rows of production, and the other way round.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/measurement.hpp"

namespace portcullis::shadow {

struct SampleColumn {
  std::string name;
  std::string type;     // of a domain the one below it: "int4"
  char category = 'U';  // pg_type.typcategory
  bool is_null = true;  // NULL will do
  bool is_foreign_key = false;
  bool has_default = false;
  std::string label;                  // an enum's first
  bool is_checked = false;            // by a CHECK constraint
  std::vector<std::string> literals;  // of those constraints: one of them may be a value that passes
  std::string bound;                  // what the table's partition bound says of it, as SQL; empty: nothing
};

struct SampleTable {
  std::string schema, name;
  std::vector<SampleColumn> columns;
};

// Of the copy: the columns of every table. Asked there, for what it calls opens the tables.
[[nodiscard]] std::string_view columns_query() noexcept;
// Its rows. 08P01 when they are not what is asked for.
[[nodiscard]] base::Result<std::vector<SampleTable>> read_samples(const std::vector<Row>& columns);

// An INSERT; later attempts take other values, for a CHECK may want them. Nothing when there is no other.
[[nodiscard]] std::optional<std::string> insert_of(const SampleTable& table, std::size_t attempt);

}  // namespace portcullis::shadow
