// A connection of the gate's own to the database, for questions of its own. One thread; one question at a
// time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/stream.hpp"
#include "net/upstream.hpp"
#include "portcullis/base/result.hpp"
#include "session/server_query.hpp"
#include "shadow/dry_run.hpp"
#include "shadow/script.hpp"

namespace portcullis::net {

class ServerConnection {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;  // of the start-up packet
  // Nothing that the database holds can change what a question means: search_path pg_catalog, read only,
  // UTF-8.
  [[nodiscard]] static Parameters to_look();
  // Statements of agents are tried out: in a shadow, never anywhere else.
  [[nodiscard]] static Parameters to_try_out();

  // `upstream` must outlive the connection.
  explicit ServerConnection(Upstream& upstream, Parameters parameters = to_look())
      : upstream_(upstream), parameters_(std::move(parameters)) {}

  // Connects and logs in.
  asio::awaitable<base::Result<void>> open(const ServerLogin& login);
  // After an error the connection is closed. Both must stay valid until the result is there.
  asio::awaitable<base::Result<void>> ask(const std::string& sql, session::RowTaker& rows);
  asio::awaitable<base::Result<void>> ask(const session::ParametrizedQuery& query, session::RowTaker& rows);
  // In a shadow that `baseline` is of; `counters` are this connection's. All must stay valid until the result
  // is there. After an error, which is not one of the statement's own, the connection is closed.
  asio::awaitable<base::Result<void>> try_out(const shadow::RunPlan& plan, const shadow::Baseline& baseline,
                                              shadow::Counters& counters, shadow::RunFacts& facts);

  // In a shadow. Which statements failed the script says; an error is one of the connection, which is closed.
  asio::awaitable<base::Result<void>> run(shadow::Script& script);

  // Whoever waits is woken with an error.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  [[nodiscard]] int server_version() const noexcept { return server_version_; }
  // Since when the server owes the next word, while something is awaited of it.
  [[nodiscard]] std::chrono::steady_clock::time_point waits_since() const noexcept { return waits_since_; }

 private:
  asio::awaitable<base::Result<void>> log_in(const ServerLogin& login);
  asio::awaitable<base::Result<void>> ask_version();
  template <class Machine>
  asio::awaitable<base::Result<void>> converse(Machine& machine);
  asio::awaitable<bool> read_more();

  Upstream& upstream_;
  Parameters parameters_;
  std::unique_ptr<Stream> stream_;
  std::string input_;  // read and not yet consumed
  bool open_ = false;
  int server_version_ = 0;
  std::chrono::steady_clock::time_point waits_since_{};
};

}  // namespace portcullis::net
