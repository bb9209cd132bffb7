#include "audit/waiting_statements.hpp"

#include <utility>

#include "audit/read.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMostLate = 10'000;
// Of what is kept of a statement, beside its line.
constexpr std::size_t kOverhead = 512;

bool is_open_ended(const Statement& statement) {
  return statement.message == "Bind" || statement.message == "Parse";
}

}  // namespace

void WaitingStatements::add(Statement&& statement) {
  const std::uint64_t index = statement.index;
  const bool is_settled = !statement.is_forwarded();
  if (!is_settled && is_open_ended(statement)) note_open_ended(statement.session, index);
  statement.bytes += kOverhead;
  bytes_ += statement.bytes;
  rows_.emplace_hint(rows_.end(), index, Row{std::move(statement), is_settled});
  give_on();
  make_room();
}

// A session that never ends has only those that wait.
void WaitingStatements::note_open_ended(std::uint64_t session, std::uint64_t index) {
  auto& indexes = open_ended_[session];
  indexes.push_back(index);
  if (indexes.size() < 4 * kMostWaiting) return;
  std::erase_if(indexes, [this, index](std::uint64_t one) { return one != index && !has(one); });
}

void WaitingStatements::add_outcome(std::uint64_t decision, StatementOutcome&& outcome, std::size_t bytes) {
  if (const auto found = rows_.find(decision); found != rows_.end()) {
    bytes_ += bytes;
    found->second.statement.bytes += bytes;
    take(found->second, std::move(outcome));
    give_on();
    make_room();
    return;
  }
  const auto late = late_.find(decision);
  if (late == late_.end()) return;
  take(late->second, std::move(outcome));
  const bool is_bind = is_open_ended(late->second.statement);
  if (!late->second.is_settled && !is_bind) return;
  cut_short_ += is_bind ? 1 : 0;
  Statement statement = std::move(late->second.statement);
  late_.erase(late);
  emit_(std::move(statement));
}

void WaitingStatements::take(Row& row, StatementOutcome&& outcome) {
  const bool is_final = row.statement.message != "Bind" && outcome.result != "suspended";
  row.statement.outcomes.push_back(std::move(outcome));
  row.is_settled = row.is_settled || is_final;
}

void WaitingStatements::settle_session(std::uint64_t session) {
  const auto found = open_ended_.find(session);
  if (found == open_ended_.end()) return;
  for (const std::uint64_t index : found->second) {
    if (const auto row = rows_.find(index); row != rows_.end()) row->second.is_settled = true;
    if (auto late = late_.extract(index)) emit_(std::move(late.mapped().statement));
  }
  open_ended_.erase(found);
  give_on();
}

void WaitingStatements::settle_all() {
  for (auto& [index, row] : rows_) row.is_settled = true;
  for (auto& [index, row] : std::exchange(late_, {})) emit_(std::move(row.statement));
  open_ended_.clear();
  give_on();
}

void WaitingStatements::give_on() {
  while (!rows_.empty() && rows_.begin()->second.is_settled) {
    auto row = rows_.extract(rows_.begin());
    bytes_ -= row.mapped().statement.bytes;
    emit_(std::move(row.mapped().statement));
  }
}

// What has no outcome yet waits on beside the others; else a statement of an hour would never be known.
void WaitingStatements::make_room() {
  while (rows_.size() > kMostWaiting || bytes_ > kMostWaitingBytes) {
    auto row = rows_.extract(rows_.begin());
    bytes_ -= row.mapped().statement.bytes;
    if (row.mapped().statement.is_unresolved() && late_.size() < kMostLate) {
      late_.insert(std::move(row));
    } else {
      ++cut_short_;
      emit_(std::move(row.mapped().statement));
    }
    give_on();
  }
}

}  // namespace portcullis::audit
