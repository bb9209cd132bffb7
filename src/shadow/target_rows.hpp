// Rows of production for a dry run: those that an UPDATE or DELETE would change, and those that its foreign
// keys would change or trip over with them. They are read as the agent's own role and loaded into a copy that
// is thrown away, so that triggers, checks and cascades work on what they would work on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"
#include "shadow/row.hpp"
#include "shadow/run_facts.hpp"

namespace portcullis::shadow {

using TableName = std::pair<std::string, std::string>;  // schema and name

struct TargetQuestion {
  std::uint64_t most = 0;  // rows of one table
  // The columns tableoid and ctid of each row, under the session's own settings and with the statement's own
  // parameters; empty: nothing is asked.
  std::string sql{};
  TableName table{};                    // whose rows they are
  std::vector<std::string> assigned{};  // columns, of an UPDATE; empty: a DELETE
  bool runs_code = false;               // of users: triggers, and functions that they call
  std::string why{};                    // where `sql` is empty
  friend bool operator==(const TargetQuestion&, const TargetQuestion&) = default;
};
[[nodiscard]] TargetQuestion targets_unknown(std::uint64_t most, std::string why);

// A foreign key some of whose columns change.
struct TargetReference {
  TableName table;  // that has it
  std::vector<std::string> columns, parent_columns;
  // By which a column of the parent is compared with one of the table, and what a value of it is cast by.
  std::vector<std::string> operators, casts;
  TableName parent;
  Oid parent_oid = 0;
};

struct TableRows {
  TableName table;
  std::vector<std::string> columns;  // all that are stored and not generated
  std::vector<Row> rows;
  // Columns of a unique index: what is there by the same values stays. Empty: nothing is.
  std::vector<std::string> beside{};
};

struct TargetRows {
  std::vector<TableRows> tables;  // the target first
  std::size_t targets = 0;        // rows of it that the statement itself changes
  std::vector<TableName> leaves;  // that these are stored in
  // Of the target and of whatever its foreign keys change, at any distance.
  std::vector<TargetReference> references;
  std::vector<TableName> emptied;  // what must have no made-up rows: all of these, and the parents
};

// One question after the other, of one snapshot, under exact_settings().
using Asking = std::function<base::Result<std::vector<Row>>(const std::string& sql)>;

// SET LOCAL ...: values are written so that the same settings read the same values from them.
[[nodiscard]] std::string exact_settings();

// `ids`: what the question was answered with. Walks the foreign keys as far as their actions reach. An error
// says why the rows are not known: there are more than the most of a table, the role may not see them, or
// the database's own. Its words quote no row, but for those of the database.
[[nodiscard]] base::Result<TargetRows> read_targets(const TargetQuestion& question,
                                                    const std::vector<Row>& ids, const Asking& ask);

// Of one reference. With more nothing is known.
inline constexpr std::size_t kMostKeys = 5'000;
// Behind the statement, in the copy: the keys that are referred to then, a row for each.
[[nodiscard]] std::string keys_query(const TargetReference& reference);
// Those rows that the keys refer to, of production.
[[nodiscard]] base::Result<TableRows> read_parents(const TargetReference& reference,
                                                   const std::vector<Row>& keys, const Asking& ask);

[[nodiscard]] std::string emptying(const TableName& table);
// What fills the copy's table.
[[nodiscard]] std::vector<std::string> loading(const TableRows& rows);

// What a report says of them: never a value.
struct TargetsTold {
  bool is_loaded = false;
  std::string why{};  // they are not
  std::vector<std::pair<TableName, std::size_t>> tables{};
  std::chrono::microseconds took{0};
};
[[nodiscard]] TargetsTold told(const TargetRows& rows);

// Whether the run has changed what it was to change; else the copy is not what production is.
[[nodiscard]] bool has_changed_all(const TargetRows& rows, const RunFacts& facts);
// What is told of a run on them: no words that may quote their values, of errors or in names made meanwhile.
// What code of users, or keys that could not be read (`keys_unknown` says why), may have decided otherwise
// than production would is marked as what nobody knows.
void hide_values(RunFacts& facts, bool runs_code, const std::string& keys_unknown);
// All rows that it has inserted, updated and deleted, by whatever way.
[[nodiscard]] std::uint64_t rows_changed(const RunFacts& facts) noexcept;

}  // namespace portcullis::shadow
