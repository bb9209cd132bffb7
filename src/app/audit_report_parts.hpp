// What the reports are made of.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/audit_reports.hpp"

namespace portcullis::app {

// Different things that one report tells apart; what comes beyond goes into one row, "(others)".
inline constexpr std::size_t kMostGroups = 10'000;

// Statements that belong together, counted.
struct Tally {
  std::uint64_t statements = 0, ran = 0, failed = 0, refused = 0, unresolved = 0, would_deny = 0;
  std::uint64_t rows = 0, bytes = 0;
  std::int64_t first = 0, last = 0;  // microseconds since 1970

  void add(const audit::Statement& statement);
};

// Tallies by some words, in little memory.
class Groups {
 public:
  using Key = std::vector<std::string>;
  explicit Groups(std::size_t words) : others_(words, "(others)") {}
  Tally& of(const Key& key);
  // Of the largest number of statements first.
  [[nodiscard]] std::vector<std::pair<Key, Tally>> ranked() const;
  [[nodiscard]] const std::map<Key, Tally>& all() const { return tallies_; }

 private:
  Key others_;
  std::map<Key, Tally> tallies_;
};

// Its words, then statements, ran, failed, refused, unresolved, rows, bytes, first and last time.
[[nodiscard]] ReportTable tally_table(const std::string& name, std::vector<std::string> words,
                                      const Groups& groups, std::size_t rows);

// Rows of single statements, the first `most` of them.
class Listing {
 public:
  Listing(std::string name, std::vector<std::string> columns, std::size_t most)
      : table_{std::move(name), std::move(columns), {}, 0}, most_(most) {}
  // Whether the next row is listed; otherwise it is counted.
  [[nodiscard]] bool has_room() {
    if (table_.rows.size() < most_) return true;
    ++table_.more;
    return false;
  }
  void add(std::vector<Cell> row) { table_.rows.push_back(std::move(row)); }
  [[nodiscard]] const ReportTable& table() const { return table_; }

 private:
  ReportTable table_;
  std::size_t most_;
};

// "2026-11-22T16:20:00.000000Z", "#4711", agent, owner: how every row of a statement begins.
[[nodiscard]] std::vector<std::string> statement_columns(std::vector<std::string> more);
[[nodiscard]] std::vector<Cell> statement_row(const audit::Statement& statement, std::vector<Cell> more);

// Shortened for a table; how it ended, with its tags or SQLSTATE.
[[nodiscard]] std::string short_text(const audit::Statement& statement);
[[nodiscard]] std::string result_text(const audit::Statement& statement);

// Of the effects that `test` takes: "update app.orders", each once, joined.
template <class Test>
std::string effects_where(const audit::Statement& statement, const Test& test) {
  std::vector<std::string> texts;
  for (const auto& effect : statement.effects) {
    if (!test(effect)) continue;
    std::string text = effect.object.empty() ? effect.action : effect.action + ' ' + effect.object;
    if (!effect.route.empty()) text += ' ' + effect.route;
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  std::string joined;
  for (const auto& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

// Counts a statement once for each key that its effects have, of those that `test` takes.
template <class Test, class KeyOf>
void count_effects(Groups& groups, const audit::Statement& statement, const Test& test, const KeyOf& key_of) {
  std::set<Groups::Key> keys;
  for (const auto& effect : statement.effects) {
    if (test(effect)) keys.insert(key_of(effect));
  }
  for (const auto& key : keys) groups.of(key).add(statement);
}

// Whether an effect is one that the filter asks for, by table, column and way.
[[nodiscard]] bool is_in_scope(const audit::EntryFilter& filter, const audit::StatementEffect& effect);

// What puts rows into a table, changes them or takes them away; what gives them out.
[[nodiscard]] bool is_write(std::string_view action);
[[nodiscard]] bool is_read(std::string_view action);

}  // namespace portcullis::app
