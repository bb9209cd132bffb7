#include "net/server_connection.hpp"

#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "auth/scram.hpp"
#include "base/encoding.hpp"
#include "session/server_startup.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

Error lost() {
  return {sqlstate::connection_failure, "the database closed the gate's own connection"};
}

// The one field of a one-row answer, as a number.
class NumberTaker final : public session::RowTaker {
 public:
  Result<void> take(std::span<const std::optional<std::string_view>> fields) override {
    if (fields.size() == 1 && fields.front()) {
      std::from_chars(fields.front()->data(), fields.front()->data() + fields.front()->size(), number);
    }
    return {};
  }
  int number = 0;
};

}  // namespace

ServerConnection::Parameters ServerConnection::to_look() {
  return {{"client_encoding", "UTF8"},
          {"search_path", "pg_catalog, pg_temp"},
          {"standard_conforming_strings", "on"},
          {"jit", "off"},
          {"default_transaction_read_only", "on"},
          {"statement_timeout", "60s"},
          {"lock_timeout", "10s"},
          {"application_name", "portcullis catalog"}};
}

ServerConnection::Parameters ServerConnection::to_try_out() {
  return {{"client_encoding", "UTF8"},
          {"standard_conforming_strings", "on"},
          {"jit", "off"},
          {"application_name", "portcullis dry run"}};
}

asio::awaitable<Result<void>> ServerConnection::open(const ServerLogin& login) {
  input_.clear();
  waits_since_ = std::chrono::steady_clock::now();
  const auto connected = co_await upstream_.connect(stream_);
  if (!connected) {
    close();
    co_return connected;
  }
  const auto logged_in = co_await log_in(login);
  if (!logged_in) {
    close();
    co_return logged_in;
  }
  open_ = true;
  const auto asked = co_await ask_version();
  co_return asked;
}

asio::awaitable<Result<void>> ServerConnection::log_in(const ServerLogin& login) {
  session::ServerStartupOptions options;
  options.user = login.user;
  options.password = login.password;
  options.database = login.database;
  options.parameters = parameters_;
  upstream_.describe(*stream_, options);
  options.allow_superuser = true;  // no agent's word ever goes over this connection
  options.nonce = base::to_base64(auth::random_bytes(18));
  session::ServerStartup startup(std::move(options));
  const auto logged_in = co_await converse(startup);
  co_return logged_in;
}

asio::awaitable<Result<void>> ServerConnection::ask_version() {
  NumberTaker version;
  const std::string question = "SHOW server_version_num";
  const auto asked = co_await ask(question, version);
  server_version_ = version.number;
  co_return asked;
}

asio::awaitable<Result<void>> ServerConnection::ask(const std::string& sql, session::RowTaker& rows) {
  if (!open_) co_return lost();
  session::ServerQuery query(sql, rows);
  const auto answered = co_await converse(query);
  if (!answered) close();
  co_return answered;
}

asio::awaitable<Result<void>> ServerConnection::ask(const session::ParametrizedQuery& question,
                                                    session::RowTaker& rows) {
  if (!open_) co_return lost();
  session::ServerQuery query(question, rows);
  const auto answered = co_await converse(query);
  if (!answered) close();
  co_return answered;
}

asio::awaitable<Result<void>> ServerConnection::try_out(const shadow::RunPlan& plan,
                                                        const shadow::Baseline& baseline,
                                                        shadow::Counters& counters, shadow::RunFacts& facts) {
  if (!open_) co_return lost();
  shadow::DryRun run(plan, baseline, counters);
  const auto answered = co_await converse(run);
  facts = run.facts();
  if (!answered) close();
  co_return answered;
}

asio::awaitable<Result<void>> ServerConnection::run(shadow::Script& script) {
  if (!open_) co_return lost();
  const auto answered = co_await converse(script);
  if (!answered) close();
  co_return answered;
}

// What the machine wants to say, and what the server says to it, until it is done.
template <class Machine>
asio::awaitable<Result<void>> ServerConnection::converse(Machine& machine) {
  using Next = typename Machine::Next;
  Next next = Next::read;
  while (next == Next::read) {
    const std::string out = machine.take_out();
    waits_since_ = std::chrono::steady_clock::now();
    const auto error = co_await stream_->write_all(out);
    if (error) co_return lost();
    const bool more = co_await read_more();
    if (!more) co_return lost();
    std::size_t consumed = 0;
    next = machine.on_bytes(input_, consumed);
    input_.erase(0, consumed);
  }
  if (next == Next::failed) co_return machine.failure();
  co_return Result<void>();
}

asio::awaitable<bool> ServerConnection::read_more() {
  constexpr std::size_t kChunk = 64 * 1024;
  const std::size_t size = input_.size();
  input_.resize(size + kChunk);
  const auto read = co_await stream_->read_some(input_.data() + size, kChunk);
  input_.resize(size + read.size);
  co_return !read.error;
}

void ServerConnection::close() noexcept {
  open_ = false;
  if (stream_) stream_->close();
}

}  // namespace portcullis::net
