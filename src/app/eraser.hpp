// The thread of a gate that does what others ask of its audit log: orders that are left in the folder of
// requests, readings that are to be recorded; and what the configuration keeps no longer. Sessions do not
// wait for it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/config.hpp"
#include "app/log_host.hpp"
#include "audit/reading_requests.hpp"
#include "audit/requests.hpp"
#include "base/clock.hpp"

namespace portcullis::app {

class Eraser {
 public:
  // Looks at once, and about once a second; by the clock about once an hour. `needed`: see ErasureOptions.
  // Both must outlive it. What goes wrong is said in the gate's own log and tried again.
  Eraser(const AuditConfig& config, std::chrono::seconds needed, audit::Log& log, const base::Clock& clock);
  Eraser(const Eraser&) = delete;
  Eraser& operator=(const Eraser&) = delete;
  // Ends behind what is being done.
  ~Eraser();

 private:
  void run();
  [[nodiscard]] bool try_to_look();
  void look();
  [[nodiscard]] bool prepare();
  void expire();

  const AuditConfig config_;
  const std::chrono::seconds needed_;
  audit::Log& log_;
  const base::Clock& clock_;
  LogHost host_;
  audit::Requests requests_;
  audit::ReadingRequests readings_;
  std::optional<audit::Erasure> erasure_;
  std::chrono::steady_clock::time_point expires_at_{};
  bool has_complained_ = false;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace portcullis::app
