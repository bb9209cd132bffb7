#include "guard/row_refusals.hpp"

#include <algorithm>

namespace portcullis::guard {
namespace {

using catalog::ResolvedEffect;
using sql::Action;

bool is_write(Action action) noexcept {
  return action == Action::insert || action == Action::update || action == Action::delete_ ||
         action == Action::copy_from_stdin || action == Action::copy_from_file ||
         action == Action::copy_from_program;
}

// Their pages are rows of a catalog, which are not counted.
bool writes_large_object(const ResolvedEffect& resolved) {
  const auto& effect = resolved.effect;
  const std::string_view name = effect.object.name;
  return effect.action == Action::execute_function && resolved.oid == catalog::kNoOid &&
         (name.starts_with("lo_") || name == "lowrite" || name == "loread");
}

std::optional<std::string> uncountable(const ResolvedEffect& resolved) {
  const auto& effect = resolved.effect;
  if (effect.action == Action::truncate) {
    return "TRUNCATE removes rows without counting them: use DELETE";
  }
  if (effect.action == Action::call || effect.action == Action::do_) {
    return std::string(effect.action == Action::call ? "CALL" : "DO") +
           " may commit before what it changed is counted: call a function in a SELECT";
  }
  if (is_write(effect.action) && effect.kind == sql::ObjectKind::relation &&
      resolved.relation_kind == catalog::RelationKind::foreign_table && resolved.oid != catalog::kNoOid) {
    return "rows of the foreign table " + sql::to_text(effect.object) +
           " are changed elsewhere and not counted";
  }
  if (writes_large_object(resolved)) return std::string("what is written to large objects is not counted");
  return std::nullopt;
}

}  // namespace

std::optional<RowRefusal> uncountable(const sql::Facts& facts, const catalog::Resolution& resolution) {
  for (const auto& effect : resolution.effects) {
    if (auto why = uncountable(effect)) return RowRefusal{effect.effect.action, std::move(*why)};
  }
  for (const auto& statement : facts.statements) {
    if (statement.transaction != sql::TransactionControl::none) {
      return RowRefusal{Action::commit, statement.kind +
                                            " stands in the same message as what is counted at its end: send "
                                            "the statements one by one"};
    }
    // Their queries run piece by piece, later, and the whole would have no end at which to count.
    if (!statement.declares_cursor.empty()) {
      return RowRefusal{Action::declare_cursor,
                        "what a cursor runs is not counted as a whole: send the query itself"};
    }
    if (!statement.fetches.empty()) {
      return RowRefusal{Action::fetch, "what a cursor runs is not counted as a whole: send the query itself"};
    }
  }
  return std::nullopt;
}

base::Error row_refusal(const policy::RowLimit& limit, const std::string& why) {
  return {base::sqlstate::insufficient_privilege, "portcullis: denied by \"" + limit.rule + "\": " + why +
                                                      " (its limit \"rows_affected\" is " +
                                                      std::to_string(limit.rows) + ")."};
}

}  // namespace portcullis::guard
