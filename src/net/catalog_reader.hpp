// Reads a database's catalog: for the gate that keeps it, and for `portcullis catalog dump`.
#pragma once

#include <cstddef>
#include <string>

#include "net/server_connection.hpp"
#include "session/server_query.hpp"

namespace portcullis::net {

// Takes the rows of catalog::queries(server_version), query by query.
class CatalogRows : public session::RowTaker {
 public:
  virtual void begin_query(std::size_t query) = 0;
};

// All of it as it was at one moment. After an error what was taken is worth nothing. 0A000 for a server that
// is none of PostgreSQL 13 to 18.
asio::awaitable<base::Result<void>> read_catalog(ServerConnection& connection, CatalogRows& rows);

// Connects, reads, and gives what catalog::read_dump() reads. Blocks the calling thread.
[[nodiscard]] base::Result<std::string> dump_catalog(const UpstreamAddress& address,
                                                     const ServerLogin& login);

}  // namespace portcullis::net
