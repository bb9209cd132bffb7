#include "net/anchor.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "base/log.hpp"

namespace portcullis::net {
namespace {

using Clock = std::chrono::steady_clock;
using Require = AnchorOptions::Require;

constexpr std::chrono::milliseconds kFirstPause{500}, kLongestPause{10'000};
constexpr std::chrono::seconds kTellPause{1};
constexpr auto kNever = std::numeric_limits<Clock::rep>::max();

}  // namespace

Anchor::Anchor(AnchorOptions options, std::unique_ptr<AnchorPlace> place, Record record)
    : options_(std::move(options)),
      place_(std::move(place)),
      record_(std::move(record)),
      progress_(options_.within),
      behind_from_(kNever),
      thread_([this] { run(); }) {}

Anchor::~Anchor() {
  finish();
}

void Anchor::publish(const std::string& note, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  note_ = note;
  size_ = size;
  progress_.signed_at(Clock::now(), size);
  note_deadline();
  wake_.notify_one();
}

void Anchor::note_deadline() {
  const auto from = progress_.behind_from();
  behind_from_.store(from ? from->time_since_epoch().count() : kNever, std::memory_order_release);
}

std::optional<base::Error> Anchor::objection(bool changes) const {
  const bool holds_back =
      options_.require == Require::deny || (options_.require == Require::deny_changes && changes);
  if (!holds_back) return std::nullopt;
  if (Clock::now().time_since_epoch().count() <= behind_from_.load(std::memory_order_acquire))
    return std::nullopt;
  return base::Error{
      base::sqlstate::io_error,
      "the audit log's checkpoints do not reach the anchor \"" + options_.name +
          "\", which is required for " +
          (options_.require == Require::deny ? "every statement" : "statements that may change something") +
          ": try again later; the gate's own log says what is wrong"};
}

void Anchor::held_up() {
  const std::scoped_lock lock(mutex_);
  if (progress_.is_held_up()) return;
  progress_.held_up(Clock::now());
  note_deadline();
  wake_.notify_one();
}

void Anchor::stop() {
  const std::scoped_lock lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
}

void Anchor::finish() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void Anchor::run() {
  std::unique_lock lock(mutex_);
  bool tried_last = false;
  while (!stopping_ || (progress_.waits() && !std::exchange(tried_last, true))) {
    // A bug of ours, or a lack of memory, is a try that failed: the gate goes on.
    try {
      step(lock);
    } catch (const std::exception& error) {
      if (!lock.owns_lock()) lock.lock();
      note_failure(std::string("an unexpected error: ") + error.what());
    }
  }
}

void Anchor::step(std::unique_lock<std::mutex>& lock) {
  const auto now = Clock::now();
  if (progress_.waits() && (now >= retry_at_ || stopping_)) {
    bring(lock);
  } else if (const Time at = wakes_at(); at == Time::max()) {
    wake_.wait(lock);
  } else {
    wake_.wait_until(lock, at);
  }
  tell(lock);
}

// A new checkpoint is no reason to try again sooner.
Anchor::Time Anchor::wakes_at() const {
  const Time retry = progress_.waits() ? retry_at_ : Time::max();
  const auto behind = progress_.behind_from();
  if (progress_.is_behind(Clock::now()) != told_behind_) return std::min(retry, tell_at_);
  return behind && !told_behind_ ? std::min(retry, *behind) : retry;
}

void Anchor::bring(std::unique_lock<std::mutex>& lock) {
  const std::string note = note_;
  const std::uint64_t size = size_;
  const auto began = Clock::now();
  lock.unlock();
  const auto put = place_->put(note, size);
  lock.lock();
  if (put) {
    progress_.taken(began, size);
    note_deadline();
    pause_ = {};
    problem_.clear();
    return;
  }
  note_failure(put.error().message);
}

void Anchor::note_failure(const std::string& why) {
  if (problem_.empty()) base::log::warning("anchor \"" + options_.name + "\": " + why + "; tried again");
  problem_ = why;
  pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
  retry_at_ = Clock::now() + pause_;
}

// Changes of state only: each entry is followed by a checkpoint, which comes here again.
void Anchor::tell(std::unique_lock<std::mutex>& lock) {
  const auto now = Clock::now();
  const bool is_behind = progress_.is_behind(now);
  if (is_behind == told_behind_ || now < tell_at_) return;
  audit::AnchorRecord entry{options_.name, is_behind ? "failed" : "restored", problem_, progress_.size()};
  if (is_behind && problem_.empty() && progress_.is_held_up())
    entry.reason = "the disk is too full for the audit log's checkpoints, or too many files are open";
  tell_at_ = now + kTellPause;
  lock.unlock();
  if (is_behind) {
    base::log::error("anchor \"" + entry.name + "\" is behind: " + entry.reason);
  } else {
    base::log::info("anchor \"" + entry.name + "\" has every checkpoint again");
  }
  const bool recorded = record_(std::move(entry));
  lock.lock();
  if (!recorded) return;
  told_behind_ = is_behind;
  tell_at_ = {};
}

}  // namespace portcullis::net
