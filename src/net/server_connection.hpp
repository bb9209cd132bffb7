// A connection of the gate's own to the database, for questions of its own. One thread; one question at a
// time.
#pragma once

#include <memory>
#include <string>

#include "net/stream.hpp"
#include "net/upstream.hpp"
#include "portcullis/base/result.hpp"
#include "session/server_query.hpp"

namespace portcullis::net {

class ServerConnection {
 public:
  // `upstream` must outlive the connection.
  explicit ServerConnection(Upstream& upstream) : upstream_(upstream) {}

  // Connects and logs in, with settings under which nothing that the database holds can change what a
  // question means: search_path pg_catalog, read only, UTF-8.
  asio::awaitable<base::Result<void>> open(const ServerLogin& login);
  // After an error the connection is closed. Both must stay valid until the result is there.
  asio::awaitable<base::Result<void>> ask(const std::string& sql, session::RowTaker& rows);

  // Whoever waits is woken with an error.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  [[nodiscard]] int server_version() const noexcept { return server_version_; }

 private:
  asio::awaitable<base::Result<void>> log_in(const ServerLogin& login);
  asio::awaitable<base::Result<void>> ask_version();
  asio::awaitable<bool> read_more();

  Upstream& upstream_;
  std::unique_ptr<Stream> stream_;
  std::string input_;  // read and not yet consumed
  bool open_ = false;
  int server_version_ = 0;
};

}  // namespace portcullis::net
