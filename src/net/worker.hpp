// One thread with its own io_context, its sessions and its caches. A session lives and dies on one worker.
#pragma once

#include <memory>
#include <set>

#include "auth/salted_passwords.hpp"
#include "base/big_stack_thread.hpp"
#include "net/asio_prefix.hpp"
#include "net/kept_connections.hpp"
#include "net/log_waiters.hpp"
#include "net/places.hpp"
#include "net/waiters.hpp"
#include "session/facts_cache.hpp"

namespace portcullis::net {

class ClientSession;

class Worker {
 public:
  explicit Worker(sql::AnalysisLimits limits) : facts_(limits) {}

  // The thread ends when release() was called and nothing is left to do.
  void start();
  void release() { work_.reset(); }
  // Also of one that was never started.
  void join() {
    if (thread_) thread_->join();
  }

  [[nodiscard]] asio::io_context& context() noexcept { return context_; }
  // Woken once a batch of the audit log is durable, or the log has failed.
  [[nodiscard]] LogWaiters& log_waiters() noexcept { return log_waiters_; }
  // Woken when what statements are judged by has changed.
  [[nodiscard]] Waiters& basis_waiters() noexcept { return basis_waiters_; }
  // One for each connection of a client, from when it was accepted. Any thread.
  [[nodiscard]] Places& seats() noexcept { return seats_; }
  [[nodiscard]] session::FactsCache& facts() noexcept { return facts_; }
  [[nodiscard]] auth::SaltedPasswords& salted_passwords() noexcept { return salted_passwords_; }
  // Server connections without a session.
  [[nodiscard]] KeptConnections& kept() noexcept { return kept_; }
  // On this worker's thread only.
  [[nodiscard]] std::set<ClientSession*>& sessions() noexcept { return sessions_; }

 private:
  // The context is destroyed before what the coroutines in it still touch on their way out.
  std::set<ClientSession*> sessions_;
  Places seats_;
  session::FactsCache facts_;
  auth::SaltedPasswords salted_passwords_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
  LogWaiters log_waiters_{context_};
  Waiters basis_waiters_{context_};
  KeptConnections kept_{context_};
  std::unique_ptr<base::BigStackThread> thread_;
};

}  // namespace portcullis::net
