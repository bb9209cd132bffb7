#include "net/catalog_reader.hpp"

#include <memory>
#include <utility>

#include "catalog/queries.hpp"
#include "catalog/snapshot_builder.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;

namespace {

// Answers without rows.
class NothingTaker final : public session::RowTaker {
 public:
  Result<void> take(std::span<const std::optional<std::string_view>> /*fields*/) override { return {}; }
};

class DumpRows final : public CatalogRows {
 public:
  explicit DumpRows(int server_version) : writer_(server_version) {}
  void begin_query(std::size_t query) override { writer_.begin_query(query); }
  Result<void> take(std::span<const std::optional<std::string_view>> fields) override {
    writer_.add_row(fields);
    return {};
  }
  [[nodiscard]] std::string text() { return writer_.take(); }

 private:
  catalog::DumpWriter writer_;
};

asio::awaitable<void> dump(ServerConnection& connection, const ServerLogin& login,
                           Result<std::string>& result) {
  const auto opened = co_await connection.open(login);
  if (!opened) {
    result = opened.error();
    co_return;
  }
  DumpRows rows(connection.server_version());
  const auto read = co_await read_catalog(connection, rows);
  if (!read) {
    result = read.error();
    co_return;
  }
  result = rows.text();
}

}  // namespace

asio::awaitable<Result<void>> read_catalog(ServerConnection& connection, CatalogRows& rows) {
  const int version = connection.server_version();
  if (const auto readable = catalog::check_server_version(version); !readable) {
    connection.close();
    co_return readable;
  }
  NothingTaker nothing;
  const std::string begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", commit = "COMMIT";
  const auto begun = co_await connection.ask(begin, nothing);
  if (!begun) co_return begun;
  const auto queries = catalog::queries(version);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    rows.begin_query(i);
    const auto asked = co_await connection.ask(queries[i].sql, rows);
    if (!asked) co_return asked;
  }
  const auto ended = co_await connection.ask(commit, nothing);
  co_return ended;
}

Result<std::string> dump_catalog(const UpstreamAddress& address, const ServerLogin& login) {
  auto upstream = Upstream::make(address);
  if (!upstream) return upstream.error();
  Result<std::string> result = std::string();
  asio::io_context context(1);
  ServerConnection connection(**upstream);
  asio::co_spawn(context, dump(connection, login, result), [&result](std::exception_ptr failure) {
    if (failure)
      result = Error{base::sqlstate::internal_error, "reading the catalog ended by an unexpected error"};
  });
  context.run();
  return result;
}

}  // namespace portcullis::net
