// The writer's side of the log: batches, segments, room made in advance.
#include <algorithm>
#include <new>
#include <utility>

#include "audit/format.hpp"
#include "audit/log_impl.hpp"
#include "audit/recover.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMaxBatchBytes = std::size_t{4} << 20;
constexpr std::chrono::milliseconds kRetryWhenFull{250};

// Of making a file: nothing has changed, and it can be tried again.
bool may_pass(const base::Error& error) {
  return error.code == base::sqlstate::disk_full || error.code == base::sqlstate::insufficient_resources;
}

}  // namespace

std::uint64_t Log::Impl::fill_step() const {
  return std::clamp<std::uint64_t>(options_.segment_bytes / 64, std::uint64_t{4} << 10,
                                   std::uint64_t{1} << 20);
}

// Everything that may be queued at once must fit in what is secured, and every outcome that is owed.
std::uint64_t Log::Impl::wanted_ahead() const {
  return 2 * options_.queue_bytes + outcomes_.bytes() + kControlReserve;
}

void Log::Impl::stop() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    if (!failure_) enqueue(close_draft(context()));
    stopping_ = true;
    wake_writer();
  }
  thread_.join();
  if (failure_) return;
  // What is not signed now, the next start signs.
  static_cast<void>(open_late_notes());
  if (checkpointer_) checkpointer_->finish();
  // The log is whole without this: the next start cuts what is left behind `close`.
  static_cast<void>(writer_.finish());
}

// Without memory the log has failed, and the gate goes on refusing.
void Log::Impl::run() {
  try {
    write_until_stopped();
  } catch (const std::bad_alloc&) {
    fail_without_memory();
  }
}

void Log::Impl::write_until_stopped() {
  std::vector<Pending> work;  // swapped with the queue, so that both keep their memory
  std::unique_lock lock(mutex_);
  for (;;) {
    wait_for_work(lock);
    if (failure_) return;
    if (unsigned_) {
      lock.unlock();
      return fail(*unsigned_);
    }
    if (queue_.empty() && stopping_) return;
    poked_ = urgent_ = false;
    writing_ = true;
    work.swap(queue_);
    lock.unlock();
    auto done = drain(work);
    if (done) done = make_room();
    if (!done) return fail(done.error());
    // Where it fails, append() says so once the old keys do not serve any more.
    if (sealer_) static_cast<void>(sealer_->renew(synced_));
    lock.lock();
    stop_writing(work);
  }
}

// Under mutex_.
void Log::Impl::stop_writing(std::vector<Pending>& work) {
  work.clear();
  writing_ = false;
  tell_ = false;
  sync_due_.reset();
  if (unsynced_since_) sync_due_ = *unsynced_since_ + options_.reads_within;
}

bool Log::Impl::has_work() const {
  return !writing_ && (urgent_ || stopping_ || poked_ || unsigned_ || failure_);
}

// Returns with something to do: entries, a request to find room, the end. Adds a heartbeat when it was silent
// for long, or when what waits for its sync has waited long enough: a batch ends with an entry.
void Log::Impl::wait_for_work(std::unique_lock<std::mutex>& lock) {
  using Clock = std::chrono::steady_clock;
  const auto silent = Clock::now() + options_.heartbeat;
  // What nobody waits for is looked for after a while, once: behind that its appender says so.
  auto glance = Clock::now() + kLinger;
  bool has_glanced = false;
  while (!has_work()) {
    const auto now = Clock::now();
    const auto due = std::min(silent, sync_due_.value_or(silent));
    if (!writing_ && now >= due) return end_batch();
    if (now >= glance) {
      if (!writing_ && !queue_.empty()) return;
      has_glanced = queue_.empty();
      glance = now + kLinger;
    }
    dozing_ = !has_glanced;
    sleeping_ = true;
    // Who is writing will look what is due.
    const auto next = writing_ ? std::max(due, now + kLinger) : due;
    const auto until = std::min(next, has_glanced ? silent : glance);
    wake_.wait_until(lock, full_ || lacks_file_ ? std::min(until, now + kRetryWhenFull) : until);
    const bool is_woken = !std::exchange(sleeping_, false);
    dozing_ = false;
    if (is_woken) {
      has_glanced = false;
      glance = Clock::now() + kLinger;
    }
    if ((full_ || lacks_file_) && !writing_) return;
  }
}

void Log::Impl::end_batch() {
  if (!queue_.empty()) return;
  auto draft = heartbeat_draft(context());
  // On a full disk the reserve is for the outcomes: silence that is not shown by heartbeats is the lesser
  // harm. What ends a batch has room in it: decisions, which begin it, are not taken where that is short.
  if (!sync_due_ && !admit(line_bound(draft), 0, Need::refusable)) return;
  enqueue(std::move(draft));
}

// Batch by batch. A batch ends before each segment's first entry, and where it would become too large.
base::Result<void> Log::Impl::drain(std::vector<Pending>& queue, bool tells) {
  for (std::size_t begin = 0; begin < queue.size();) {
    std::size_t end = begin;
    std::size_t bytes = 0;
    do {
      bytes += line_bound(queue[end++].draft);
    } while (end < queue.size() && !queue[end].begins_segment &&
             bytes + line_bound(queue[end].draft) <= kMaxBatchBytes);
    if (queue[begin].begins_segment) {
      if (auto rotated = rotate(); !rotated) return rotated;
    }
    if (auto written = write_batch(queue.data() + begin, queue.data() + end, tells); !written) return written;
    begin = end;
  }
  return {};
}

// Behind a segment that another one follows, everything is signed.
base::Result<void> Log::Impl::rotate() {
  if (notes_due_) {  // make_room() prepares no segment then
    return base::Error{base::sqlstate::internal_error,
                       "a segment was to end before it had its notes: report this"};
  }
  ++segment_;
  const auto is_ending = [this] {
    const std::scoped_lock lock(mutex_);
    return stopping_;
  };
  if (checkpointer_) {
    if (auto done = checkpointer_->complete(is_ending); !done) return done;
  }
  if (auto rotated = writer_.rotate(write_index_); !rotated || !checkpointer_) return rotated;
  notes_due_ = write_index_;
  const auto opened = open_notes();
  return opened || may_pass(opened.error()) ? base::Result<void>{} : opened;
}

// The file of notes of the segment that has begun. Where it has to wait, entries go on, and are signed later.
base::Result<void> Log::Impl::open_notes() {
  auto notes = make_notes(*storage_, *notes_due_);
  if (!notes) {
    if (options_.checkpoint_held_up) options_.checkpoint_held_up();
    return notes.error();
  }
  checkpointer_->turn_to(NotesFile(std::move(*notes)));
  notes_due_.reset();
  return {};
}

base::Result<void> Log::Impl::open_late_notes() {
  if (!notes_due_) return {};
  if (auto opened = open_notes(); !opened) return opened;
  signs_at_once_ = true;
  if (!in_batch_) publish(true);  // else the batch's end does
  return {};
}

void Log::Impl::publish(bool at_once) {
  signs_at_once_ = signs_at_once_ || at_once;
  if (checkpointer_ && !notes_due_) checkpointer_->publish(tree_, std::exchange(signs_at_once_, false));
}

base::Result<void> Log::Impl::write_batch(Pending* first, Pending* last, bool tells) {
  buffer_.clear();
  std::uint64_t bound = 0;
  bool at_once = false;
  const bool ends = !may_wait(first, last);
  if (!in_batch_) ++batch_;
  in_batch_ = !ends;
  for (Pending* entry = first; entry != last; ++entry) {
    const std::size_t begin = buffer_.size();
    const bool is_decision = entry->draft.sequence_at != 0;
    append_line(buffer_, entry->draft,
                {write_index_, batch_, ends && entry + 1 == last, leaf_,
                 is_decision ? ++sequences_[entry->draft.agent] : 0, tree_.hashes()});
    leaf_ = leaf_hash(std::string_view(buffer_).substr(begin));
    tree_.append(leaf_);
    buffer_ += '\n';
    bound += line_bound(entry->draft);
    at_once = at_once || entry->checkpoint_at_once;
    ++write_index_;
    entry->draft = Draft{};
  }
  if (auto filled = fill_or_wait(buffer_.size()); !filled) return filled;
  if (auto written = ends ? writer_.commit(buffer_) : writer_.write(buffer_); !written) return written;
  if (ends) {
    unsynced_since_.reset();
    synced_ = write_index_;
  }
  if (!ends && !unsynced_since_) unsynced_since_ = std::chrono::steady_clock::now();
  {
    const std::scoped_lock lock(mutex_);
    queued_bytes_ -= bound;
    if (room_.segment == segment_) room_.promised -= bound - buffer_.size();
  }
  if (buffer_.capacity() > 2 * kMaxBatchBytes) buffer_ = {};
  durable_.store(write_index_, std::memory_order_release);
  if (tells) call_listeners();
  if (ends) publish(at_once);
  return {};
}

// What only reads goes on at once, and is synced with what comes in the same time.
bool Log::Impl::may_wait(const Pending* first, const Pending* last) const {
  const auto now = std::chrono::steady_clock::now();
  const bool is_due = unsynced_since_ && now >= *unsynced_since_ + options_.reads_within;
  return options_.reads_within.count() > 0 && !is_due &&
         std::all_of(first, last, [](const Pending& entry) { return entry.may_wait; });
}

// The room was promised, so this waits only where the file system did not keep its promise, or where an
// outcome was larger than foreseen. Nothing is lost while it waits, and nothing that was not durable is
// acknowledged.
base::Result<void> Log::Impl::fill_or_wait(std::uint64_t bytes) {
  for (;;) {
    auto filled = writer_.fill(bytes);
    if (filled || filled.error().code != base::sqlstate::disk_full) return filled;
    std::unique_lock lock(mutex_);
    full_ = true;
    if (stopping_ || !thread_.joinable()) return filled;
    wake_.wait_for(lock, kRetryWhenFull, [this] { return stopping_; });
  }
}

// Allocates ahead of what may come. A full disk is no failure here: admit() refuses while it lasts. Nor is it
// that no descriptor is left for another file: the segment goes on growing until there is one.
base::Result<void> Log::Impl::make_room() {
  std::uint64_t ahead = 0;
  bool rotating = false;
  {
    const std::scoped_lock lock(mutex_);
    ahead = wanted_ahead();
    const bool is_ending = room_.promised > options_.segment_bytes / 2 || is_old();
    rotating = is_ending && !writer_.has_next();
  }
  const std::uint64_t wanted = writer_.end() + ahead;
  auto done = wanted <= writer_.secured() ? base::Result<void>{} : writer_.secure(wanted + fill_step());
  if (done) done = open_late_notes();
  if (done && rotating) done = writer_.prepare_next(ahead);
  if (!done && !may_pass(done.error())) return done;
  const std::scoped_lock lock(mutex_);
  full_ = !done && done.error().code == base::sqlstate::disk_full;
  lacks_file_ = !done && !full_;
  if (room_.segment == segment_) room_.secured = writer_.secured();
  if (done && rotating) next_secured_ = writer_.next_secured();
  return {};
}

base::Error Log::Impl::failure_by(const base::Error& error) {
  return {error.code, "the audit log failed (" + error.message +
                          "): nothing is let through until a restart has checked it"};
}

void Log::Impl::fail(const base::Error& error) {
  base::Error failure = failure_by(error);
  {
    const std::scoped_lock lock(mutex_);
    failure_ = std::move(failure);
    queue_.clear();
  }
  call_listeners();
}

void Log::Impl::fail_without_memory() {
  {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::move(no_memory_);
    queue_.clear();
  }
  call_listeners();
}

void Log::Impl::call_listeners() {
  const std::size_t count = listener_count_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) listeners_[i]();
}

}  // namespace portcullis::audit
