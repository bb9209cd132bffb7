// Keeps what statements are judged by: reads the database's catalog, binds the policy to it, looks every now
// and then whether the catalog has changed, and does both again. A thread and a connection of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "net/asio_prefix.hpp"
#include "net/server_connection.hpp"
#include "session/basis.hpp"

namespace portcullis::net {

struct CatalogKeeperOptions {
  ServerLogin login;
  std::chrono::milliseconds poll{1'000};
  std::chrono::milliseconds oldest{30'000};
};

class CatalogKeeper final : public session::BasisSource {
 public:
  // `on_change` is called from the keeper's thread whenever current() or answered() may have changed. It,
  // `upstream` and `clock` must outlive the keeper.
  CatalogKeeper(CatalogKeeperOptions options, std::shared_ptr<const policy::PolicySet> policy,
                Upstream& upstream, const base::Clock& clock, std::function<void()> on_change);
  // Ends the thread, whatever it waits for.
  ~CatalogKeeper() override;

  [[nodiscard]] std::shared_ptr<const session::Basis> current() const override;
  [[nodiscard]] std::shared_ptr<const session::Basis> last() const override;
  [[nodiscard]] std::chrono::milliseconds age() const override;
  void begin_change() override;
  void end_change() override;
  std::uint64_t ask_again() override;
  [[nodiscard]] std::uint64_t answered() const override;

  // Blocks until the catalog was read for the first time, at most `longest`.
  void wait_for_first(std::chrono::milliseconds longest);
  // F0000 when the policy protects or denies what the database does not have. A database that was never read
  // may have it.
  [[nodiscard]] base::Result<void> fits(const policy::PolicySet& policy) const;
  // Judges by this policy as soon as it is held against the catalog, which is looked at again.
  void use(std::shared_ptr<const policy::PolicySet> policy);

 private:
  asio::awaitable<void> run();
  asio::awaitable<base::Result<void>> look();
  void watch();
  asio::awaitable<void> pause();
  void publish(std::uint64_t asked);
  [[nodiscard]] bool is_held_up(std::chrono::steady_clock::time_point now) const;
  void bind();
  void report(const base::Result<void>& looked);
  void poke();

  const CatalogKeeperOptions options_;
  const base::Clock& clock_;
  const std::function<void()> on_change_;

  mutable std::mutex mutex_;  // what follows, up to the blank line
  std::condition_variable published_;
  std::shared_ptr<const session::Basis> basis_;
  std::shared_ptr<const policy::PolicySet> policy_;
  std::chrono::steady_clock::time_point
      confirmed_{};  // when the catalog was last known to be what the server has
  std::uint64_t asked_ = 1, answered_ = 0;
  std::uint64_t needed_ = 1;                                // nothing answered before this is good enough
  std::size_t changing_ = 0;                                // changes under way
  std::chrono::steady_clock::time_point changing_until_{};  // and how long they hold everybody up

  // The keeper's thread only.
  asio::io_context context_{1};
  asio::steady_timer pause_{context_};
  asio::steady_timer silence_{context_};  // of a server that is asked something
  std::chrono::milliseconds patience_;    // with it
  ServerConnection connection_;
  std::string candidate_fingerprint_;
  std::shared_ptr<const catalog::Snapshot> candidate_, bound_catalog_;
  std::shared_ptr<const policy::PolicySet> bound_policy_;
  std::shared_ptr<const policy::Bound> bound_;
  std::shared_ptr<const session::Basis> next_basis_;
  // The last look: asking whether anything has changed, and, where it had, reading it all.
  std::chrono::steady_clock::duration asking_took_{}, reading_took_{};
  bool looking_ = false, was_silent_ = false;
  bool failing_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace portcullis::net
