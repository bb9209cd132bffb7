// Judge, which decisions need not be synced before their statement is sent.
// docs/decisions/0022-a-change-counts-when-its-block-commits.md.
#include "session/judge.hpp"
#include "session/outlives_reset.hpp"

namespace portcullis::session {

// What lasts of a change in a block comes with its COMMIT, whose record is synced, and this one with it; a
// Parse runs nothing.
bool Judge::is_undone_with_block(const guard::Verdict& verdict, const sql::Facts& meant,
                                 const Recorder::Subject& subject) const {
  if (!view_.stays_in_block && subject.message != "Parse") return false;
  return !verdict.runs_triggers && !reaches_volatile(verdict) &&
         is_undone_by_rollback(meant, verdict.resolution.get(), view_.basis->snapshot.get());
}

// What a statement that only reads meets on its way: a foreign table's other end, a type's, an index's or a
// view's code. Users' functions are changes.
bool Judge::reaches_beyond(const guard::Verdict& verdict) const {
  return session::reaches_beyond(verdict.resolution.get(), view_.basis->snapshot.get());
}

bool Judge::needs_no_sync(const sql::Facts& meant, bool changes) const {
  if (changes) return false;
  if (only_commits(meant)) return !view_.has_changes && !lagging_;
  return only_selects(meant) || only_begins_or_undoes(meant);
}

// Whatever is synced covers all that was recorded before it, and goes to the server behind that.
void Judge::note_lag(Judgement& judgement, const Recorder::Subject& subject, bool is_undone) {
  if (!judgement.record) return;
  judgement.may_lag = judgement.allowed && subject.may_lag;
  if (!judgement.may_lag) {
    lagging_.reset();
  } else if (is_undone && subject.message != "Parse") {
    lagging_ = judgement.record;
  }
}

// A COMMIT can be bound before what it commits: then its own record does not cover that.
bool Judge::must_record_commit(const Portal& portal) const {
  if (!portal.consequences.may_rewind) return false;
  const bool is_behind = lagging_ && *lagging_ > portal.record;
  return is_behind || (portal.may_lag && view_.has_changes);
}

}  // namespace portcullis::session
