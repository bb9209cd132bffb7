#include "app/serve.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "app/exit_code.hpp"
#include "app/parser_thread.hpp"
#include "app/past_use.hpp"
#include "app/serve_command.hpp"
#include "audit/log.hpp"
#include "base/log.hpp"
#include "net/catalog_reader.hpp"
#include "net/gate.hpp"
#include "net/shadow_builder.hpp"
#include "shadow/admission.hpp"

namespace portcullis::app {
namespace {

// The configuration knows no other word. One that is not known insists.
auth::BindingMode binding_mode(std::string_view word) {
  if (word == "disable") return auth::BindingMode::disable;
  return word == "prefer" ? auth::BindingMode::prefer : auth::BindingMode::require;
}

net::TcpOptions tcp_options(const TcpConfig& config) {
  using std::chrono::duration_cast, std::chrono::seconds;
  net::TcpOptions options;
  options.keepalive_idle = duration_cast<seconds>(config.keepalive_idle);
  options.keepalive_interval = duration_cast<seconds>(config.keepalive_interval);
  options.keepalive_count = static_cast<int>(config.keepalive_count);
  options.user_timeout = config.user_timeout;
  return options;
}

base::Result<net::UpstreamAddress> upstream_address(const UpstreamConfig& upstream, const TcpConfig& tcp) {
  const auto mode = net::ssl_mode_named(upstream.sslmode);
  if (!mode) return mode.error();
  net::UpstreamAddress address;
  address.host = upstream.host;
  address.port = upstream.port;
  address.sslmode = *mode;
  address.root_certificate = upstream.root_certificate.string();
  address.direct_tls = upstream.direct_tls;
  address.channel_binding = binding_mode(upstream.channel_binding);
  address.newest_protocol = upstream.max_protocol_version != "3.0";
  address.tcp = tcp_options(tcp);
  return address;
}

net::ServerLogin catalog_login(const Config& config) {
  const RoleConfig& role = config.upstream.catalog.role;
  return {role.user, role.password, config.upstream.database};
}

base::Result<net::ShadowOptions> shadow_options(const Config& config) {
  if (config.shadow.mode == "off") {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "\"shadow.mode\" is \"off\", so nothing can be tried out: set it to \"sidecar\""};
  }
  const auto upstream = upstream_address(config.upstream, config.tcp);
  if (!upstream) return upstream.error();
  net::ShadowOptions options;
  options.production = *upstream;
  options.login = catalog_login(config);
  if (config.shadow.role) {
    options.login.user = config.shadow.role->user;
    options.login.password = config.shadow.role->password;
  }
  options.sidecar.programs = config.shadow.programs;
  options.dump_programs = config.shadow.dump_programs;
  // PostgreSQL never runs as root, and what runs in a shadow shall reach nothing of the gate's.
  if (::geteuid() == 0) {
    const auto account = net::account_named(config.shadow.account.empty() ? "nobody" : config.shadow.account);
    if (!account) return account.error();
    options.sidecar.account = *account;
  } else if (!config.shadow.account.empty()) {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "\"shadow.account\" can be followed by root alone: leave it out, or run this as root"};
  }
  return options;
}

net::GateOptions to_gate_options(const Config& config, net::UpstreamAddress upstream) {
  net::GateOptions options;
  options.listen_address = config.listen.address;
  options.listen_port = config.listen.port;
  if (config.listen.tls) {
    options.tls_certificate = config.listen.tls->certificate.string();
    options.tls_key = config.listen.tls->key.string();
    options.tls_client_ca = config.listen.tls->client_ca.string();
    options.certificate_required = config.listen.tls->certificate_required;
  }
  options.tls_required = config.listen.tls.has_value();
  options.upstream = std::move(upstream);
  options.database = config.upstream.database;
  options.catalog = catalog_login(config);
  options.catalog_poll = config.upstream.catalog.poll;
  options.catalog_oldest = config.upstream.catalog.oldest;
  options.search_path = config.upstream.search_path;
  for (const auto& [agent, role] : config.upstream.roles) {
    options.roles.emplace(agent, net::DatabaseRole{role.user, role.password});
  }
  options.allow_superuser = config.upstream.allow_superuser;
  options.logins = config.logins;
  options.threads = config.threads;
  options.tcp = tcp_options(config.tcp);
  options.connections = config.limits.connections;
  options.logins_pending = config.limits.logins_pending;
  options.connections_per_address = config.limits.connections_per_address;
  options.login_delay = config.limits.login_delay;
  options.authentication_time = config.limits.authentication_time;
  options.reconnect_time = config.limits.reconnect_time;
  options.drain_time = config.limits.drain_time;
  options.session.idle_time = config.limits.idle_time;
  options.session.idle_in_transaction_time = config.limits.idle_in_transaction_time;
  options.session.prepared_statements = config.limits.prepared_statements;
  options.session.portals = config.limits.portals;
  options.session.message_bytes = config.limits.message_bytes;
  options.analysis.bytes = config.limits.statement_bytes;
  options.shadow = shadow_options(config);
  return options;
}

base::Result<void> record_policy(audit::Log& log, const policy::PolicySet& policy) {
  const auto entry = log.append(audit::PolicyRecord{policy.policy_name(), policy.hash(), policy.bytes()});
  if (!entry) return entry.error();
  return {};
}

base::Result<void> record_config(audit::Log& log, const Config& config, const policy::PolicySet& policy) {
  const auto entry = log.append(audit::ConfigRecord{to_json_without_secrets(config, policy.monitors())});
  if (!entry) return entry.error();
  return {};
}

// The policy and the configuration stand in the log before the first statement is judged by them.
base::Result<void> record_start(audit::Log& log, const Config& config) {
  const auto recorded = record_config(log, config, *config.policy);
  return recorded ? record_policy(log, *config.policy) : recorded;
}

// A gate that holds nothing back must not be taken for one that does.
void warn_of_monitor(const policy::PolicySet& policy) {
  if (!policy.monitors()) return;
  base::log::warning("MONITOR: policy \"" + policy.policy_name() +
                     "\" enforces no rule; what its rules are against is recorded as would_deny and goes "
                     "through. Only what it protects is refused");
}

int fail(const base::Error& error) {
  std::fprintf(stderr, "portcullis: %s\n", error.message.c_str());
  return kConfiguration;
}

// A policy that is wrong in any way changes nothing. It stands in the log before anything is judged by it.
// `monitors`: whether the policy in force does.
void reload_policy(const Config& config, audit::Log& log, net::Gate& gate, bool& monitors) {
  std::string problems;
  const auto policy = load_and_test_policy(config.policy_file, problems);
  if (!policy) return base::log::error("SIGHUP: the policy stays as it was: " + problems);
  if (const auto fits = gate.fits(*policy); !fits) {
    return base::log::error("SIGHUP: the policy stays as it was: " + fits.error().message);
  }
  auto recorded = record_policy(log, *policy);
  if (recorded && policy->monitors() != monitors) recorded = record_config(log, config, *policy);
  if (!recorded) return base::log::error("SIGHUP: the policy stays as it was: " + recorded.error().message);
  monitors = policy->monitors();
  gate.use(policy);
  warn_of_monitor(*policy);
  base::log::info("SIGHUP: policy \"" + policy->policy_name() + "\" in force, hash " + policy->hash());
}

std::string printable(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

}  // namespace

int serve(const Config& config) {
  base::log::set_level(config.log_level);
  // Blocked here, before any thread is made, so that all inherit it and only sigwait() below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is a failed write, not the end of the process

  const base::SystemClock clock;
  audit::LogOptions log_options;
  log_options.directory = config.audit.directory;
  log_options.origin = config.audit.origin;
  log_options.store_text = config.audit.store_text;
  auto log = audit::Log::open(std::move(log_options), clock);
  if (!log) return fail(log.error());
  if (const auto recorded = record_start(**log, config); !recorded) return fail(recorded.error());

  const auto limits = std::make_shared<guard::RateLimiter>(*config.policy);
  const auto remembered = remember_past_use(config.audit.directory, *config.policy, clock, *limits);
  if (!remembered) return fail(remembered.error());

  auto upstream = upstream_address(config.upstream, config.tcp);
  if (!upstream) return fail(upstream.error());
  auto options = to_gate_options(config, std::move(*upstream));
  options.limits = limits;
  auto gate = net::Gate::start(std::move(options), config.policy, **log, clock,
                               [&](std::function<void()> listener) { (*log)->listen(std::move(listener)); });
  if (!gate) return fail(gate.error());
  warn_of_monitor(*config.policy);
  std::printf("portcullis ready on %s:%u\n", printable(config.listen.address).c_str(), (*gate)->port());
  std::fflush(stdout);

  int signal = 0;
  bool monitors = config.policy->monitors();
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) reload_policy(config, **log, **gate, monitors);
  base::log::info(signal == SIGINT ? "SIGINT: ending" : "SIGTERM: ending");
  (*gate)->stop();
  return kSuccess;
}

base::Result<std::string> read_catalog(const Config& config) {
  const auto upstream = upstream_address(config.upstream, config.tcp);
  if (!upstream) return upstream.error();
  return net::dump_catalog(*upstream, catalog_login(config));
}

namespace {

std::vector<Attempt> attempts_of(const std::vector<std::string>& statements) {
  std::vector<Attempt> attempts;
  on_parser_thread([&] {
    for (const auto& sql : statements) {
      const auto facts = sql::analyze(sql);
      attempts.push_back(
          {sql, facts ? shadow::not_to_be_tried_out(*facts) : std::optional(facts.error()), {}, {}});
    }
  });
  return attempts;
}

void try_out(net::Shadow& shadow, const std::string& role, Attempt& attempt) {
  shadow::RunPlan plan;
  plan.statement = attempt.sql;
  plan.settings = shadow.settings_of(role);
  const auto began = std::chrono::steady_clock::now();
  auto facts = shadow.try_out(role, std::move(plan));
  attempt.tried_in =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  if (!facts) {
    attempt.not_tried = facts.error();
  } else if (facts->failure && facts->failure->code.view() == "25001") {
    attempt.not_tried = base::Error{base::sqlstate::feature_not_supported,
                                    "it cannot run in a transaction, and only what can is tried out"};
  } else {
    attempt.facts = std::move(*facts);
  }
}

}  // namespace

base::Result<TriedOut> try_out(const Config& config, const std::string& role,
                               const std::vector<std::string>& statements) {
  const auto options = shadow_options(config);
  if (!options) return base::Result<TriedOut>(boost::system::in_place_error, options.error());
  const auto began = std::chrono::steady_clock::now();
  const auto shadow = net::Shadow::build(*options);
  if (!shadow) return base::Result<TriedOut>(boost::system::in_place_error, shadow.error());
  TriedOut tried_out;
  tried_out.attempts = attempts_of(statements);
  tried_out.build_time =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  for (auto& attempt : tried_out.attempts) {
    if (!attempt.not_tried) try_out(**shadow, role, attempt);
  }
  tried_out.left_out = (*shadow)->left_out();
  tried_out.without_row = (*shadow)->without_row();
  tried_out.server_version = (*shadow)->server_version();
  return tried_out;
}

}  // namespace portcullis::app
