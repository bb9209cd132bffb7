#include "session/row_counter.hpp"

#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"
#include "portcullis/audit/record.hpp"

namespace portcullis::session {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

constexpr std::size_t kMostTablesTold = 3;

#define PORTCULLIS_ROWS_OF(oid)                      \
  "pg_catalog.pg_stat_get_xact_tuples_inserted(" oid \
  ") OPERATOR(pg_catalog.+) "                        \
  "pg_catalog.pg_stat_get_xact_tuples_updated(" oid  \
  ") OPERATOR(pg_catalog.+) "                        \
  "pg_catalog.pg_stat_get_xact_tuples_deleted(" oid ")"

constexpr std::string_view kBaseOfAll =
    "SELECT x.oid, x.k FROM (SELECT c.oid, " PORTCULLIS_ROWS_OF(
        "c.oid") " AS k FROM pg_catalog.pg_class AS c WHERE c.relkind OPERATOR(pg_catalog.=) 'r') AS x "
                 "WHERE x.k OPERATOR(pg_catalog.<>) 0";
constexpr std::string_view kBaseOfSome =
    "SELECT x.oid, " PORTCULLIS_ROWS_OF("x.oid") " FROM pg_catalog.unnest('{";
constexpr std::string_view kBaseOfSomeEnd = "}'::pg_catalog.oid[]) AS x(oid)";

// Whoever writes rows holds this lock on their table until the transaction ends. Catalogs have lower oids.
constexpr std::string_view kReport =
    "SELECT l.relation, " PORTCULLIS_ROWS_OF(
        "l.relation") ", pg_catalog.current_setting('track_counts'), c.relkind, n.nspname, c.relname "
                      "FROM pg_catalog.pg_locks AS l "
                      "LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) l.relation "
                      "LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
                      "WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() "
                      "AND l.locktype OPERATOR(pg_catalog.=) 'relation' "
                      "AND l.mode OPERATOR(pg_catalog.=) 'RowExclusiveLock' "
                      "AND l.relation OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid";

#undef PORTCULLIS_ROWS_OF

template <class Number>
std::optional<Number> number(const OwnRound::Row& row, std::size_t field) {
  Number value = 0;
  if (field >= row.size() || !row[field]) return std::nullopt;
  const std::string& text = *row[field];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error unexpected() {
  return {sqlstate::protocol_violation,
          "the database answered unexpectedly when it was asked for its counters"};
}

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

// Of one line each, and no longer than a record can hold.
std::string plain(std::string_view name, std::size_t most) {
  std::string text(name.substr(0, most));
  text.resize(base::valid_utf8_prefix(text));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return text;
}

}  // namespace

std::string RowCounter::base_query() const {
  if (!knows_all_) return std::string(kBaseOfAll);
  std::string sql(kBaseOfSome);
  for (const Oid oid : changed_) sql += (sql.back() == '{' ? "" : ",") + std::to_string(oid);
  return sql + std::string(kBaseOfSomeEnd);
}

Result<void> RowCounter::take_base(const std::vector<OwnRound::Row>& rows) {
  base_.clear();
  for (const auto& row : rows) {
    const auto oid = number<Oid>(row, 0);
    const auto count = number<std::uint64_t>(row, 1);
    if (!oid || !count) return unexpected();
    base_[*oid] = *count;
    changed_.insert(*oid);
  }
  knows_all_ = changed_.size() <= kMostTables;
  if (!knows_all_) changed_.clear();
  return {};
}

std::string_view RowCounter::report_query() noexcept {
  return kReport;
}

Result<RowsTouched> RowCounter::take_report(const std::vector<OwnRound::Row>& rows) {
  RowsTouched touched;
  for (const auto& row : rows) {
    const auto oid = number<Oid>(row, 0);
    const auto count = number<std::uint64_t>(row, 1);
    if (row.size() != 6 || !oid || !count || !row[2]) return unexpected();
    const std::string kind = row[3].value_or("");
    if (kind == "t") continue;  // parts of long values, whose rows are counted where they belong
    const std::string name = row[4].value_or("?") + "." + row[5].value_or(std::to_string(*oid));
    if (*row[2] != "on") {
      return Error{sqlstate::feature_not_supported, "the database does not count: track_counts is off"};
    }
    if (kind == "f") {
      return Error{sqlstate::feature_not_supported, "rows of the foreign table " + name + " are not counted"};
    }
    changed_.insert(*oid);
    const auto base = base_.find(*oid);
    const std::uint64_t before = base == base_.end() ? 0 : base->second;
    if (*count <= before) continue;
    touched.total += *count - before;
    touched.tables.push_back({name, *count - before});
  }
  std::stable_sort(touched.tables.begin(), touched.tables.end(),
                   [](const auto& a, const auto& b) { return a.rows > b.rows; });
  return touched;
}

std::string to_text(const RowsTouched& touched) {
  std::string text = counted(touched.total, "row") + " in " + counted(touched.tables.size(), "table");
  if (touched.tables.empty()) return text;
  std::string tables;
  for (std::size_t i = 0; i < touched.tables.size() && i < kMostTablesTold; ++i) {
    const auto& table = touched.tables[i];
    tables += (i == 0 ? "" : ", ") + plain(table.name, 130) + ": " + std::to_string(table.rows);
  }
  if (touched.tables.size() > kMostTablesTold) tables += ", ...";
  return text + " (" + tables + ")";
}

std::vector<std::string> to_record(const RowsTouched& touched) {
  std::vector<std::string> lines;
  for (const auto& table : touched.tables) {
    if (lines.size() == audit::kMostRowEntries) break;
    const std::string count = ": " + std::to_string(table.rows);
    lines.push_back(plain(table.name, audit::kMaxRowEntryBytes - count.size()) + count);
  }
  return lines;
}

}  // namespace portcullis::session
