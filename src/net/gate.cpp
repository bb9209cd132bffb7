#include "net/gate.hpp"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "base/log.hpp"

#include "net/accepting.hpp"
#include "net/bell.hpp"
#include "net/catalog_keeper.hpp"
#include "net/client_session.hpp"
#include "portcullis/base/deadline.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
namespace sqlstate = base::sqlstate;

namespace {

// The same at every start with the same logins: a salt that changes over night would tell which logins are
// not known. Whoever knows all of this needs no such hint.
std::string secret_of(const GateOptions& options) {
  std::string all;
  for (const auto& [login, expected] : options.logins) {
    all += login;
    if (expected.verifier) all += '\0' + auth::to_text(*expected.verifier);
    all += '\0';
  }
  return all;
}

std::vector<auth::VerifierShape> shapes_of(const GateOptions& options) {
  std::vector<auth::VerifierShape> shapes;
  for (const auto& [login, expected] : options.logins) {
    if (expected.verifier) shapes.push_back({expected.verifier->iterations, expected.verifier->salt.size()});
  }
  return shapes;
}

// How long the start waits for the catalog.
constexpr std::chrono::seconds kFirstCatalog{5};

}  // namespace

Error no_shadow() {
  return {sqlstate::feature_not_supported, "the gate has no copy of the database to try statements out in"};
}

class Gate::Impl {
 public:
  Impl(LoginLimits::Options login_limits, std::size_t descriptors) : shared(login_limits, descriptors) {}
  // A start that fails half way has workers that run, and others that were never started.
  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Shared shared;
  // The log's writer rings it after each batch. It may outlive the gate, which then hangs no more workers on
  // it.
  std::shared_ptr<Bell> bell = std::make_shared<Bell>();
  Bell basis_bell;
  std::unique_ptr<CatalogKeeper> keeper;
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<Accepting> accepting;
  std::uint16_t port = 0;
  bool stopped = false;

  Result<void> keep_catalog();
  Result<void> fits(const policy::PolicySet& policy) const;
  void stop();

 private:
  void shut_down_sessions(bool force);
  bool all_gone_by(base::Deadline deadline, bool force);
};

// What is to be protected must be there: a name that was mistyped would protect nothing. A database that
// cannot be reached now may come later; until then everything is refused.
Result<void> Gate::Impl::keep_catalog() {
  const CatalogKeeperOptions options{shared.options.catalog, shared.options.catalog_poll,
                                     shared.options.catalog_oldest};
  const auto guard = shared.policy.get();
  const std::shared_ptr<const policy::PolicySet> policy(guard, &guard->policy());
  keeper = std::make_unique<CatalogKeeper>(options, policy, *shared.upstream, *shared.clock,
                                           [this] { basis_bell.ring(); });
  shared.basis = keeper.get();
  keeper->wait_for_first(kFirstCatalog);
  const auto fitting = fits(*policy);
  if (fitting && policy->requires_dry_runs()) shared.dry_runs->keep_ready();
  return fitting;
}

// What must be tried out must be possible to try out.
Result<void> Gate::Impl::fits(const policy::PolicySet& policy) const {
  const auto possible = policy.requires_dry_runs() ? shared.dry_runs->possible() : Result<void>();
  if (!possible) {
    return Error{sqlstate::config_file_error,
                 "the policy requires dry runs, which cannot be: " + possible.error().message};
  }
  return keeper->fits(policy);
}

void Gate::Impl::shut_down_sessions(bool force) {
  for (auto& worker : workers) {
    asio::post(worker->context(), [force, &sessions = worker->sessions()] {
      for (auto* session : sessions) session->shut_down(force);
    });
  }
}

bool Gate::Impl::all_gone_by(base::Deadline deadline, bool force) {
  while (shared.connections > 0) {
    if (deadline.reached(shared.clock->steady())) return false;
    shut_down_sessions(force);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

void Gate::Impl::stop() {
  if (std::exchange(stopped, true) || workers.empty()) return;
  asio::post(workers.front()->context(), [this] {
    if (accepting) accepting->close();
  });
  for (auto& worker : workers) asio::post(worker->context(), [&kept = worker->kept()] { kept.shut_down(); });
  const auto now = shared.clock->steady();
  if (!all_gone_by(base::Deadline::after(now, shared.options.drain_time), false)) {
    base::log::warning("sessions are still at work after the drain time: ending them");
    all_gone_by(base::Deadline::after(shared.clock->steady(), std::chrono::seconds(6)), true);
  }
  for (auto& worker : workers) worker->release();
  for (auto& worker : workers) worker->context().stop();
  for (auto& worker : workers) worker->join();
  bell->take_down();
  basis_bell.take_down();
  // They post to the workers' contexts, and what is left in those uses what all share.
  shared.pool.reset();
  shared.salting.reset();
  shared.dry_runs.reset();
  accepting.reset();
  workers.clear();
  record_counted_refusals(shared);
}

Gate::Gate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Gate::~Gate() = default;

Result<std::unique_ptr<Gate>> Gate::start(GateOptions options,
                                          std::shared_ptr<const policy::PolicySet> policy, audit::Sink& sink,
                                          const base::Clock& clock,
                                          const std::function<void(std::function<void()>)>& on_log) {
  auto upstream = Upstream::make(options.upstream);
  if (!upstream) return upstream.error();
  auto tls = make_listen_tls({options.tls_certificate, options.tls_key, options.tls_client_ca});
  if (!tls) return tls.error();

  const LoginLimits::Options login_limits{options.logins_pending, options.connections_per_address,
                                          options.login_delay};
  auto impl = std::make_unique<Impl>(login_limits, options.descriptors);
  Shared& shared = impl->shared;
  shared.options = std::move(options);
  shared.limits =
      shared.options.limits ? shared.options.limits : std::make_shared<guard::RateLimiter>(*policy);
  shared.policy.set(std::move(policy));
  shared.sink = &sink;
  shared.clock = &clock;
  shared.upstream = std::move(*upstream);
  shared.tls = std::move(*tls);
  shared.mock_secret = secret_of(shared.options);
  shared.login_shapes = shapes_of(shared.options);
  shared.pool = std::make_unique<AnalysisPool>(1, shared.options.analysis);
  shared.salting = std::make_unique<PasswordSalting>();
  shared.dry_runs = std::make_unique<DryRuns>(shared.options.shadow);
  if (const auto kept = impl->keep_catalog(); !kept) return kept.error();
  for (std::size_t i = 0; i < std::max<std::size_t>(shared.options.threads, 1); ++i) {
    impl->workers.push_back(std::make_unique<Worker>(shared.options.analysis));
  }
  impl->accepting = std::make_unique<Accepting>(shared, impl->workers);
  const auto port = impl->accepting->listen();
  if (!port) return port.error();
  impl->port = *port;
  for (auto& worker : impl->workers) {
    worker->log_waiters().ask(
        [&sink] { return sink.failure() ? std::numeric_limits<std::uint64_t>::max() : sink.durable(); });
    impl->bell->hang([&waiters = worker->log_waiters()] { waiters.notify(); });
    impl->basis_bell.hang([&waiters = worker->basis_waiters()] { waiters.notify(); });
    worker->kept().use(shared.options.reuse, shared.kept);
    worker->start();
  }
  shared.close_kept = [&workers = impl->workers] {
    for (auto& worker : workers)
      asio::post(worker->context(), [&kept = worker->kept()] { kept.close_all(); });
  };
  on_log([bell = impl->bell] { bell->ring(); });
  asio::co_spawn(impl->workers.front()->context(), impl->accepting->run(), [](std::exception_ptr failure) {
    if (failure)
      base::log::error("the listener ended by an unexpected error: no new connections are accepted");
  });
  return std::unique_ptr<Gate>(new Gate(std::move(impl)));
}

std::uint16_t Gate::port() const noexcept {
  return impl_->port;
}

base::Result<void> Gate::fits(const policy::PolicySet& policy) const {
  return impl_->fits(policy);
}

void Gate::use(std::shared_ptr<const policy::PolicySet> policy) {
  impl_->shared.limits->use(*policy);
  impl_->shared.policy.set(policy);
  if (policy->requires_dry_runs()) impl_->shared.dry_runs->keep_ready();
  impl_->keeper->use(std::move(policy));
  impl_->shared.close_kept();
}

void Gate::stop() {
  impl_->stop();
}

}  // namespace portcullis::net
