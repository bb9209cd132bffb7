#include <algorithm>
#include <array>

#include "shadow/forecast_parts.hpp"

namespace portcullis::shadow {
namespace {

// Of the others, queries and statements that write rows, how long they take hangs on rows and plans that only
// production has. ANALYZE reads as much of a table as somebody has set.
bool changes_the_schema(std::string_view tag) {
  constexpr auto kTags = std::to_array<std::string_view>({"ALTER ", "CLUSTER", "COMMENT", "CREATE ", "DROP ",
                                                          "GRANT", "LOCK TABLE", "REINDEX", "REVOKE",
                                                          "SECURITY LABEL", "TRUNCATE TABLE"});
  return std::any_of(kTags.begin(), kTags.end(), [&](auto one) { return tag.starts_with(one); });
}

// VACUUM without FULL reads what it must, which hangs on the rows.
bool writes_all_anew(const RunFacts& facts) {
  return facts.tag == "VACUUM" && std::any_of(facts.relations.begin(), facts.relations.end(),
                                              [](const auto& one) { return one.is_rewritten; });
}

bool writes_rows(const std::vector<RelationFacts>& relations) {
  return std::any_of(relations.begin(), relations.end(),
                     [](const auto& one) { return one.inserted > 0 || one.updated > 0 || one.deleted > 0; });
}

bool makes_index(const std::vector<RelationFacts>& relations) {
  return std::any_of(relations.begin(), relations.end(),
                     [](const auto& one) { return one.is_new && is_index(one.kind); });
}

// By a query of its own: of the default of a column, of a view that is filled.
bool is_queried(const RelationForecast& relation) {
  LockSet reading;
  reading.add(LockMode::access_share);
  return relation.is_read && !relation.is_written && relation.locks == reading;
}

// A foreign key is proven by a join, which may read its other table by an index and so not count as a scan.
void read_both_sides(std::vector<RelationForecast>& relations) {
  const bool is_any_read =
      std::any_of(relations.begin(), relations.end(), [](const auto& one) { return one.is_read; });
  for (auto& one : relations) {
    if (one.locks.has(LockMode::share_row_exclusive) || one.locks.has(LockMode::row_share))
      one.is_read = one.is_read || is_any_read;
  }
}

// A table is written anew with all of its indexes.
bool is_written_with_its_table(const RelationForecast& index,
                               const std::vector<RelationForecast>& relations) {
  return index.is_found && std::any_of(relations.begin(), relations.end(), [&](const auto& one) {
           return !is_index(one.kind) && one.is_written && one.is_found && one.table == index.table;
         });
}

void add(const RelationForecast& relation, bool is_indexed, const std::vector<RelationForecast>& all,
         Work& work) {
  const std::uint64_t bytes = relation.bytes.value_or(0);
  if (is_index(relation.kind)) {
    if (!is_written_with_its_table(relation, all)) work.reindexed += bytes;
    return;
  }
  if (relation.is_written) {
    work.written += bytes;
    work.reindexed += relation.index_bytes.value_or(0);
  } else {
    work.read += bytes;
  }
  if (is_indexed) work.indexed += bytes;
}

void set_unknown(Forecast& forecast, std::string why) {
  forecast.duration = std::nullopt;
  forecast.basis = std::move(why);
}

}  // namespace

void estimate_duration(const RunFacts& facts, Forecast& forecast) {
  if (facts.failure) return set_unknown(forecast, "it fails");
  const bool is_known = changes_the_schema(facts.tag) || writes_all_anew(facts);
  if (!is_known || writes_rows(facts.relations))
    return set_unknown(forecast, "it hangs on the rows that it meets");
  // TRUNCATE writes anew what is empty then.
  const bool is_emptied = facts.tag == "TRUNCATE TABLE";
  Work work;
  auto& relations = forecast.relations;
  const bool is_indexed = makes_index(facts.relations);
  if (!is_emptied) read_both_sides(relations);
  for (const auto& relation : relations) {
    if (is_emptied || (!relation.is_read && !relation.is_written)) continue;
    if (is_queried(relation)) return set_unknown(forecast, "it hangs on a query of " + qualified(relation));
    if (!relation.bytes) return set_unknown(forecast, "the size of " + qualified(relation) + " is unknown");
    add(relation, is_indexed, relations, work);
    // What was written while the index was built is looked for in all of the table once more.
    if (facts.waits_for_older && relation.is_read && !is_index(relation.kind)) work.read += *relation.bytes;
  }
  forecast.duration = base::duration_class_of(seconds_of(work));
  forecast.basis = in_words(work);
  if (facts.waits_for_older) forecast.basis += ", besides waiting for older transactions";
}

}  // namespace portcullis::shadow
