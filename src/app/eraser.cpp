#include "app/eraser.hpp"

#include <exception>
#include <string>

#include "audit/read.hpp"
#include "base/log.hpp"

namespace portcullis::app {
namespace {

constexpr std::chrono::seconds kBetweenLooks{1}, kBehindError{10};
constexpr std::chrono::minutes kBetweenExpiries{60}, kBehindFailure{5};

}  // namespace

Eraser::Eraser(const AuditConfig& config, std::chrono::seconds needed, audit::Log& log,
               const base::Clock& clock)
    : config_(config),
      needed_(needed),
      log_(log),
      clock_(clock),
      host_(log, config.text == audit::TextMode::sealed ? Seals::yes : Seals::no,
            [this] {
              const std::scoped_lock lock(mutex_);
              return !ends_;
            }),
      requests_(config.directory),
      readings_(config.directory) {
  thread_ = std::thread([this] { run(); });
}

Eraser::~Eraser() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Eraser::run() {
  for (;;) {
    const auto pause = try_to_look() ? kBetweenLooks : kBehindError;
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, pause, [this] { return ends_; })) return;
  }
}

// A bug of ours, or a lack of memory, must not end the gate. What was known of the log is read again.
bool Eraser::try_to_look() {
  try {
    look();
    return true;
  } catch (const std::exception& error) {
    erasure_.reset();
    base::log::error(std::string("orders for the audit log met an unexpected error and are tried again: ") +
                     error.what());
    return false;
  }
}

// Nothing is read, of the log or of keys, before there is something to do.
void Eraser::look() {
  if (readings_.any()) {
    for (const auto& said : readings_.look(host_)) base::log::info(audit::on_one_line(said));
  }
  if (requests_.any() && prepare()) {
    for (const auto& said : requests_.look(*erasure_, clock_.steady()))
      base::log::info(audit::on_one_line(said));
  }
  if (!config_.retention.empty() && std::chrono::steady_clock::now() >= expires_at_ && prepare()) expire();
}

bool Eraser::prepare() {
  if (erasure_) return true;
  auto keys = audit::SealingFolder::open(config_.sealing_keys);
  if (keys) {
    erasure_.emplace(audit::ErasureOptions{config_.directory, config_.origin, {}, needed_}, std::move(*keys),
                     host_, clock_);
    return true;
  }
  if (!std::exchange(has_complained_, true))
    base::log::error("nothing can be erased from the audit log: " + keys.error().message);
  return false;
}

void Eraser::expire() {
  const auto said = erasure_->expire();
  expires_at_ = std::chrono::steady_clock::now();
  if (said) {
    expires_at_ += kBetweenExpiries;
  } else {
    expires_at_ += kBehindFailure;
  }
  if (!said) base::log::error("texts that are kept no longer are not erased yet: " + said.error().message);
  if (said && !said->empty()) base::log::info(*said);
}

}  // namespace portcullis::app
