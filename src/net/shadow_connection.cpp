#include "net/shadow_connection.hpp"

#include <chrono>
#include <utility>

#include "net/interruption.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;

namespace {

constexpr std::chrono::seconds kLoginTime{30}, kRunTime{15};
constexpr std::chrono::milliseconds kInterruptionGlance{100};
constexpr std::size_t kMostRows = 1'000'000;

class RowKeeper final : public session::RowTaker {
 public:
  Result<void> take(std::span<const std::optional<std::string_view>> fields) override {
    if (rows.size() == kMostRows)
      return Error{base::sqlstate::program_limit_exceeded, "the database's catalog has too many entries"};
    auto& row = rows.emplace_back();
    for (const auto& field : fields) row.push_back(field ? std::optional(std::string(*field)) : std::nullopt);
    return {};
  }
  std::vector<shadow::Row> rows;
};

// GCC 12: no capturing lambdas as coroutines.
asio::awaitable<void> keep(asio::awaitable<Result<void>> work, Result<void>& result) {
  result = co_await std::move(work);
}

}  // namespace

struct ShadowConnection::Parts {
  Parts(std::shared_ptr<Upstream> to, ServerConnection::Parameters parameters)
      : upstream(std::move(to)), connection(*upstream, std::move(parameters)) {}

  // What runs at the other end may never answer, timeouts or not: a function can catch its own cancellation.
  Result<void> wait(asio::awaitable<Result<void>> work, std::chrono::milliseconds most) {
    Result<void> result =
        Error{base::sqlstate::internal_error, "the conversation ended by an unexpected error"};
    asio::co_spawn(context, keep(std::move(work), result), [](std::exception_ptr) {});
    context.restart();
    const auto end = std::chrono::steady_clock::now() + most;
    while (!context.stopped() && std::chrono::steady_clock::now() < end && !Interruption::requested())
      context.run_for(kInterruptionGlance);
    if (context.stopped()) return result;
    connection.close();
    context.run();
    return Error{base::sqlstate::connection_failure,
                 "there was no answer within " + std::to_string(most.count() / 1'000) + " seconds"};
  }

  std::shared_ptr<Upstream> upstream;
  asio::io_context context{1};
  ServerConnection connection;
};

ShadowConnection::ShadowConnection(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ShadowConnection::~ShadowConnection() = default;

Result<std::unique_ptr<ShadowConnection>> ShadowConnection::open(const UpstreamAddress& address,
                                                                 const ServerLogin& login,
                                                                 ServerConnection::Parameters parameters) {
  auto upstream = Upstream::make(address);
  if (!upstream) return upstream.error();
  auto parts = std::make_unique<Parts>(*upstream, std::move(parameters));
  const auto opened = parts->wait(parts->connection.open(login), kLoginTime);
  if (!opened) return opened.error();
  return std::unique_ptr<ShadowConnection>(new ShadowConnection(std::move(parts)));
}

Result<std::vector<shadow::Row>> ShadowConnection::ask(const std::string& sql,
                                                       std::chrono::milliseconds most) {
  RowKeeper keeper;
  const auto asked = parts_->wait(parts_->connection.ask(sql, keeper), most);
  if (!asked) return asked.error();
  return std::move(keeper.rows);
}

Result<std::vector<shadow::Row>> ShadowConnection::ask(const std::string& sql,
                                                       const shadow::Parameters& parameters,
                                                       std::chrono::milliseconds most) {
  RowKeeper keeper;
  const session::ParametrizedQuery query{sql, parameters};
  const auto asked = parts_->wait(parts_->connection.ask(query, keeper), most);
  if (!asked) return asked.error();
  return std::move(keeper.rows);
}

Result<std::vector<shadow::Script::Failed>> ShadowConnection::run(std::vector<std::string> statements,
                                                                  std::chrono::milliseconds most) {
  if (statements.empty()) return std::vector<shadow::Script::Failed>();
  shadow::Script script(std::move(statements));
  const auto ran = parts_->wait(parts_->connection.run(script), most);
  if (!ran) return ran.error();
  return script.failures();
}

Result<void> ShadowConnection::try_out(const shadow::RunPlan& plan, const shadow::Baseline& baseline,
                                       shadow::RunFacts& facts) {
  return parts_->wait(parts_->connection.try_out(plan, baseline, counters_, facts), kRunTime);
}

int ShadowConnection::server_version() const noexcept {
  return parts_->connection.server_version();
}

}  // namespace portcullis::net
