#include "app/audit_report_parts.hpp"

#include <array>

#include "app/statement_output.hpp"
#include "audit/read.hpp"

namespace portcullis::app {
namespace {

constexpr std::size_t kShown = 100;

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

bool AuditReport::take(const audit::Statement&) {
  return false;
}

bool AuditReport::take(const audit::EntryReader&, const audit::SessionFacts*) {
  return false;
}

void Tally::add(const audit::Statement& statement) {
  const auto result = statement.result();
  statements += statement.count;
  if (!statement.is_forwarded()) refused += statement.count;
  if (statement.verdict == "would_deny") ++would_deny;
  if (result == "unresolved") ++unresolved;
  if (statement.runs() && !statement.outcomes.empty())
    ++(result == "ok" || result == "suspended" ? ran : failed);
  rows += statement.rows();
  bytes += statement.bytes_given();
  first = first == 0 ? statement.micros : std::min(first, statement.micros);
  last = std::max(last, statement.micros);
}

Tally& Groups::of(const Key& key) {
  const auto found = tallies_.find(key);
  if (found != tallies_.end()) return found->second;
  return tallies_[tallies_.size() < kMostGroups ? key : others_];
}

std::vector<std::pair<Groups::Key, Tally>> Groups::ranked() const {
  std::vector<std::pair<Key, Tally>> all(tallies_.begin(), tallies_.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& one, const auto& other) {
    return one.second.statements > other.second.statements;
  });
  return all;
}

ReportTable tally_table(const std::string& name, std::vector<std::string> words, const Groups& groups,
                        std::size_t rows) {
  ReportTable table{name, std::move(words), {}, 0};
  for (const char* column :
       {"statements", "ran", "failed", "refused", "unresolved", "rows", "bytes", "first", "last"})
    table.columns.emplace_back(column);
  for (const auto& [key, tally] : groups.ranked()) {
    if (table.rows.size() == rows) {
      table.more = groups.all().size() - rows;
      break;
    }
    std::vector<Cell> cells(key.begin(), key.end());
    for (const std::uint64_t number : {tally.statements, tally.ran, tally.failed, tally.refused,
                                       tally.unresolved, tally.rows, tally.bytes})
      cells.emplace_back(number);
    cells.emplace_back(audit::time_text(tally.first));
    cells.emplace_back(audit::time_text(tally.last));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::vector<std::string> statement_columns(std::vector<std::string> more) {
  std::vector<std::string> columns{"time", "record", "agent", "owner"};
  columns.insert(columns.end(), more.begin(), more.end());
  return columns;
}

std::vector<Cell> statement_row(const audit::Statement& statement, std::vector<Cell> more) {
  std::vector<Cell> row{audit::time_text(statement.micros), statement.index, statement.agent,
                        statement.owner()};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

std::string short_text(const audit::Statement& statement) {
  return audit::on_one_line(statement.full_text(), kShown);
}

std::string result_text(const audit::Statement& statement) {
  const std::string outcome = outcome_text(statement);
  return std::string(statement.result()) + (outcome.empty() ? "" : ": " + outcome);
}

bool is_in_scope(const audit::EntryFilter& filter, const audit::StatementEffect& effect) {
  if (filter.direct && !effect.route.empty()) return false;
  if (!filter.action.empty() && effect.action != filter.action) return false;
  if (!filter.table.empty() && !audit::names_table(filter.table, effect.object)) return false;
  return filter.column.empty() || effect.all_columns ||
         std::find(effect.columns.begin(), effect.columns.end(), filter.column) != effect.columns.end();
}

bool is_write(std::string_view action) {
  static constexpr std::array<std::string_view, 7> kActions{
      "insert", "update", "delete", "truncate", "copy from stdin", "copy from file", "copy from program"};
  return is_one_of(action, kActions);
}

bool is_read(std::string_view action) {
  static constexpr std::array<std::string_view, 5> kActions{"select", "select for update", "copy to stdout",
                                                            "copy to file", "copy to program"};
  return is_one_of(action, kActions);
}

}  // namespace portcullis::app
