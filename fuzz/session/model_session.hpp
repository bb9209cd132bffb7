// What a session of PostgreSQL remembers, small: transactions, search_path, prepared statements, portals, and
// which writes were committed. No protocol; model_server.hpp speaks it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "texts.hpp"

namespace portcullis::fuzz {

class ModelSession {
 public:
  struct Portal {
    const KnownText* text = nullptr;
    unsigned rows_left = 0;
    bool has_run = false;
  };
  // What one statement came to.
  struct Effect {
    std::string_view error{};  // a SQLSTATE; empty: none
    std::string tag{};
    unsigned rows = 0, first_row = 1;
    std::string_view of{};  // the table that they are of
    bool copies_in = false, copies_out = false;
    bool is_settled = false;  // a transaction was ended by it
  };

  // 'I', 'T', 'E', as in ReadyForQuery.
  [[nodiscard]] char status() const noexcept { return block_; }
  // Something ran under a meaning that nobody allowed: an unqualified name led to another schema.
  [[nodiscard]] bool is_misled() const noexcept { return is_misled_; }
  [[nodiscard]] const std::vector<std::string>& committed() const noexcept { return committed_; }
  [[nodiscard]] const std::string& search_path() const noexcept { return now_.path; }

  // Others hold locks: so many statements that are in their way fail, where their wait is bounded at all.
  void refuse_locks(unsigned count) noexcept { locks_refused_ = count; }
  // Something of the client's that needs no such lock ran with another lock_timeout than its own.
  [[nodiscard]] bool is_bounded_for_long() const noexcept { return is_bounded_for_long_; }
  [[nodiscard]] const std::string& lock_timeout() const noexcept { return now_.lock_timeout; }
  // For this transaction, as set_config() does.
  void set_lock_timeout(std::string timeout);

  // There are triggers that are put off to the end of the transaction.
  void let_defer() noexcept { may_defer_ = true; }
  [[nodiscard]] bool may_defer() const noexcept { return may_defer_; }
  void run_deferred();
  // Of rows, since they were last forgotten, which a server does now and then between two transactions.
  [[nodiscard]] unsigned counted() const noexcept { return counted_; }
  void forget_counted() noexcept { forgets_ = true; }
  // In this transaction.
  [[nodiscard]] bool has_touched() const noexcept { return has_touched_; }
  // The most rows that one message, or what was put off in a transaction, has changed and that were
  // committed.
  [[nodiscard]] unsigned most_rows_committed() const noexcept { return most_rows_committed_; }

  // The costliest statement that has run.
  [[nodiscard]] unsigned most_cost_run() const noexcept { return most_cost_run_; }
  // What a text is planned to cost, as EXPLAIN says it.
  [[nodiscard]] unsigned planned_cost(const KnownText& text) const;

  // `alone`: not one of several statements of a text.
  [[nodiscard]] Effect run(const Part& part, bool alone);
  [[nodiscard]] Effect run_portal(const std::string& name, unsigned max_rows, bool& suspended);
  void finish_copy(unsigned rows) { note_write("copy " + std::to_string(rows), rows); }
  // What runs from here on belongs to another message.
  void start_message() noexcept { ++message_; }
  // A message failed: the transaction is over, or waits for its end.
  void fail();
  // A Query or Sync: what is in no block is committed.
  void end_of_message();

  [[nodiscard]] std::string_view prepare(const std::string& name, const KnownText* text);
  [[nodiscard]] std::string_view bind(const std::string& portal, const std::string& statement);
  [[nodiscard]] const KnownText* prepared(const std::string& name) const;
  [[nodiscard]] const Portal* portal(const std::string& name) const;
  void close_statement(const std::string& name) { prepared_.erase(name); }
  void close_portal(const std::string& name) { portals_.erase(name); }
  // In a failed block nothing but its end runs.
  [[nodiscard]] bool is_barred(const KnownText& text) const;

 private:
  struct Settings {
    std::string path = "app";          // as it is now
    std::string session_path = "app";  // without what is local to the transaction
    std::string lock_timeout = "0", session_lock_timeout = "0";
  };
  struct Savepoint {
    std::string_view name;
    Settings settings;
    std::size_t writes;
    unsigned deferred;
  };
  struct Write {
    std::string what;
    unsigned rows = 0;
    std::uint64_t message = 0;
  };

  Effect run_control(const Part& part);
  Effect run_naming(const Part& part);
  Effect run_set(const Part& part);
  Effect run_rollback_to(const Part& part);
  Effect fetch(const std::string& name);
  Effect give(Portal& portal, unsigned rows, std::string tag);
  void note_bound(const Part& part, bool alone);
  [[nodiscard]] bool finds_lock_held(const Part& part);
  void look_up(const Part& part) { is_misled_ = is_misled_ || (part.is_unqualified && now_.path != "app"); }
  void note_write(std::string what, unsigned rows);
  void start();
  void commit();
  void abort();
  void end_transaction();

  char block_ = 'I';
  bool is_open_ = false;
  bool is_misled_ = false;
  Settings now_, at_start_;
  std::vector<Savepoint> savepoints_;
  std::vector<Write> writes_;
  std::vector<std::string> committed_;
  std::map<std::string, const KnownText*> prepared_;
  std::map<std::string, Portal> portals_;
  bool may_defer_ = false, forgets_ = false, has_touched_ = false;
  std::uint64_t message_ = 0;
  unsigned deferred_ = 0;  // rows that were put off
  unsigned counted_ = 0, most_rows_committed_ = 0, most_cost_run_ = 0;
  unsigned depth_ = 0;
  unsigned locks_refused_ = 0;
  bool is_bounded_for_long_ = false;
};

}  // namespace portcullis::fuzz
