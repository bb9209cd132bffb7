// The rows that a statement changes, as a query that gives one row for each of them: UPDATE t SET a = 1 WHERE
// b changes as many as SELECT FROM t WHERE b gives.
#pragma once

#include <string>
#include <string_view>

#include "sql/analyze.hpp"

namespace portcullis::sql {

struct RowQuery {
  std::string sql;  // one SELECT without a comment or semicolon, to be put in brackets; empty: there is none
  std::string why_not;  // then
};

// Of one statement that is an INSERT, UPDATE, DELETE, CREATE TABLE AS, CREATE MATERIALIZED VIEW or SELECT
// INTO. What an INSERT proposes counts, also where ON CONFLICT leaves it out; each row of an UPDATE's or
// DELETE's target counts once, however often it is joined. The text of the query is cut out of the
// statement's own, and its parse tree was compared with the statement's: conditions, tables and WITH are the
// same. What triggers, rules and keys change besides is not in it. The calling thread must be one that may
// parse (sql/analyze.hpp).
[[nodiscard]] RowQuery row_query_of(std::string_view statement, const AnalysisLimits& limits = {});

// Of an UPDATE or DELETE that names one table and reads nothing else, neither by a join nor by a subquery:
// the same query with the columns tableoid and ctid, by which its rows can be read (manual 5.5, "System
// Columns").
[[nodiscard]] RowQuery target_query_of(std::string_view statement, const AnalysisLimits& limits = {});

}  // namespace portcullis::sql
