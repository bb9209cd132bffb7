// Brings checkpoints of the audit log to one place outside, in a thread of its own, and knows how far behind
// the place is.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "audit/anchor_progress.hpp"
#include "net/anchor_place.hpp"
#include "portcullis/audit/record.hpp"

namespace portcullis::net {

struct AnchorOptions {
  std::string name;
  enum class Require : std::uint8_t { alert, deny_changes, deny } require = Require::alert;
  std::chrono::milliseconds within{60'000};  // that a checkpoint may take to get there
};

class Anchor {
 public:
  // `record` is called in the anchor's thread when the place has fallen behind, and when it has caught up.
  // False: it could not be recorded, and is told again.
  using Record = std::function<bool(audit::AnchorRecord)>;
  Anchor(AnchorOptions options, std::unique_ptr<AnchorPlace> place, Record record);
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;
  ~Anchor();

  // Any thread. Only the newest checkpoint is brought there: it covers those before.
  void publish(const std::string& note, std::uint64_t size);
  // See session::Evidence. Any thread.
  [[nodiscard]] std::optional<base::Error> objection(bool changes) const;
  // No checkpoint can be signed for the time being, so that none gets there either. Any thread.
  void held_up();
  // To be finished; returns at once.
  void stop();
  // Returns when all is there, or a last try has failed.
  void finish();

 private:
  using Time = audit::AnchorProgress::Time;

  void run();
  void step(std::unique_lock<std::mutex>& lock);
  void bring(std::unique_lock<std::mutex>& lock);
  void note_failure(const std::string& why);
  void tell(std::unique_lock<std::mutex>& lock);
  void note_deadline();
  [[nodiscard]] Time wakes_at() const;

  const AnchorOptions options_;
  const std::unique_ptr<AnchorPlace> place_;
  const Record record_;

  std::mutex mutex_;
  std::condition_variable wake_;
  audit::AnchorProgress progress_;
  std::string note_;
  std::uint64_t size_ = 0;
  Time retry_at_{}, tell_at_{};
  std::chrono::milliseconds pause_{0};
  std::string problem_;  // of the last try
  bool told_behind_ = false, stopping_ = false;
  std::atomic<Time::rep> behind_from_;  // for objection(), which never waits
  std::thread thread_;
};

}  // namespace portcullis::net
