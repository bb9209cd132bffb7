// A client's connection from a proven login to its first ReadyForQuery: the agent's limits, the session on
// the database.
#include <utility>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "net/client_session.hpp"
#include "net/receive_buffer.hpp"

namespace portcullis::net {

using base::Error;
namespace sqlstate = base::sqlstate;

namespace {

std::string in_quotes(std::string_view name) {
  std::string text = "\"";
  text += name;
  return text += '"';
}

}  // namespace

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
    const Error error{
        sqlstate::invalid_authorization,
        "agent " + in_quotes(agent.name) + " has no database role: add it under upstream.roles"};
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
  const auto kept = co_await take_kept_server(agent.name);
  base::Result<ServerSession> server = Error{};
  if (kept) {
    server = *kept;
  } else {
    server = co_await log_in_where_there_is_room();
  }
  if (!server) {
    const Error error = in_time(server.error());
    co_await refuse(error, "refused");
    co_return false;
  }
  const bool started = co_await begin_session(guard, agent, *server);
  co_return started;
}

asio::awaitable<bool> ClientSession::begin_session(const guard::Guard& guard, const policy::Agent& agent,
                                                   const ServerSession& server) {
  identity_ = session::Identity{};
  identity_.session = shared_.next_session++;
  identity_.agent = agent.name;
  identity_.owner = agent.owner;
  identity_.login = login_;
  identity_.proof = startup_->proof();
  identity_.role = role_->user;
  identity_.database = shared_.options.database;
  identity_.client_address = client_address_;
  identity_.application_name = application_name_;
  identity_.tls = client_.is_tls();
  identity_.tls_version = client_.tls_version();
  identity_.tls_cipher = client_.tls_cipher();
  identity_.certificate = certificate_;
  identity_.names.search_path = server.schemas;
  identity_.reading = server.reading;
  identity_.strayed = session::strays(settings_, guard, agent.name, shared_.options.search_path);
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
  server_cancel_ = server.cancel;
  note_server(server);
  std::string answer = greeting_;
  if (server.cancel.process_id != 0) {
    process_id_ = server.cancel.process_id;
    const bool has_room = startup_->protocol() >= wire::kProtocol32;
    client_secret_ = auth::random_bytes(has_room ? CancelRegistry::kLongKey : CancelRegistry::kShortKey);
    shared_.cancels.add(process_id_, client_secret_, server.cancel, cancel_told());
    wire::encode(answer, wire::BackendKeyData{process_id_, client_secret_});
  }
  wire::encode(answer, wire::ReadyForQuery{'I'});
  const auto error = co_await client_.write_all(answer);
  base::log::info("session " + std::to_string(identity_.session) + ": agent " + agent.name + " from " +
                  client_address_ + " as database role " + role_->user);
  co_return !error;
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
