// Tables and places of rows, as far as a dry run on production's own rows asks for them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/row.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::shadow {

// 0A000: why rows are not known.
[[nodiscard]] base::Error not_known(std::string why);
// 08P01.
[[nodiscard]] base::Error not_as_asked();
[[nodiscard]] std::string in_words(const TableName& table);

using Id = std::pair<Oid, std::string>;  // tableoid and ctid
using Ids = std::set<Id>;
// Nothing: the rows are others than these two columns.
[[nodiscard]] std::optional<Ids> read_ids(const std::vector<Row>& rows);
// A condition: `row` is one of these.
[[nodiscard]] std::string is_among(const Ids& ids, const std::string& row);

struct Table {
  Oid oid = 0;
  TableName name;
  char kind = 'r';
  std::vector<std::string> columns;  // that are stored and not generated
  std::set<std::string> generated;   // columns
  // Of a row that an UPDATE moves to another partition: foreign keys see it as deleted.
  bool deletes_what_moves = false;
  // As a FROM clause has it. Foreign keys are of a table alone where others only inherit from it.
  [[nodiscard]] std::string as_source() const;
};
// Of the tables, by the names c of pg_class and n of pg_namespace, that meet the condition: it is to be one.
[[nodiscard]] std::string table_query(const std::string& which);
// Of its answer. 0A000: there is none, it has no columns, or row security may hide its rows.
[[nodiscard]] base::Result<Table> read_table(const std::vector<Row>& rows);

}  // namespace portcullis::shadow
