#include "app/serve.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "app/database.hpp"
#include "app/descriptor_limit.hpp"
#include "app/eraser.hpp"
#include "app/exit_code.hpp"
#include "app/known_heads.hpp"
#include "app/log_options.hpp"
#include "app/past_use.hpp"
#include "app/serve_command.hpp"
#include "audit/log.hpp"
#include "base/file_limit.hpp"
#include "base/log.hpp"
#include "net/anchors.hpp"
#include "net/gate.hpp"
#include "session/cache_tally.hpp"

namespace portcullis::app {
namespace {

net::GateOptions to_gate_options(const Config& config, net::UpstreamAddress upstream,
                                 const DescriptorShare& descriptors) {
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
  options.reuse = {config.upstream.reuse.connections, config.upstream.reuse.idle_time,
                   config.upstream.reuse.age};
  options.logins = config.logins;
  options.threads = config.threads;
  options.tcp = tcp_options(config.tcp);
  options.connections = config.limits.connections;
  options.logins_pending = descriptors.logins_pending;
  options.descriptors = descriptors.clients;
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

void add_anchors(const AuditConfig& config, net::Anchors& anchors) {
  for (const AnchorConfig& anchor : config.anchors) {
    net::AnchorOptions options;
    options.name = anchor.name;
    options.within = anchor.within;
    if (anchor.require == "deny_changes") options.require = net::AnchorOptions::Require::deny_changes;
    if (anchor.require == "deny") options.require = net::AnchorOptions::Require::deny;
    const auto output = config.directory / ("anchor-" + anchor.name + ".out");
    anchors.add(options, anchor.command.empty()
                             ? net::anchor_file(anchor.file)
                             : net::anchor_command({anchor.command, config.origin, output}));
  }
}

void warn_of_no_key() {
  base::log::warning(
      "the audit log is not signed: whoever can write its files can write another one. Make a key "
      "with portcullis audit keygen and name it in audit.key");
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

// The log's last checkpoint is brought to the anchors, too, however the gate ends.
struct AnchorsEnd {
  net::Anchors& anchors;
  std::unique_ptr<audit::Log>& log;
  ~AnchorsEnd() {
    anchors.record_in(nullptr);
    log.reset();
    anchors.finish();
  }
};

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

  const auto descriptors = share_descriptors(config, base::raise_file_limit());
  if (!descriptors) return fail(descriptors.error());
  if (!descriptors->warning.empty()) base::log::warning(descriptors->warning);

  const base::SystemClock clock;
  net::Anchors anchors;
  add_anchors(config.audit, anchors);
  auto log_options = app::log_options(config.audit);
  auto known = known_heads(config.audit);
  if (!known) return fail(known.error());
  log_options.known = std::move(*known);
  log_options.checkpointed = [&anchors](const std::string& note, std::uint64_t size) {
    anchors.publish(note, size);
  };
  log_options.checkpoint_held_up = [&anchors] { anchors.held_up(); };
  auto log = audit::Log::open(std::move(log_options), clock);
  if (!log) return fail(log.error());
  if (!config.audit.key.key) warn_of_no_key();
  anchors.record_in(log->get());
  const AnchorsEnd end{anchors, *log};
  if (const auto recorded = record_start(**log, config); !recorded) return fail(recorded.error());

  const auto limits = std::make_shared<guard::RateLimiter>(*config.policy);
  const auto remembered = remember_past_use(config.audit.directory, *config.policy, clock, *limits);
  if (!remembered) return fail(remembered.error());

  auto upstream = server_address(config.upstream, config.tcp);
  if (!upstream) return fail(upstream.error());
  auto options = to_gate_options(config, std::move(*upstream), *descriptors);
  options.limits = limits;
  if (!anchors.empty()) options.evidence = &anchors;
  auto gate = net::Gate::start(std::move(options), config.policy, **log, clock,
                               [&](std::function<void()> listener) { (*log)->listen(std::move(listener)); });
  if (!gate) return fail(gate.error());
  const Eraser eraser(config.audit, longest_window(*config.policy), **log, clock);
  warn_of_monitor(*config.policy);
  std::printf("portcullis ready on %s:%u\n", printable(config.listen.address).c_str(), (*gate)->port());
  std::fflush(stdout);

  int signal = 0;
  bool monitors = config.policy->monitors();
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) reload_policy(config, **log, **gate, monitors);
  base::log::info(signal == SIGINT ? "SIGINT: ending" : "SIGTERM: ending");
  (*gate)->stop();
  if (const auto caches = session::to_text(session::cache_counts()); !caches.empty()) base::log::info(caches);
  return kSuccess;
}

}  // namespace portcullis::app
