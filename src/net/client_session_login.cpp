// The beginning of a client's connection: its place, TLS, the proof of its login, and what becomes of a
// refused one.
#include <utility>

#include "audit/hash.hpp"
#include "auth/certificate.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "net/accepting.hpp"
#include "net/client_session.hpp"
#include "net/receive_buffer.hpp"

namespace portcullis::net {

using base::Error;
namespace sqlstate = base::sqlstate;

namespace {

std::string in_quotes(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

}  // namespace

session::ClientStartupOptions ClientSession::startup_options() const {
  session::ClientStartupOptions options;
  options.tls_available = shared_.tls.context != nullptr;
  options.tls_required = shared_.options.tls_required;
  options.certificate_required = shared_.options.certificate_required;
  options.channel_binding = shared_.tls.channel_binding;
  options.login_of = [&shared = shared_](std::string_view login) -> std::optional<auth::Login> {
    const auto found = shared.options.logins.find(login);
    if (found == shared.options.logins.end()) return std::nullopt;
    return found->second;
  };
  options.mock_of = [&shared = shared_](std::string_view login) {
    return auth::mock_verifier(login, shared.mock_secret, shared.login_shapes);
  };
  options.nonce = base::to_base64(auth::random_bytes(18));
  return options;
}

asio::awaitable<bool> ClientSession::greet_client() {
  auto place = admission_.descriptor ? shared_.login_limits.enter(address_key_) : no_descriptor();
  if (!place) {
    co_await refuse(place.error(), "refused");
    client_.discard_received();
    co_return false;
  }
  place_ = std::move(*place);
  startup_.emplace(startup_options());
  const bool proved = co_await prove_login();
  if (!proved) co_return false;
  place_.reset();

  logged_in_ = true;
  if (++shared_.logged_in > shared_.options.connections) {
    const Error error{sqlstate::too_many_connections,
                      "sorry, too many clients already: limits.connections of the gate is " +
                          std::to_string(shared_.options.connections)};
    co_await refuse(error, "refused");
    co_return false;
  }
  server_descriptor_ = shared_.descriptors.take();
  if (!server_descriptor_) {
    co_await refuse(no_descriptor(), "refused");
    co_return false;
  }
  const auto guard = shared_.policy.get();
  const auto* agent = guard->policy().agent_by_login(login_);
  if (agent == nullptr) {
    const Error error{
        sqlstate::invalid_authorization,
        "login " + in_quotes(login_) + " belongs to no agent of the policy: add it under \"agents\""};
    co_await refuse(error, "refused");
    co_return false;
  }
  const bool opened = co_await open_database(*guard, *agent);
  co_return opened;
}

asio::awaitable<bool> ClientSession::prove_login() {
  using Next = session::ClientStartup::Next;
  if (shared_.tls.context) {
    char first = 0;
    const auto peeked = co_await client_.peek(first);
    if (peeked.error || peeked.size == 0) co_return false;
    if (first == session::ClientStartup::kTlsHandshake) {
      if (startup_->begin_direct_tls() != Next::start_tls) co_return false;
      const bool begun = co_await begin_tls();
      if (!begun) co_return false;
    }
  }
  ReceiveBuffer buffer{std::string()};
  Next next = Next::read;
  while (next != Next::done) {
    const bool goes_on = co_await read_startup(buffer, next);
    if (!goes_on) co_return false;
  }
  client_rest_ = buffer.view();
  co_return true;
}

// What the client sent next, and what is to be done for it. False when the connection ends.
asio::awaitable<bool> ClientSession::read_startup(ReceiveBuffer& buffer, session::ClientStartup::Next& next) {
  using Next = session::ClientStartup::Next;
  const auto read_error = co_await client_.read_into(buffer);
  if (read_error) co_return false;
  next = Next::read;
  std::size_t consumed = 1;
  while (next == Next::read && consumed > 0 && !buffer.view().empty()) {
    next = startup_->on_bytes(buffer.view(), consumed);
    buffer.consume(consumed);
  }
  login_ = startup_->login();
  if (next == Next::cancel) {
    co_await pass_on_cancel(*startup_->cancel_request());
    co_return false;
  }
  if (next == Next::close) {
    record_refused_login(startup_->failure(), startup_->refused() ? "refused" : "");
    if (startup_->login_failed()) co_await hold_back_refusal();
  }
  const std::string out = startup_->take_out();
  const auto error = co_await client_.write_all(out);
  if (error || next == Next::close) co_return false;
  if (next != Next::start_tls) co_return true;
  const bool begun = co_await begin_tls();
  co_return begun;
}

asio::awaitable<bool> ClientSession::begin_tls() {
  const auto error = co_await client_.tls_server(*shared_.tls.context);
  if (error) co_return false;
  std::optional<std::vector<std::string>> names;
  if (const auto certificate = client_.peer_certificate()) {
    names = auth::certificate_names(*certificate);
    certificate_ = audit::sha256_hex(*certificate);
  }
  if (startup_->on_tls(client_.alpn(), std::move(names))) co_return true;
  record_refused_login(startup_->failure(), "");
  co_return false;
}

// Whoever guesses waits, whether it stays to hear the answer or not: until then its place is taken.
asio::awaitable<void> ClientSession::hold_back_refusal() {
  const auto delay = shared_.login_limits.failed(address_key_, login_, shared_.clock->steady());
  refusal_wait_.emplace(worker_.context(), delay);
  const auto [cancelled] = co_await refusal_wait_->async_wait(no_throw);
  (void)cancelled;
}

asio::awaitable<void> ClientSession::pass_on_cancel(const wire::CancelRequest& request) {
  const auto target = shared_.cancels.find(request);
  if (!target) co_return;
  // The client may take its own connection's end for "the cancel has arrived".
  const bool sent = co_await deliver_cancel(server_, *target);
  (void)sent;
}

asio::awaitable<bool> ClientSession::deliver_cancel(std::unique_ptr<Stream>& stream,
                                                    const wire::CancelRequest& request) {
  std::string bytes;
  wire::encode(bytes, request);
  const auto connected = co_await shared_.upstream->connect(stream);
  if (!connected) co_return false;
  const auto error = co_await stream->write_all(bytes);
  if (error) co_return false;
  char byte = 0;
  const auto read = co_await stream->read_some(&byte, 1);
  (void)read;
  co_return true;
}

asio::awaitable<void> ClientSession::refuse(const Error& error, std::string event) {
  record_refused_login(error, event);
  std::string bytes;
  wire::encode(bytes, wire::to_error_response(error, "FATAL"));
  const auto written = co_await client_.write_all(bytes);
  (void)written;
}

namespace {

using Time = RefusalCount::Time;

audit::SessionRecord refused_record(std::string client, const std::string& sqlstate, std::string reason) {
  audit::SessionRecord record;
  record.event = "refused";
  record.client_address = std::move(client);
  record.sqlstate = sqlstate;
  record.reason = std::move(reason);
  return record;
}

std::string told(const RefusalCount::Counted& counted, const char* whose) {
  const std::string from = counted.address.empty() ? "other addresses" : counted.address;
  return std::to_string(counted.count) + " more " + whose + " were refused, from " + from;
}

// False: the log does not take some now, and they are counted again.
bool record_counted(Shared& shared, RefusalCount& refusals, const char* whose, Time now) {
  bool all = true;
  for (const auto& counted : refusals.take(now)) {
    base::log::warning(told(counted, whose));
    auto record = refused_record(counted.address, counted.sqlstate, whose);
    record.count = counted.count;
    const auto taken = shared.sink->append(std::move(record));
    if (taken) continue;
    base::log::error("the audit log did not take this: " + taken.error().message);
    if (shared.sink->failure()) continue;  // it takes nothing more
    refusals.put_back(counted, now);
    all = false;
  }
  return all;
}

bool record_counted(Shared& shared, Time now) {
  const bool strangers = record_counted(shared, shared.strangers, "logins that proved nothing", now);
  const bool agents =
      record_counted(shared, shared.agents, "sessions of logins that had proved themselves", now);
  for (const auto& counted : shared.violations.take(now))
    base::log::warning(told(counted, "connections for what they sent"));
  return strangers && agents;
}

void record_counted_later(Shared& shared, asio::io_context& context) {
  auto timer = std::make_shared<asio::steady_timer>(context, RefusalCount::kInterval);
  timer->async_wait([timer, &shared, &context](ErrorCode error) {
    if (error || record_counted(shared, shared.clock->steady())) return;
    record_counted_later(shared, context);
  });
}

}  // namespace

void record_counted_refusals(Shared& shared) {
  (void)record_counted(shared, Time::max());
}

// The gate's end may come before what was counted is recorded: it does so then.
void ClientSession::record_refused_login(const Error& error, const std::string& event) {
  auto& counted = event.empty() ? shared_.violations : logged_in_ ? shared_.agents : shared_.strangers;
  const std::string code = event.empty() ? std::string() : std::string(error.code.view());
  const auto now = shared_.clock->steady();
  const auto next = counted.note(address_key_, code, now);
  if (next == RefusalCount::Next::count_first) record_counted_later(shared_, worker_.context());
  if (next != RefusalCount::Next::record) return;
  base::log::warning("connection from " + client_address_ + " refused: " + error.message);
  if (event.empty()) return;
  auto record = refused_record(client_address_, code, error.message);
  record.login = login_;
  record.application_name = application_name_;
  record.tls = client_.is_tls();
  record.tls_version = client_.tls_version();
  record.tls_cipher = client_.tls_cipher();
  record.certificate = certificate_;
  if (shared_.sink->append(std::move(record)) || shared_.sink->failure()) return;
  counted.put_back({address_key_, code, 1}, now);
  record_counted_later(shared_, worker_.context());
}

}  // namespace portcullis::net
