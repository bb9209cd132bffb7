// Relay, what became of each statement: for the names of the session, for the limits and for the log.
#include <algorithm>
#include <utility>

#include "session/relay.hpp"

namespace portcullis::session {

using base::Error;

namespace {

// Of a list that is empty now a session keeps the memory for so many.
constexpr std::size_t kMostKept = 16;

}  // namespace

void Relay::confirm(const Reply& reply) {
  switch (reply.request) {
    case Request::parse: registry_.prepared.confirm(reply.name, reply.statement); return;
    case Request::bind: return never_ran(registry_.portals.confirm(reply.name, reply.portal));
    case Request::close:
      if (reply.statement) registry_.prepared.close(reply.name, reply.statement);
      if (reply.portal) never_ran(registry_.portals.close(reply.name, reply.portal));
      return;
    case Request::query:
    case Request::execute:
      // A PREPARE that worked proves that the name was free.
      if (reply.statement && reply.statement->facts->statements.size() == 1) {
        const auto& name = reply.statement->facts->statements.front().prepares;
        if (!name.empty()) registry_.prepared.confirm(name, reply.statement);
        forget_deallocated(reply);
      }
      return;
    case Request::describe:
    case Request::sync:
    case Request::copy_end: return;
  }
}

void Relay::withdraw(const Reply& reply) {
  if (reply.request == Request::parse && reply.statement)
    registry_.prepared.withdraw(reply.name, reply.statement);
  const bool is_sql = reply.request == Request::query || reply.request == Request::execute;
  if (is_sql && reply.statement) {
    for (const auto& facts : reply.statement->facts->statements) {
      if (!facts.prepares.empty()) registry_.prepared.withdraw(facts.prepares, reply.statement, true);
    }
  }
  if (reply.request == Request::bind && reply.portal) registry_.portals.withdraw(reply.name, reply.portal);
}

// With nothing on its way, what DEALLOCATE or DISCARD ALL removed is gone for certain.
void Relay::forget_deallocated(const Reply& reply) {
  const auto& facts = reply.statement->facts->statements.front();
  if (facts.effects.empty() || !replies_.empty() || !staged_.empty()) return;
  const auto& effect = facts.effects.front();
  const bool all = facts.kind == "DISCARD ALL" || facts.kind == "DEALLOCATE ALL";
  if (all) registry_.prepared.forget_named();
  if (!all && effect.action == sql::Action::deallocate) registry_.prepared.forget(facts.executes);
}

// Writes what became of a decision. A Parse or Bind that worked has no outcome of its own: it has not run
// yet.
void Relay::settle(Reply& reply, std::string_view result, char transaction_status) {
  left_block_ = left_block_ || reply.consequences.may_rewind || reply.consequences.commits_within;
  reached_out_ = reached_out_ || reply.consequences.reaches_out;
  if (reply.consequences.changes && !reply.rows_counted) row_counter_.forget();
  if (!reply.decision || (reply.replacement && !reply.stopped)) return;
  if (reply.stopped) result = "stopped";
  if (reply.portal) reply.portal->outcome_known = true;
  const bool ran = result == "ok" || result == "suspended";
  const bool changes = reply.consequences.changes || changed_;
  const bool may_lag = !changes || was_within_block(reply);
  const auto index = judge_.recorder().outcome(*reply.decision, result, &reply, transaction_status, may_lag);
  if (index) last_outcome_ = *index;
  if (ran && status_ == 'I' && reply.request == Request::execute) note_done_in_pipeline(reply);
  tell_limits(reply, result);
  changed_ = changed_ || (reply.consequences.changes && ran);
  const bool matters = reply.consequences.changes || (reply.may_commit && changed_);
  outcome_lost_ = outcome_lost_ || (matters && ran && !index);
}

// The block is still open: what lasts of it comes with its end, whose outcome covers this one.
bool Relay::was_within_block(const Reply& reply) const {
  const auto& consequences = reply.consequences;
  return status_ != 'I' && !left_block_ && !reply.may_commit && !consequences.may_rewind &&
         !consequences.commits_within;
}

// Outside a block all of a pipeline stands or falls together, up to what ends its transaction. Only the
// decision on a Bind may have more than one outcome (docs/audit-format.md, "pairs").
void Relay::note_done_in_pipeline(const Reply& reply) {
  if (reply.ended_transaction) return done_in_pipeline_.clear();
  if (reply.consequences.commits_within) {
    for (auto& done : done_in_pipeline_) done.may_be_committed = true;
  }
  const bool is_noted = std::any_of(done_in_pipeline_.begin(), done_in_pipeline_.end(),
                                    [&](const auto& done) { return done.decision == *reply.decision; });
  if (!is_noted && reply.is_decided_by_bind())
    done_in_pipeline_.push_back({*reply.decision, reply.consequences.commits_within});
}

// The Sync or Query that ends the pipeline is answered. What becomes of a block that is open now its own end
// says.
void Relay::settle_pipeline(const Reply& end) {
  pipeline_executed_ = false;
  std::string code = std::exchange(pipeline_error_, {});
  if (code.empty()) code = end.sqlstate;
  const bool is_undone = !code.empty() && !end.ended_transaction && status_ == 'I';
  if (is_undone && !done_in_pipeline_.empty()) {
    Reply undone;  // of what failed only its error and its time
    undone.sqlstate = std::move(code);
    undone.sent = end.sent;
    for (const auto& done : done_in_pipeline_) {
      const bool may_be_committed = done.may_be_committed || end.consequences.commits_within;
      judge_.recorder().outcome(done.decision, may_be_committed ? "unknown" : "rolled back", &undone);
    }
  }
  const bool is_long = done_in_pipeline_.size() > kMostKept;
  done_in_pipeline_.clear();
  if (is_long) done_in_pipeline_.shrink_to_fit();
}

// Nobody says any more how the pipeline ended. Without its end it was not committed.
void Relay::abandon_pipeline(bool end_was_sent) {
  const bool may_have_ended = end_was_sent && pipeline_error_.empty();
  for (const auto& done : done_in_pipeline_) {
    const bool may_be_committed = may_have_ended || done.may_be_committed;
    judge_.recorder().outcome(done.decision, may_be_committed ? "unknown" : "rolled back");
  }
  done_in_pipeline_.clear();
}

// A statement that fails again and again is refused after a while: the limits count by its key.
void Relay::tell_limits(const Reply& reply, std::string_view result) const {
  if (needs_.limits == nullptr || !reply.key) return;
  const bool executing = reply.request == Request::query || reply.request == Request::execute;
  if ((result == "error" || result == "stopped") && !reply.sqlstate.empty()) {
    needs_.limits->failed(identity_.agent, *reply.key, base::SqlState::from_text(reply.sqlstate),
                          needs_.clock->steady());
  } else if (result == "ok" && executing) {
    needs_.limits->succeeded(identity_.agent, *reply.key);
  }
}

// Portals that are gone: what was bound and never executed says so.
void Relay::never_ran(const std::vector<PortalPtr>& portals) {
  for (const auto& portal : portals) {
    if (std::exchange(portal->outcome_known, true)) continue;
    judge_.recorder().outcome(portal->record, "not executed");
  }
}

// It was allowed, and is not sent any more.
void Relay::drop_unsent(const Reply& reply, std::string_view result) {
  if (!reply.decision) return;
  if (reply.is_decided_by_bind() && std::exchange(reply.portal->outcome_known, true)) return;
  judge_.recorder().outcome(*reply.decision, result);
}

void Relay::close(std::string_view reason, const std::optional<Error>& goodbye) {
  judge_.end_counting();
  bool end_was_sent = false;
  for (auto& reply : replies_.take_all()) {
    end_was_sent = end_was_sent || reply.request == Request::sync || reply.request == Request::query;
    const bool executing = reply.request == Request::query || reply.request == Request::execute;
    settle(reply, executing && reply.sqlstate.empty() ? "connection lost"
                  : executing                         ? "error"
                                                      : "not executed");
  }
  abandon_pipeline(end_was_sent);
  for (const auto& staged : staged_) {
    if (staged.reply && !staged.refused) drop_unsent(*staged.reply);
  }
  staged_.clear();
  own_request_.reset();
  bracket_.reset();
  cost_.reset();
  never_ran(registry_.portals.end_of_transaction(registry_.pipeline));
  // The server's own last words may be among what is dropped.
  const bool dropped = drop_held();
  const bool at_boundary = dropped || !is_mid_message();
  if (goodbye && (dropped || !fatal_relayed_) && !client_finished_ && !ended_ && at_boundary)
    encode(to_client_, wire::to_error_response(*goodbye, "FATAL"));
  ended_ = true;
  end_reason_ = reason;
  judge_.rest();
  (void)judge_.recorder().session("end", reason);
}

}  // namespace portcullis::session
