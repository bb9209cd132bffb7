#include "shadow/forecast.hpp"

#include <algorithm>

#include "shadow/forecast_parts.hpp"
#include "shadow/row.hpp"

namespace portcullis::shadow {

using base::Error;
using base::Result;

namespace {

// Of forecast_query(), in its order.
enum Column : std::size_t {
  kIndex,
  kKind,
  kTable,
  kPages,
  kLongPages,
  kIndexPages,
  kRows,
  kLiving,
  kBlockSize,
  kSessions,
  kInTheWay,
  kPlace,
  kPid,
  kUser,
  kState,
  kType,
  kPrepared,
  kMode,
  kGranted,
  kAge,
  kSaves,
  kColumns
};

constexpr std::uint64_t kMostPages = std::uint64_t{1} << 40;  // of all partitions' indexes, and then some
constexpr std::uint64_t kMostRows = std::uint64_t{1} << 60;
constexpr std::size_t kLongestText = 1'000;

Error unexpected() {
  return {base::sqlstate::protocol_violation,
          "the database answered the question for sizes and locks with something else"};
}

bool read_count(const Row& row, Column column, std::uint64_t most, std::uint64_t& value) {
  return read_number(row, column, value) && value <= most;
}

// May be NULL.
bool read_text(const Row& row, Column column, std::optional<std::string>& value) {
  value = row[column];
  return !value || value->size() <= kLongestText;
}

bool is_without_storage(char kind) noexcept {
  return kind == 'p' || kind == 'I' || kind == 'v' || kind == 'c';
}

struct Pages {
  std::uint64_t own = 0, of_long_values = 0, of_indexes = 0, block_size = 0;
};

// What has grown since somebody looked has grown by as many pages as rows. Of what had no rows then nobody
// knows how large they are.
void set_size(const Pages& pages, std::optional<std::uint64_t> rows, std::uint64_t living,
              RelationForecast& relation) {
  if (is_without_storage(relation.kind)) {
    relation.rows = rows;
    relation.bytes = relation.index_bytes = 0;
    return;
  }
  const bool has_grown = living > rows.value_or(0);
  relation.rows = has_grown ? living : rows;
  if (relation.kind != 'S' && (!rows || (has_grown && *rows == 0))) return;
  const double growth =
      has_grown && rows.value_or(0) > 0 ? static_cast<double>(living) / static_cast<double>(*rows) : 1;
  const auto bytes_of = [&](std::uint64_t own, std::uint64_t further) {
    constexpr double kMost = 0x1p50;  // 1 PiB, more than a table can have
    const double bytes = (static_cast<double>(own) * growth + static_cast<double>(further)) *
                         static_cast<double>(pages.block_size);
    return static_cast<std::uint64_t>(std::min(bytes, kMost));
  };
  relation.bytes = bytes_of(pages.own, pages.of_long_values);
  relation.index_bytes = bytes_of(pages.of_indexes, 0);
}

bool read_relation(const Row& row, RelationForecast& relation) {
  Pages pages;
  std::uint64_t living = 0, rows = 0;
  if (!read_number(row, kTable, relation.table) || !read_count(row, kPages, kMostPages, pages.own) ||
      !read_count(row, kLongPages, kMostPages, pages.of_long_values) ||
      !read_count(row, kIndexPages, kMostPages, pages.of_indexes) ||
      !read_count(row, kBlockSize, 32'768, pages.block_size) ||
      !read_count(row, kLiving, kMostRows, living) ||
      !read_count(row, kSessions, kMostRows, relation.sessions) ||
      !read_count(row, kInTheWay, relation.sessions, relation.in_the_way))
    return false;
  if (row[kRows] && !read_count(row, kRows, kMostRows, rows)) return false;
  set_size(pages, row[kRows] ? std::optional(rows) : std::nullopt, living, relation);
  relation.is_found = true;
  return true;
}

bool read_holder(const Row& row, RelationForecast& relation) {
  LockHolder holder;
  std::optional<std::string> prepared;
  const auto mode = row[kMode] ? sql::lock_mode_of_view(*row[kMode]) : std::nullopt;
  if (!mode || !relation.locks.conflicts_with(*mode)) return false;
  holder.mode = *mode;
  if (row[kPid] && (!read_number(row, kPid, holder.pid) || holder.pid <= 0)) return false;
  if (!read_text(row, kUser, holder.user) || !read_text(row, kState, holder.state) ||
      !read_text(row, kType, holder.type) || !read_text(row, kPrepared, prepared) ||
      !read_truth(row, kGranted, holder.is_granted) || !read_truth(row, kSaves, holder.prevents_wraparound))
    return false;
  std::uint64_t age = 0;
  if (row[kAge]) {
    if (!read_count(row, kAge, kMostRows, age)) return false;
    holder.age = std::chrono::milliseconds(age);
  }
  holder.prepared = std::move(prepared).value_or("");
  relation.holders.push_back(std::move(holder));
  return relation.holders.size() <= kMostHolders && relation.holders.size() <= relation.in_the_way;
}

// A relation stands there once, or once for each of its holders.
bool read_row(const Row& row, RelationForecast& relation) {
  const bool is_first = !relation.is_found;
  if (!is_first && relation.holders.empty()) return false;
  if (is_first && !read_relation(row, relation)) return false;
  return row[kPlace] ? read_holder(row, relation) : is_first && relation.in_the_way == 0;
}

RelationForecast forecast_of(const RelationFacts& facts) {
  RelationForecast relation;
  relation.schema = facts.schema;
  relation.name = facts.name;
  relation.kind = facts.kind;
  relation.locks = facts.locks;
  relation.barred = barred_by(facts.locks);
  relation.is_read = facts.is_scanned;
  relation.is_written = facts.is_rewritten;
  return relation;
}

}  // namespace

Barred barred_by(LockSet locks) noexcept {
  if (locks.empty()) return Barred::nothing;
  if (locks.conflicts_with(LockMode::access_share)) return Barred::everybody;
  return locks.conflicts_with(LockMode::row_exclusive) ? Barred::writers : Barred::schema_changes;
}

std::string_view name(Barred barred) noexcept {
  switch (barred) {
    case Barred::nothing: return "nothing";
    case Barred::schema_changes: return "schema changes";
    case Barred::writers: return "writers";
    case Barred::everybody: return "readers and writers";
  }
  return "readers and writers";
}

Result<Forecast> read_forecast(const std::vector<Row>& rows, const RunFacts& facts) {
  Forecast forecast;
  std::vector<std::size_t> place_of(facts.relations.size(), facts.relations.size());  // among the forecast's
  for (std::size_t i = 0; i < facts.relations.size(); ++i) {
    if (facts.relations[i].is_new) continue;
    if (i < kMostForecastRelations && is_forecast(facts.relations[i]))
      place_of[i] = forecast.relations.size();
    forecast.relations.push_back(forecast_of(facts.relations[i]));
  }
  for (const auto& row : rows) {
    std::size_t i = 0;
    if (row.size() != kColumns || !read_number(row, kIndex, i) || i >= place_of.size()) return unexpected();
    if (place_of[i] >= forecast.relations.size() || !row[kKind] || row[kKind]->size() != 1)
      return unexpected();
    auto& relation = forecast.relations[place_of[i]];
    // Something else by the same name is none that the statement was tried out on.
    if (row[kKind]->front() != relation.kind) continue;
    if (!read_row(row, relation)) return unexpected();
  }
  for (const auto& relation : forecast.relations) {
    if (relation.holders.size() != std::min<std::uint64_t>(relation.in_the_way, kMostHolders))
      return unexpected();
  }
  estimate_duration(facts, forecast);
  return forecast;
}

}  // namespace portcullis::shadow
