// Which statements the names of a session stand for. A name may stand for several at once while answers are
// owed: "Parse s" behind a "Parse s" that may yet fail. What runs under the name is then judged as all of
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/sql/facts.hpp"
#include "session/consequences.hpp"
#include "session/dry_run_request.hpp"
#include "session/lock_duty.hpp"
#include "session/result_meter.hpp"
#include "session/row_duty.hpp"

namespace portcullis::session {

struct Basis;

// Kept where it may have to be asked what it costs, or to be run in a copy.
struct Source {
  std::string text;
  std::vector<std::uint32_t> parameter_types;
};

// A text that was judged and allowed. Shared by names and portals; never changes.
struct Statement {
  std::shared_ptr<const sql::Facts> facts;  // as written: EXECUTE is looked up anew at each use
  std::uint64_t record = 0;                 // of the decision on the text
  std::uint64_t key = 0;                    // of the text, by which a failure is known again
  bool decided_at_bind = false;             // of some calls what they work on is not known before
  // The limits were charged for its first run when it was parsed.
  mutable bool is_paid = false;
  std::shared_ptr<const Source> source{};
};
using StatementPtr = std::shared_ptr<const Statement>;

struct Portal {
  std::vector<StatementPtr> statements;
  std::uint64_t record = 0;  // of the decision on its Bind
  std::uint64_t key = 0;     // of the text and the parameters
  Consequences consequences{};
  bool outcome_known = false;          // an outcome for `record` was written
  std::shared_ptr<const Basis> basis;  // that it was judged by
  std::shared_ptr<const catalog::NameSpace> names;
  ResultPlan results{};  // counted over all its Executes
  std::optional<RowDuty> rows_duty{};
  std::optional<LockDuty> lock_duty{};
  bool may_lag = false;            // the decision; see audit::DecisionRecord
  std::uint64_t rows_touched = 0;  // by all that was executed of it
  // Of what is planned when it runs, as EXECUTE is: asked with the bytes of its Bind before the first
  // Execute.
  std::optional<policy::Ceiling> cost_to_ask{};
  std::string bind{};  // kept for that, or to be sent again
  // What it was tried out with; null: it was not, or has run since.
  std::shared_ptr<const SessionSettings> tried_settings{};
  std::shared_ptr<const std::vector<std::string>> tried_behind{};

  // Whether it holds EXECUTE, FETCH or the like.
  [[nodiscard]] bool names_others() const;
  // Whether Bind has settled which objects it works on: of whatever is no plain query PostgreSQL looks the
  // names up when it runs.
  [[nodiscard]] bool is_planned() const;
};
using PortalPtr = std::shared_ptr<Portal>;

// The pipeline of what SQL may have made, and may have failed to make: it never stands for the name alone.
inline constexpr std::uint64_t kNeverSure = ~std::uint64_t{0};

// Names -> values that may be behind them, oldest first.
//
// A value belongs to the pipeline that it was sent in (pipelines end at Sync and at Query; the caller counts
// them). Within a pipeline only the newest value counts: had an earlier message failed, the server would skip
// what follows. Beyond it, each value that is not confirmed yet may be the one.
template <class Value>
class PendingNames {
 public:
  void add(std::string_view name, Value value, std::uint64_t pipeline) {
    values_[std::string(name)].push_back({std::move(value), pipeline});
  }

  // The server made this one: whatever was there before is gone. Gives what that was.
  std::vector<Value> confirm(const std::string& name, const Value& value) {
    return drop_up_to(name, value, 0);
  }
  // The server closed the name when `last` was the newest behind it. Gives what is gone.
  std::vector<Value> close(const std::string& name, const Value& last) { return drop_up_to(name, last, 1); }
  // The server did not make this one.
  // `by_sql` tells what SQL would have made from what a message of the protocol would: one text can be both.
  void withdraw(const std::string& name, const Value& value, bool by_sql = false) {
    const auto found = values_.find(name);
    if (found == values_.end()) return;
    std::erase_if(found->second, [&](const Entry& entry) {
      return entry.value == value && by_sql == (entry.pipeline == kNeverSure);
    });
    if (found->second.empty()) values_.erase(found);
  }

  // Everything that the name may stand for in this pipeline, oldest first; empty when it is not known.
  [[nodiscard]] std::vector<Value> find(std::string_view name, std::uint64_t pipeline) const {
    std::vector<Value> meant;
    const auto found = values_.find(name);
    if (found == values_.end()) return meant;
    if (found->second.back().pipeline == pipeline) return {found->second.back().value};
    for (const auto& entry : found->second) meant.push_back(entry.value);
    return meant;
  }
  [[nodiscard]] bool full(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? values_.size() >= most_names : found->second.size() >= kMaxPending;
  }

  [[nodiscard]] bool has_named() const {
    return std::any_of(values_.begin(), values_.end(),
                       [](const auto& named) { return !named.first.empty(); });
  }
  [[nodiscard]] bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  // Forgets what a pipeline up to this one gave the name.
  void forget_up_to(std::string_view name, std::uint64_t pipeline) {
    const auto found = values_.find(name);
    if (found == values_.end()) return;
    std::erase_if(found->second, [&](const Entry& entry) { return entry.pipeline <= pipeline; });
    if (found->second.empty()) values_.erase(found);
  }
  // Forgets the name, or every name but the unnamed one, which DEALLOCATE ALL leaves alone.
  void forget(const std::string& name) { values_.erase(name); }
  void forget_named() {
    std::erase_if(values_, [](const auto& named) { return !named.first.empty(); });
  }

  static constexpr std::size_t kMaxNames = 10'000;
  std::size_t most_names = kMaxNames;
  static constexpr std::size_t kMaxPending = 100'000;

 protected:
  struct Entry {
    Value value;
    std::uint64_t pipeline = 0;
  };

  // Removes what is older than `value`, and `value` itself with `extra` 1.
  std::vector<Value> drop_up_to(const std::string& name, const Value& value, std::ptrdiff_t extra) {
    std::vector<Value> dropped;
    const auto found = values_.find(name);
    if (found == values_.end()) return dropped;
    auto& list = found->second;
    const auto at =
        std::find_if(list.begin(), list.end(), [&](const Entry& entry) { return entry.value == value; });
    if (at == list.end()) return dropped;
    for (auto gone = list.begin(); gone != at + extra; ++gone) dropped.push_back(std::move(gone->value));
    list.erase(list.begin(), at + extra);
    if (list.empty()) values_.erase(found);
    return dropped;
  }

  std::map<std::string, std::deque<Entry>, std::less<>> values_;
};

class PortalNames : public PendingNames<PortalPtr> {
 public:
  // Portals end with their transaction: those of the pipeline that ended it, and older ones. Gives what is
  // gone.
  [[nodiscard]] std::vector<PortalPtr> end_of_transaction(std::uint64_t pipeline);
};

// Everything that EXECUTE, FETCH, Bind and Execute may name.
struct StatementRegistry {
  PendingNames<StatementPtr> prepared;  // PREPARE and Parse share one namespace
  PortalNames portals;
  std::uint64_t pipeline = 0;  // counted up at every Query and Sync
  // DECLAREd at any time in this session: what is given back of the one that is there.
  std::map<std::string, MeterPtr, std::less<>> cursors;
  // The query of one of them sets where names are looked up, or runs functions of users, which may.
  bool cursors_may_move = false;
  // ... may change something.
  bool cursors_may_change = false;
};

// One statement that does what all of them do.
[[nodiscard]] sql::Facts united(const std::vector<StatementPtr>& statements);

}  // namespace portcullis::session
