// What the gate asks the server over a session's own connection, between two requests of the client: where
// names are looked up now, what the agent says about itself by settings, and after a change of the catalog in
// the session's own transaction all that a snapshot is made of.
//
// Sent as extended queries (manual 55.2.3) under a name that nobody else can know, so that the client's
// unnamed statement and portal survive; in one piece, so that it costs one round trip. Every name in it is
// qualified. Sans-I/O.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot_builder.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/sql/claims.hpp"
#include "session/dry_run_request.hpp"

namespace portcullis::session {

class OwnRequest {
 public:
  enum class Next { read, done, violation };

  // `name`: of the statement and portal that it uses and removes again. `server_version`: that of the server
  // when the catalog is to be read, which is possible in a transaction block only; 0: it is not.
  // `new_catalog`: names may mean other objects than when the session's plans were made, which are then made
  // anew.
  // `settings`: those that a dry run needs are asked for; not together with the catalog.
  OwnRequest(std::string name, int server_version, bool new_catalog, bool settings = false);
  ~OwnRequest();

  // Everything that is to be sent, at once.
  [[nodiscard]] std::string take_out() { return std::move(out_); }

  // The server's messages up to `done`. `violation`: the answer is out of order, and the connection of no
  // more use. A fatal error is not for this.
  [[nodiscard]] Next on_message(char type, std::string_view body);

  // Once done. What went wrong is the server's own error, or says that the catalog cannot be told; the
  // transaction is then as it was before where the catalog was asked for, else it may have failed.
  struct Answer {
    std::vector<std::string> schemas;                  // current_schemas(true)
    sql::Claims claims;                                // the settings portcullis.*
    std::shared_ptr<const catalog::Snapshot> catalog;  // null where it was not asked for
    std::shared_ptr<SessionSettings> settings;         // likewise
  };
  [[nodiscard]] const base::Result<Answer>& answer() const noexcept { return answer_; }
  [[nodiscard]] char transaction_status() const noexcept { return status_; }

 private:
  enum class Purpose : std::uint8_t { command, schemas, claims, settings, isolation, catalog };
  struct Question {
    Purpose purpose = Purpose::command;
    std::size_t query = 0;  // of the catalog's
  };

  void ask(std::string_view sql, Question question);
  void end_group();
  base::Result<void> take_row(std::string_view body);
  base::Result<void> take_fields(const Question& question,
                                 const std::vector<std::optional<std::string_view>>& fields);
  Next on_ready(std::string_view body);
  void finish();

  std::string name_, out_;
  std::vector<Question> questions_;
  std::vector<std::size_t> groups_;  // where each ends, by a Sync
  std::size_t at_ = 0, group_ = 0;
  std::unique_ptr<catalog::SnapshotBuilder> builder_;
  base::Result<Answer> answer_{Answer{}};
  char status_ = 'I';
};

}  // namespace portcullis::session
