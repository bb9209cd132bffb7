// A statement of the audit log for people and programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/statement.hpp"

namespace portcullis::app {

// One JSON object on one line, without its line feed.
[[nodiscard]] std::string to_json_line(const audit::Statement& statement);

// RFC 4180: the cells of one record, of all statements the same columns; csv_record() quotes them.
[[nodiscard]] const std::vector<std::string>& csv_columns();
[[nodiscard]] std::vector<std::string> csv_cells(const audit::Statement& statement);
// With its CR LF. A spreadsheet must not take for a formula what an agent wrote: a cell that begins with =,
// +,
// -, @, a tab or a carriage return gets an apostrophe in front. Bytes that are no UTF-8 stand as
// "base64:...".
[[nodiscard]] std::string csv_record(const std::vector<std::string>& cells);

// Short, for a table: safe for a terminal.
[[nodiscard]] const std::vector<std::string>& table_columns();
[[nodiscard]] std::vector<std::string> table_cells(const audit::Statement& statement);

// "select app.orders, update app.orders"; each once.
[[nodiscard]] std::string effects_text(const audit::Statement& statement);
// "SELECT 3", or the SQLSTATE of what failed.
[[nodiscard]] std::string outcome_text(const audit::Statement& statement);

}  // namespace portcullis::app
