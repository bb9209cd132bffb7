#include "audit/checkpointer.hpp"

#include <algorithm>
#include <utility>

namespace portcullis::audit {
namespace {

constexpr std::chrono::milliseconds kRetryWhenFull{250};

}  // namespace

Checkpointer::Checkpointer(CheckpointNeeds needs, NotesFile notes, std::uint64_t signed_size)
    : needs_(std::move(needs)),
      notes_(std::move(notes)),
      signed_size_(signed_size),
      signed_at_(std::chrono::steady_clock::now()),
      thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  stop();
}

void Checkpointer::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::publish(const Frontier& tree, bool at_once) {
  const std::scoped_lock lock(mutex_);
  const auto before = due();
  tree_ = tree;
  at_once_ = at_once_ || at_once;
  // It sleeps until `before`.
  if (const auto now = due(); now && (!before || *now < *before)) wake_.notify_one();
}

base::Result<void> Checkpointer::complete(const std::function<bool()>& give_up) {
  std::unique_lock lock(mutex_);
  at_once_ = true;
  wake_.notify_one();
  const auto done = [&] { return failure_ || signed_size_ >= tree_.size(); };
  while (!signed_.wait_for(lock, kRetryWhenFull, done)) {
    if (full_ && give_up())
      return base::Error{base::sqlstate::disk_full, "there is no room for the audit log's checkpoints"};
  }
  if (failure_) return *failure_;
  return {};
}

void Checkpointer::turn_to(NotesFile notes) {
  const std::scoped_lock lock(mutex_);
  // What is reserved behind the last note is given back; where that fails, it is seen at the next start.
  static_cast<void>(notes_.finish());
  notes_ = std::move(notes);
}

void Checkpointer::finish() {
  static_cast<void>(complete([] { return true; }));
  stop();
  static_cast<void>(notes_.finish());
}

std::optional<Checkpointer::Time> Checkpointer::due() const {
  if (failure_ || tree_.size() <= signed_size_) return std::nullopt;
  const bool now = at_once_ || tree_.size() - signed_size_ >= needs_.policy.entries;
  return std::max(retry_at_, now ? Time{} : signed_at_ + needs_.policy.interval);
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto at = due();
    if (!at) {
      wake_.wait(lock);
      continue;
    }
    if (std::chrono::steady_clock::now() < *at) {
      wake_.wait_until(lock, *at);
      continue;
    }
    at_once_ = false;
    const TreeHead head{tree_.size(), tree_.root()};
    lock.unlock();
    const auto written = write(head);
    lock.lock();
    signed_at_ = std::chrono::steady_clock::now();
    full_ = !written && written.error().code == base::sqlstate::disk_full;
    if (written) {
      signed_size_ = head.size;
    } else if (full_) {
      at_once_ = true;
      retry_at_ = signed_at_ + kRetryWhenFull;
    } else {
      failure_ = written.error();
    }
    signed_.notify_all();
  }
}

base::Result<std::string> Checkpointer::sign(const TreeHead& head) const {
  std::vector<const NamedKey*> keys{needs_.key.get()};
  if (is_first_ && needs_.previous_key) keys.push_back(needs_.previous_key.get());
  return signed_note(needs_.origin, head, keys);
}

base::Result<void> Checkpointer::write(const TreeHead& head) {
  const auto note = sign(head);
  auto done = note ? notes_.append(*note) : base::Result<void>(note.error());
  if (done) {
    is_first_ = false;
    if (needs_.published) needs_.published(*note, head.size);
  } else if (done.error().code == base::sqlstate::disk_full) {
    if (needs_.held_up) needs_.held_up();
  } else if (needs_.failed) {
    needs_.failed(done.error());
  }
  return done;
}

std::uint64_t Checkpointer::signed_size() {
  const std::scoped_lock lock(mutex_);
  return signed_size_;
}

}  // namespace portcullis::audit
