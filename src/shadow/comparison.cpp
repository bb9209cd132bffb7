#include "shadow/comparison.hpp"

#include <algorithm>

#include "shadow/quote.hpp"

namespace portcullis::shadow {
namespace {

using Relations = std::vector<RelationFacts>;

const RelationFacts* find(const Relations& relations, const RelationFacts& like) {
  const auto found = std::find_if(relations.begin(), relations.end(), [&](const RelationFacts& one) {
    return one.schema == like.schema && one.name == like.name;
  });
  return found == relations.end() ? nullptr : &*found;
}

std::string in_words(LockSet locks) {
  std::string words;
  for (const LockMode mode : sql::kLockModes) {
    if (locks.has(mode)) words.append(words.empty() ? "" : ", ").append(name(mode));
  }
  return words.empty() ? "none" : words;
}

// Some of them the transaction may have held before, and did not have to take.
bool are_as_predicted(LockSet predicted, LockSet taken, LockSet held) {
  return std::all_of(sql::kLockModes.begin(), sql::kLockModes.end(), [&](LockMode mode) {
    return predicted.has(mode) ? taken.has(mode) || held.has(mode) : !taken.has(mode);
  });
}

LockSet locks_on(const Relations& relations, const RelationFacts& like) {
  const auto* found = find(relations, like);
  return found == nullptr ? LockSet() : found->locks;
}

bool is_compared(const RelationFacts& relation) {
  return !relation.is_new && !relation.schema.starts_with("pg_temp");
}

std::string line(std::string_view what, const RelationFacts& of, std::string_view is) {
  return std::string(what) + ": " + of.schema + "." + of.name + ": " + std::string(is);
}

void compare(const RelationFacts& predicted, const RelationFacts& actual, LockSet held,
             std::vector<std::string>& lines) {
  if (!are_as_predicted(predicted.locks, actual.locks, held))
    lines.push_back(
        line("locks", predicted, in_words(actual.locks) + "; predicted: " + in_words(predicted.locks)));
  if (predicted.is_rewritten != actual.is_rewritten)
    lines.push_back(line("rewrite", predicted,
                         actual.is_rewritten ? "stored anew, not predicted" : "predicted, not stored anew"));
  if (predicted.is_scanned != actual.is_scanned)
    lines.push_back(line("scan", predicted,
                         actual.is_scanned ? "read whole, not predicted" : "predicted, not read whole"));
}

}  // namespace

std::string baseline_query(const Relations& predicted) {
  const auto named = [](const std::string& name) { return literal(name) + "::pg_catalog.name"; };
  std::string sql(Baseline::query());
  sql +=
      " AND (n.nspname, c.relname) OPERATOR(pg_catalog.=) ANY (VALUES (NULL::pg_catalog.name, "
      "NULL::pg_catalog.name)";
  for (const auto& relation : predicted) {
    if (is_compared(relation))
      sql.append(", (").append(named(relation.schema)).append(", ").append(named(relation.name)).append(")");
  }
  return sql += ")";
}

std::vector<std::string> differences(const Relations& predicted, const Relations& actual,
                                     const Relations& held) {
  std::vector<std::string> lines;
  for (const auto& relation : predicted) {
    if (!is_compared(relation)) continue;
    const auto* same = find(actual, relation);
    compare(relation, same == nullptr ? RelationFacts() : *same, locks_on(held, relation), lines);
  }
  // What nobody foresaw has no baseline, and looks as if it were new.
  for (const auto& relation : actual) {
    if (relation.locks.empty() || relation.schema.starts_with("pg_temp")) continue;
    if (find(predicted, relation) == nullptr)
      lines.push_back(line("locks", relation, in_words(relation.locks) + "; predicted: none"));
  }
  return lines;
}

}  // namespace portcullis::shadow
