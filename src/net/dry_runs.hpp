// Dry runs for sessions: keeps a warm copy of the database's structure, made anew when that has changed, and
// runs statements in it. A thread of its own, which blocks, so that nobody who needs no dry run waits.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "net/asio_prefix.hpp"
#include "net/shadow_builder.hpp"
#include "session/dry_run_request.hpp"

namespace portcullis::net {

class DryRuns {
 public:
  // Nothing is started before it is needed. Where there can be no copy, `options` says why, and so does
  // every dry run.
  explicit DryRuns(base::Result<ShadowOptions> options);
  // Ends the thread, the copy and its server. Waits for what is under way, which is told to make haste.
  ~DryRuns();
  DryRuns(const DryRuns&) = delete;
  DryRuns& operator=(const DryRuns&) = delete;

  // Whether there can be a copy at all.
  [[nodiscard]] base::Result<void> possible() const;
  // From now on a copy is kept ready. Any thread.
  void keep_ready();

  // Resumes on the caller's own context. `login`: production's, of the agent whose statements they are. An
  // error says why nothing was tried: 58030 and others. What is not there within half a minute is 57P03, and
  // the next statement may find it there.
  asio::awaitable<session::DryRunResult> try_out(ServerLogin login, session::DryRunRequest request,
                                                 std::int32_t server_pid);

 private:
  struct Job;
  using Jobs = std::deque<std::shared_ptr<Job>>;

  [[nodiscard]] bool start_thread();
  void run();
  [[nodiscard]] std::shared_ptr<Job> next_job();
  void look_after_copy();
  [[nodiscard]] session::DryRunResult work_for(const Job* job);
  [[nodiscard]] session::DryRunResult work(const Job& job);
  [[nodiscard]] session::DryRunResult attempt(const Job& job);
  [[nodiscard]] base::Result<void> make_copy();
  [[nodiscard]] base::Error give_up_copy(const std::exception& error);
  [[nodiscard]] base::Result<void> connect();
  [[nodiscard]] base::Result<std::string> fingerprint();

  const base::Result<ShadowOptions> options_;

  std::mutex mutex_;  // what follows, up to the blank line
  std::condition_variable wake_;
  Jobs jobs_;
  std::thread thread_;

  std::atomic<bool> stopping_{false};

  // The thread only.
  std::unique_ptr<ShadowConnection> production_;
  std::unique_ptr<Shadow> shadow_, retired_;
  std::unique_ptr<Sidecar> spare_;
  bool wants_spare_ = false;  // it is tried once for each copy
  std::string fingerprint_;   // of what the copy was made of
  std::chrono::steady_clock::time_point made_at_{}, looked_at_{}, failed_at_{};
  std::chrono::steady_clock::duration making_took_{};
  std::optional<base::Error> failure_;  // of the last attempt to make one
};

}  // namespace portcullis::net
