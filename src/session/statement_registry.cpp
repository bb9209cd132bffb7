#include "session/statement_registry.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace portcullis::session {

std::vector<PortalPtr> PortalNames::end_of_transaction(std::uint64_t pipeline) {
  std::vector<PortalPtr> gone;
  for (auto name = values_.begin(); name != values_.end();) {
    std::erase_if(name->second, [&](const Entry& entry) {
      if (entry.pipeline > pipeline) return false;
      gone.push_back(entry.value);
      return true;
    });
    name = name->second.empty() ? values_.erase(name) : std::next(name);
  }
  return gone;
}

bool Portal::names_others() const {
  return std::any_of(statements.begin(), statements.end(), [](const StatementPtr& statement) {
    const auto& all = statement->facts->statements;
    return std::any_of(all.begin(), all.end(),
                       [](const auto& facts) { return !facts.executes.empty() || !facts.fetches.empty(); });
  });
}

bool Portal::is_planned() const {
  constexpr std::array<std::string_view, 5> kPlanned{"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"};
  return !names_others() &&
         std::all_of(statements.begin(), statements.end(), [&](const StatementPtr& statement) {
           const auto& all = statement->facts->statements;
           return std::all_of(all.begin(), all.end(), [&](const auto& facts) {
             return std::find(kPlanned.begin(), kPlanned.end(), facts.kind) != kPlanned.end();
           });
         });
}

sql::Facts united(const std::vector<StatementPtr>& statements) {
  sql::Facts all;
  bool first = true;
  for (const auto& statement : statements) {
    // Any of them may be meant: what not all of them claim is not claimed.
    if (std::exchange(first, false)) all.claims = statement->facts->claims;
    if (statement->facts->claims != all.claims) all.claims = {};
    all.statements.insert(all.statements.end(), statement->facts->statements.begin(),
                          statement->facts->statements.end());
  }
  return all;
}

}  // namespace portcullis::session
