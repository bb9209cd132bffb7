// The running gate: listener, worker threads, sessions. What the application starts and stops.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/login.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "guard/guard.hpp"
#include "net/kept_connections.hpp"
#include "net/shadow_builder.hpp"
#include "net/upstream_address.hpp"
#include "portcullis/audit/record.hpp"
#include "portcullis/base/result.hpp"
#include "session/identity.hpp"
#include "sql/analyze.hpp"

namespace portcullis::net {

struct DatabaseRole {
  std::string user;
  base::Secret password;  // empty: none is asked for
};

// The gate was told of none.
[[nodiscard]] base::Error no_shadow();

struct GateOptions {
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 6432;      // 0: any free one
  std::string tls_certificate, tls_key;  // files; both or neither
  std::string tls_client_ca;             // a file; empty: clients are asked for no certificate
  bool tls_required = false, certificate_required = false;
  TcpOptions tcp{};  // of clients' connections

  UpstreamAddress upstream;
  std::string database;
  ServerLogin catalog;  // of the gate itself
  std::chrono::milliseconds catalog_poll{1'000}, catalog_oldest{30'000};
  std::vector<std::string> search_path{"public"};
  std::map<std::string, DatabaseRole, std::less<>> roles;  // by agent
  bool allow_superuser = false;
  ReuseOptions reuse{};  // of server connections

  std::map<std::string, auth::Login, std::less<>> logins;
  std::size_t threads = 2;
  std::size_t descriptors = SIZE_MAX;         // of files, for clients and their connections to the database
  std::size_t connections = 200;              // that have logged in
  std::size_t logins_pending = 400;           // that have not
  std::size_t connections_per_address = 200;  // of these
  std::chrono::milliseconds login_delay{4'000};  // the longest, of the answer to a failed login
  std::chrono::milliseconds authentication_time{60'000};
  std::chrono::milliseconds reconnect_time{
      10'000};  // how long a statement waits for a database that went away
  std::chrono::milliseconds drain_time{10'000};
  session::SessionLimits session;  // of each
  // By the gate's policy, with what agents have used up already; null: nothing yet.
  std::shared_ptr<guard::RateLimiter> limits;
  sql::AnalysisLimits analysis;
  const session::Evidence* evidence = nullptr;  // null: nothing is asked of it; outlives the gate
  // Of the copies that statements are tried out in; an error says why there can be none.
  base::Result<ShadowOptions> shadow = no_shadow();
};

class Gate {
 public:
  // Everything handed in must outlive the gate; `sink` is used from all worker threads. Listens at once:
  // 58030 says why it could not, F0000 that the policy does not fit the database. `on_log` is given one
  // function, to be called from any thread when the log's durable() has risen or the log has failed; calling
  // it after the gate's end does nothing.
  [[nodiscard]] static base::Result<std::unique_ptr<Gate>> start(
      GateOptions options, std::shared_ptr<const policy::PolicySet> policy, audit::Sink& sink,
      const base::Clock& clock, const std::function<void(std::function<void()>)>& on_log);
  // As stop().
  ~Gate();

  [[nodiscard]] std::uint16_t port() const noexcept;
  // F0000 when the policy names what the database does not have; nothing has changed then, nor otherwise.
  [[nodiscard]] base::Result<void> fits(const policy::PolicySet& policy) const;
  // From now on logins and, as soon as it is held against the catalog, statements are judged by this policy,
  // those of open sessions too. Any thread.
  void use(std::shared_ptr<const policy::PolicySet> policy);
  // Accepts nobody any more, lets what runs come to its end within drain_time, then ends every session with
  // 57P01. Blocks until all threads are done. Any thread but a worker's.
  void stop();

 private:
  class Impl;
  explicit Gate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portcullis::net
