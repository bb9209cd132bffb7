// Which statements the names of a session stand for. A name may stand for several at once while answers are
// owed: "Parse s" behind a "Parse s" that may yet fail. What runs under the name is then judged as all of
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/sql/facts.hpp"

namespace portcullis::session {

// A text that was judged and allowed. Shared by names and portals; never changes.
struct Statement {
  std::shared_ptr<const sql::Facts> facts;  // as written: EXECUTE is looked up anew at each use
  std::uint64_t record = 0;                 // of the decision on the text
};
using StatementPtr = std::shared_ptr<const Statement>;

struct Portal {
  std::vector<StatementPtr> statements;
  std::uint64_t record = 0;  // of the decision on its Bind
  bool changes = true;
  bool outcome_known = false;  // an outcome for `record` was written
};
using PortalPtr = std::shared_ptr<Portal>;

// Names -> values that may be behind them, oldest first.
template <class Value>
class PendingNames {
 public:
  void add(std::string_view name, Value value) { values_[std::string(name)].push_back(std::move(value)); }

  // The server made this one: whatever was there before is gone. Gives what that was.
  std::vector<Value> confirm(const std::string& name, const Value& value) { return drop_up_to(name, value, 0); }
  // The server closed the name when `last` was the newest behind it. Gives what is gone.
  std::vector<Value> close(const std::string& name, const Value& last) { return drop_up_to(name, last, 1); }
  // The server did not make this one.
  void withdraw(const std::string& name, const Value& value) {
    const auto found = values_.find(name);
    if (found == values_.end()) return;
    std::erase(found->second, value);
    if (found->second.empty()) values_.erase(found);
  }
  // Empty when the name is not known.
  [[nodiscard]] std::vector<Value> find(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<Value>{} : found->second;
  }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] bool full(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? values_.size() >= kMaxNames : found->second.size() >= kMaxPending;
  }

  static constexpr std::size_t kMaxNames = 10'000;
  static constexpr std::size_t kMaxPending = 1'000;

 protected:
  // Removes what is older than `value`, and `value` itself with `extra` 1.
  std::vector<Value> drop_up_to(const std::string& name, const Value& value, std::ptrdiff_t extra) {
    const auto found = values_.find(name);
    if (found == values_.end()) return {};
    auto& list = found->second;
    const auto at = std::find(list.begin(), list.end(), value);
    if (at == list.end()) return {};
    std::vector<Value> dropped(list.begin(), at + extra);
    list.erase(list.begin(), at + extra);
    if (list.empty()) values_.erase(found);
    return dropped;
  }

  std::map<std::string, std::vector<Value>, std::less<>> values_;
};

class PortalNames : public PendingNames<PortalPtr> {
 public:
  // Portals end with their transaction, but for those that are still on their way. Gives the ones that are gone.
  [[nodiscard]] std::vector<PortalPtr> end_of_transaction(const std::set<PortalPtr>& still_pending);
};

// Everything that EXECUTE, FETCH, Bind and Execute may name.
struct StatementRegistry {
  PendingNames<StatementPtr> prepared;  // PREPARE and Parse share one namespace
  PortalNames portals;
  std::set<std::string, std::less<>> cursors;  // DECLAREd at any time in this session
};

// One statement that does what all of them do.
[[nodiscard]] sql::Facts united(const std::vector<StatementPtr>& statements);

}  // namespace portcullis::session
