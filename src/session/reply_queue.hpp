// The answers that are owed to the client, in order: one entry for each request that was sent to the server.
// INVARIANT: the server answers exactly the front entry next; what it does not answer it skips up to a Sync
// (manual 55.2.3 "Extended Query", 55.2.4 "Pipelining").
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.hpp"
#include "portcullis/audit/record.hpp"
#include "portcullis/base/error.hpp"
#include "session/basis.hpp"
#include "session/row_duty.hpp"
#include "session/statement_registry.hpp"

namespace portcullis::session {

enum class Request : std::uint8_t {
  query,     // answered up to ReadyForQuery
  parse,     // ParseComplete
  bind,      // BindComplete
  describe,  // RowDescription or NoData, a statement's behind ParameterDescription
  execute,   // CommandComplete, EmptyQueryResponse or PortalSuspended
  close,     // CloseComplete
  sync,      // ReadyForQuery
  copy_end,  // CopyDone or CopyFail: no answer of its own, it marks the place
};

struct Reply {
  Request request = Request::sync;
  // Set for a poison: the error that the client gets in place of the server's.
  std::optional<base::Error> replacement;
  std::optional<std::uint64_t> decision;        // whose outcome this answer is
  std::optional<std::uint64_t> key;             // by which a failure of the same statement is known again
  Consequences consequences{.changes = false};  // of what runs with it: none for Parse, Bind and the like
  bool may_commit = false;                      // its success may end a transaction, before any ReadyForQuery
  std::chrono::steady_clock::time_point sent{};
  std::uint64_t pipeline = 0;         // that a Sync or Query ends
  std::vector<std::string> tags;      // of the statements of a Query that completed, until they are recorded
  bool ended_transaction = false;     // one of these did
  std::string sqlstate, error;        // of the error that ended it: its code, and its message's beginning
  std::vector<ResultPlan> results;    // of its statements; of an Execute one
  std::uint64_t rows = 0, bytes = 0;  // given to the client
  std::string limit;                  // that was passed
  // Nothing is sent behind it before it is answered, so that a cancel can hit nothing else.
  bool alone = false;
  std::optional<std::chrono::steady_clock::time_point> began;  // the statement that runs
  // What the name will stand for once the server has said yes.
  std::string name;
  char kind = 'S';  // of close
  StatementPtr statement;
  PortalPtr portal;
  // The decision is that on the portal's Bind, which each run of the portal shares.
  [[nodiscard]] bool is_decided_by_bind() const { return portal && decision && portal->record == *decision; }
  // Until the answer is in, and the catalog read again, nobody is judged by the old one.
  std::shared_ptr<CatalogChange> catalog_change;
  std::optional<policy::Ceiling> cost;  // that it may be planned for
  std::optional<RowDuty> rows_duty;
  std::optional<LockDuty> lock_duty;
  std::uint32_t attempts = 1;                           // how often it was sent
  std::optional<std::vector<std::string>> differences;  // from its dry run; nothing: not compared
  bool rows_counted = false, stopped = false;           // ... and stopped for that
  std::vector<std::string> changed;                     // by table

  // A statement of it came to its end.
  void complete(std::string_view tag) {
    tags.emplace_back(tag);
    ended_transaction =
        ended_transaction || tag == "COMMIT" || tag == "ROLLBACK" || tag == "PREPARE TRANSACTION";
  }
  void fail(std::string_view code, std::string_view message) {
    sqlstate = code;
    error = base::utf8_beginning(message, audit::kMaxErrorBytes);
  }
};

class ReplyQueue {
 public:
  void push(Reply&& reply);
  [[nodiscard]] bool empty() const noexcept { return replies_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return replies_.size(); }
  // The request that the server answers next. Null when nothing is owed.
  [[nodiscard]] Reply* front();
  Reply pop();

  // The server failed an extended-query message: it skips everything up to the next Sync. Gives what it
  // skips, the failed one first. `sync_owed` tells whether that Sync has been sent already.
  [[nodiscard]] std::vector<Reply> skip_to_sync(bool& sync_owed);

  // The front request began COPY FROM STDIN: the server swallows every Sync up to the end of the data, unless
  // the COPY fails first and it reads the Sync afterwards. Those sent already become doubtful. True when the
  // end of the data has been sent already, or a request, which is answered only if the COPY has failed before
  // (else the server ends the connection).
  [[nodiscard]] bool begin_copy_in();
  // A request was sent where the data should have gone on.
  void cut_copy() noexcept { copy_is_cut_ = true; }
  // A request stood where the data should have gone on, and nothing was answered since the COPY's own
  // failure.
  [[nodiscard]] bool copy_is_cut() const noexcept { return copy_is_cut_; }
  // One more was sent while data is copied.
  void add_doubtful_sync() noexcept { ++doubtful_; }
  // The server answered a request with something else than ReadyForQuery. Unless that is the failure of the
  // COPY itself, it tells that no doubtful Sync will be answered any more.
  void on_answer(bool is_error) noexcept;
  // ReadyForQuery came where a doubtful Sync must be the reason: the front cannot be.
  [[nodiscard]] bool take_doubtful_ready();
  // Whether the server skips what follows the front, or has answered a doubtful Sync first and works on it,
  // cannot be told.
  [[nodiscard]] bool is_fate_unknown() const;
  // A ReadyForQuery may come that nothing in the queue waits for.
  [[nodiscard]] bool is_in_doubt() const noexcept { return doubtful_ > 0; }

  [[nodiscard]] const std::deque<Reply>& all() const noexcept { return replies_; }
  [[nodiscard]] std::deque<Reply> take_all() { return std::exchange(replies_, {}); }

 private:
  void drop_marks();

  std::deque<Reply> replies_;  // never a mark in front
  std::size_t doubtful_ = 0;
  bool copy_runs_ = false;
  bool copy_is_cut_ = false;
};

}  // namespace portcullis::session
