// Turns what a session decides and sees into audit records.
#pragma once

#include <optional>
#include <string_view>

#include "portcullis/audit/record.hpp"
#include "portcullis/guard/verdict.hpp"
#include "portcullis/wire/messages.hpp"
#include "session/identity.hpp"
#include "session/reply_queue.hpp"
#include "shadow/report.hpp"

namespace portcullis::session {

class Recorder {
 public:
  // Both must outlive the recorder.
  Recorder(const Identity& identity, const Dependencies& dependencies)
      : identity_(identity), needs_(dependencies) {}

  struct Subject {
    std::string_view message;           // "Query", "Parse", ...
    std::string_view text;              // as sent
    std::uint64_t text_length = 0;      // when `text` is only its beginning
    const sql::Facts* facts = nullptr;  // null when it was not understood
    const wire::Bind* bind = nullptr;
    std::uint64_t parameter_bytes = 0;  // of a Bind that is too long to be looked at
    std::optional<std::uint64_t> statement;
    const Basis* basis = nullptr;  // that it was judged by
    // By which a failure of the same is known again; nothing: the limits are not asked.
    std::optional<std::uint64_t> key;
    bool is_paid = false;  // and they were charged for it before
    // Of a Bind: the one text that it may stand for, where it was kept. Of an Execute: up to what it was
    // asked for its Bind.
    const Source* source = nullptr;
    std::optional<std::uint64_t> asked_cost{};
    const shadow::Report* dry_run = nullptr;  // that it was judged by
    bool may_lag = false;                     // see audit::DecisionRecord

    // How many statements of `meant` stand in its text; behind them is what EXECUTE and FETCH run.
    [[nodiscard]] std::size_t written(const sql::Facts& meant) const {
      return facts == nullptr ? meant.statements.size() : facts->statements.size();
    }
  };
  // The index of the decision's entry, or the log's error: then nothing may be forwarded and the agent gets
  // the error.
  [[nodiscard]] base::Result<std::uint64_t> decision(const guard::Verdict& verdict, const Subject& subject);

  // The index of the outcome's entry, or nothing when the log has failed: it has then said so already. Takes
  // the tags out of `reply`. `may_lag`: see audit::OutcomeRecord.
  std::optional<std::uint64_t> outcome(std::uint64_t decision, std::string_view result,
                                       Reply* reply = nullptr, char transaction_status = 0,
                                       bool may_lag = false);

  // So many refusals over a limit more, of the session's agent, as one entry: its index, or the log's error.
  [[nodiscard]] base::Result<std::uint64_t> counted(std::string_view rule, std::string_view sqlstate,
                                                    std::uint64_t count);

  // A login that worked, or the end of the session.
  base::Result<std::uint64_t> session(std::string_view event, std::string_view reason = {},
                                      std::optional<std::uint32_t> server_pid = {});

 private:
  // The hash of what was kept.
  [[nodiscard]] base::Result<std::string> dry_run(const shadow::Report& report);

  const Identity& identity_;
  const Dependencies& needs_;
};

}  // namespace portcullis::session
