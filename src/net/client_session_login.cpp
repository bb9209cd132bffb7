// A client's connection up to its first ReadyForQuery: greeting, password, the session on the database.
#include <utility>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "net/client_session.hpp"
#include "net/receive_buffer.hpp"

namespace portcullis::net {

using base::Error;
namespace sqlstate = base::sqlstate;

namespace {

std::string quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

}  // namespace

asio::awaitable<bool> ClientSession::greet_client() {
  session::ClientStartupOptions options;
  options.tls_available = shared_.tls != nullptr;
  options.tls_required = shared_.options.tls_required;
  options.verifier_of = [this](std::string_view login) -> std::optional<auth::ScramVerifier> {
    const auto found = shared_.options.logins.find(login);
    if (found == shared_.options.logins.end()) return std::nullopt;
    return found->second;
  };
  options.mock_secret = shared_.mock_secret;
  options.nonce = base::to_base64(auth::random_bytes(18));
  startup_.emplace(std::move(options));

  using Next = session::ClientStartup::Next;
  ReceiveBuffer buffer{std::string()};
  for (;;) {
    buffer.make_room();
    const auto read = co_await client_.read_some(buffer.space(), buffer.space_size());
    if (read.error) co_return false;
    buffer.commit(read.size);
    Next next = Next::read;
    std::size_t consumed = 1;
    while (next == Next::read && consumed > 0 && !buffer.view().empty()) {
      next = startup_->on_bytes(buffer.view(), consumed);
      buffer.consume(consumed);
    }
    login_ = startup_->login();
    if (over_limit_ && !login_.empty()) {  // not before it is known to be no CancelRequest
      const Error error{sqlstate::too_many_connections,
                        "sorry, too many clients already: limits.connections of the gate is " +
                            std::to_string(shared_.options.connections)};
      co_await refuse(error, "refused");
      co_return false;
    }
    if (next == Next::cancel) {
      co_await pass_on_cancel(*startup_->cancel_request());
      co_return false;
    }
    if (next == Next::close)
      record_refused_login(startup_->failure(), startup_->login_failed() ? "refused" : "");
    const std::string out = startup_->take_out();
    const auto error = co_await client_.write_all(out);
    if (error || next == Next::close) co_return false;
    if (next == Next::start_tls) {
      const auto tls_error = co_await client_.tls_server(*shared_.tls);
      if (tls_error) co_return false;
    }
    if (next == Next::done) break;
  }
  client_rest_ = buffer.view();

  const auto guard = shared_.policy.get();
  const auto* agent = guard->policy().agent_by_login(login_);
  if (agent == nullptr) {
    const Error error{
        sqlstate::invalid_authorization,
        "login " + quoted(login_) + " belongs to no agent of the policy: add it under \"agents\""};
    co_await refuse(error, "refused");
    co_return false;
  }
  const bool opened = co_await open_database(*guard, *agent);
  co_return opened;
}

asio::awaitable<void> ClientSession::pass_on_cancel(const wire::CancelRequest& request) {
  const auto target = shared_.cancels.find(request);
  if (!target) co_return;
  const auto connected = co_await shared_.upstream->connect(server_);
  if (!connected) co_return;
  std::string bytes;
  wire::encode(bytes, *target);
  const auto error = co_await server_->write_all(bytes);
  if (error) co_return;
  // The client may take its own connection's end for "the cancel has arrived": wait for the server to say so.
  char byte = 0;
  const auto read = co_await server_->read_some(&byte, 1);
  (void)read;
}

asio::awaitable<bool> ClientSession::open_database(const guard::Guard& guard, const policy::Agent& agent) {
  for (const auto& [key, value] : startup_->startup().parameters) {
    if (key == "application_name") application_name_ = value;
  }
  auto settings = session::judge_startup(startup_->startup(), guard, agent.name, shared_.options.database,
                                         shared_.options.search_path);
  if (!settings) {
    co_await refuse(settings.error(), "refused");
    co_return false;
  }
  if (!shared_.options.roles.contains(agent.name)) {
    const Error error{sqlstate::invalid_authorization,
                      "agent " + quoted(agent.name) + " has no database role: add it under upstream.roles"};
    co_await refuse(error, "refused");
    co_return false;
  }
  auto slot = shared_.limits->open_session(agent.name);
  if (!slot) {
    co_await refuse(slot.error(), "refused");
    co_return false;
  }
  slot_ = std::move(*slot);
  settings_ = std::move(*settings);
  role_ = &shared_.options.roles.find(agent.name)->second;
  const auto server = co_await log_in_at_server();
  if (!server) {
    const Error error = in_time(server.error());
    co_await refuse(error, "refused");
    co_return false;
  }
  const bool started = co_await begin_session(agent, *server);
  co_return started;
}

asio::awaitable<bool> ClientSession::begin_session(const policy::Agent& agent, const ServerSession& server) {
  identity_ = session::Identity{};
  identity_.session = shared_.next_session++;
  identity_.agent = agent.name;
  identity_.owner = agent.owner;
  identity_.login = login_;
  identity_.role = role_->user;
  identity_.database = shared_.options.database;
  identity_.client_address = client_address_;
  identity_.application_name = application_name_;
  identity_.tls = client_.is_tls();
  identity_.names.search_path = server.schemas;
  identity_.reserved_name = "\x01portcullis-" + base::to_hex(auth::random_bytes(16));

  session::Dependencies needs = dependencies();
  session::Recorder recorder(identity_, needs);
  const auto record = recorder.session("login", {}, server.cancel.process_id);
  if (record) co_await wait_for_log(*record);
  if (!record || *record >= shared_.sink->durable()) {
    const Error error =
        record ? shared_.sink->failure().value_or(Error{sqlstate::io_error, "the audit log has failed"})
               : record.error();
    co_await refuse(error, "");
    co_return false;
  }
  relay_.emplace(identity_, needs);

  greeting_ = server.greeting;
  std::string answer = greeting_;
  if (server.cancel.process_id != 0) {
    process_id_ = server.cancel.process_id;
    client_secret_ = auth::random_bytes(4);
    shared_.cancels.add(process_id_, client_secret_, server.cancel);
    wire::encode(answer, wire::BackendKeyData{process_id_, client_secret_});
  }
  wire::encode(answer, wire::ReadyForQuery{'I'});
  const auto error = co_await client_.write_all(answer);
  base::log::info("session " + std::to_string(identity_.session) + ": agent " + agent.name + " from " +
                  client_address_ + " as database role " + role_->user);
  co_return !error;
}

asio::awaitable<void> ClientSession::refuse(const Error& error, std::string event) {
  record_refused_login(error, event);
  std::string bytes;
  wire::encode(bytes, wire::to_error_response(error, "FATAL"));
  const auto written = co_await client_.write_all(bytes);
  (void)written;
}

void ClientSession::record_refused_login(const Error& error, const std::string& event) {
  base::log::warning("connection from " + client_address_ + " refused: " + error.message);
  if (event.empty()) return;
  audit::SessionRecord record;
  record.event = event;
  record.login = login_;
  record.client_address = client_address_;
  record.application_name = application_name_;
  record.tls = client_.is_tls();
  record.sqlstate = error.code.view();
  record.reason = error.message;
  (void)shared_.sink->append(std::move(record));
}

// What a wait that the deadline ended failed for.
Error ClientSession::in_time(Error error) const {
  if (!login_timed_out_) return error;
  const auto& address = shared_.upstream->address();
  return {sqlstate::cannot_connect,
          "the database at " + address.host + " port " + std::to_string(address.port) +
              " did not answer within limits.authentication_time: see whether it is at work"};
}

}  // namespace portcullis::net
