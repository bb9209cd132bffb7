// Opening the log, and the appending side of it.
#include "audit/log.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <openssl/rand.h>

#include "audit/format.hpp"
#include "audit/log_impl.hpp"
#include "audit/origin.hpp"
#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

base::Result<std::string> random_boot_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return base::Error{base::sqlstate::internal_error, "no random numbers for the audit log's boot id"};
  }
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// What was ordered is not to wait for its signature either.
bool is_signed_at_once(const Record& record) {
  if (const auto* decision = std::get_if<DecisionRecord>(&record)) return decision->checkpoint_at_once;
  return std::holds_alternative<EraseRecord>(record) || std::holds_alternative<HoldRecord>(record) ||
         std::holds_alternative<PruneRecord>(record);
}

base::Result<void> check_origin(const std::string& origin) {
  return check_log_name(origin, "the audit log's origin");
}

}  // namespace

// --- appending
// -------------------------------------------------------------------------------------------------------

base::Result<std::uint64_t> Log::Impl::append(const Record& record) {
  std::uint64_t owed = 0;
  const auto* decision = std::get_if<DecisionRecord>(&record);
  if (decision != nullptr) {
    const bool has_outcome = is_forwarded(decision->verdict) && decision->message != "Parse";
    if (has_outcome) owed = outcome_bound(*decision, options_.origin, options_.text);
  }
  auto draft = draft_of(record, owed);
  if (!draft) return draft.error();
  const Haste haste = haste_of(record);
  std::unique_lock lock(mutex_);
  if (auto admitted = admit(line_bound(*draft), owed, need_of(record)); !admitted) return admitted.error();
  const std::uint64_t index = enqueue(std::move(*draft), haste);
  wake_writer_for(haste);
  account(record, index, owed);
  return index;
}

void Log::Impl::write_out() {
  if (options_.reads_within.count() == 0) return;  // everything waits for the writer
  std::unique_lock lock(mutex_);
  if (queue_.empty()) {
    // Somebody is writing it. Where that is another appending thread, it must be told to tell.
    tell_ = tell_ || writing_;
    return;
  }
  if (may_write_here()) return write_here(lock);
  urgent_ = true;
  wake_writer();
}

Log::Impl::Haste Log::Impl::haste_of(const Record& record) const {
  if (is_signed_at_once(record)) return Haste::checkpoint;
  if (const auto* decision = std::get_if<DecisionRecord>(&record))
    return decision->may_lag && options_.reads_within.count() > 0 ? Haste::none : Haste::synced;
  const auto* outcome = std::get_if<OutcomeRecord>(&record);
  return outcome != nullptr && outcome->may_lag ? Haste::none : Haste::synced;
}

// What will be turned away anyhow, on a full disk say, takes no slot of the keys.
base::Result<Draft> Log::Impl::draft_of(const Record& record, std::uint64_t owed) {
  if (sealer_) {
    const std::scoped_lock lock(mutex_);
    if (auto admitted = admit(kStampBytes, owed, need_of(record)); !admitted) return admitted.error();
  }
  auto draft = make_draft(record, context());
  if (!draft && sealer_) {
    const std::scoped_lock lock(mutex_);
    poked_ = true;  // where it is for want of keys, the writer tries again to make some
    wake_writer();
  }
  return draft;
}

base::Result<std::uint64_t> Log::Impl::new_epoch() {
  if (!sealer_) {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "texts are not sealed in this log: set audit.text to sealed"};
  }
  if (auto renewed = sealer_->renew(synced_, true); !renewed) return renewed.error();
  return sealer_->epoch();
}

Log::Impl::Need Log::Impl::need_of(const Record& record) {
  if (std::holds_alternative<OutcomeRecord>(record)) return Need::certain;
  const auto* session = std::get_if<SessionRecord>(&record);
  return session != nullptr && session->event == "end" ? Need::certain : Need::refusable;
}

base::Result<void> Log::Impl::admit(std::uint64_t bytes, std::uint64_t owed, Need need) {
  if (failure_) return *failure_;
  if (need == Need::certain) return {};
  if (queued_bytes_ + bytes > options_.queue_bytes) {
    return base::Error{
        base::sqlstate::configuration_limit_exceeded,
        "the audit log's queue of " + std::to_string(options_.queue_bytes) + " bytes is full: try again"};
  }
  const std::uint64_t kept = outcomes_.bytes() + owed + kControlReserve;
  if (bytes + kept <= room_.left()) return {};
  if (next_secured_ && bytes + kept <= *next_secured_) return {};
  poked_ = true;
  wake_writer();
  if (full_) {
    return base::Error{base::sqlstate::disk_full,
                       "the audit log's disk is full: make room on \"" + options_.directory.string() + "\""};
  }
  return base::Error{base::sqlstate::configuration_limit_exceeded,
                     "the audit log waits for the disk to allocate room: try again"};
}

// Without memory for it nothing may have changed: an index is given once.
void Log::Impl::make_room_in_queue(std::size_t entries) {
  if (queue_.capacity() - queue_.size() < entries)
    queue_.reserve(std::max(2 * queue_.capacity(), queue_.size() + entries));
}

void Log::Impl::push(Draft&& draft, bool begins_segment, Haste haste) noexcept {
  const std::uint64_t bytes = line_bound(draft);
  room_.promised += bytes;
  queued_bytes_ += bytes;
  ++next_index_;
  urgent_ = urgent_ || haste >= Haste::synced;
  queue_.push_back({std::move(draft), begins_segment, haste == Haste::checkpoint, haste < Haste::synced});
}

std::uint64_t Log::Impl::enqueue(Draft draft, Haste haste) {
  const std::uint64_t bytes = line_bound(draft);
  const bool too_large = room_.promised + bytes > options_.segment_bytes;
  const bool no_room = room_.left() < bytes + outcomes_.bytes() + kControlReserve;
  if (next_secured_ && (too_large || no_room || is_old())) {
    Draft last = heartbeat_draft(context()), first = segment_draft(context(), boot_, key_);
    make_room_in_queue(3);
    // A batch ends in its segment.
    if (options_.reads_within.count() > 0) push(std::move(last), false);
    segment_began_ = clock_.wall();
    room_ = Room{room_.segment + 1, 0, *std::exchange(next_secured_, std::nullopt)};
    push(std::move(first), true);
  }
  make_room_in_queue(1);
  const std::uint64_t index = next_index_;
  push(std::move(draft), false, haste);
  return index;
}

void Log::Impl::account(const Record& record, std::uint64_t index, std::uint64_t owed) {
  if (const auto* decision = std::get_if<DecisionRecord>(&record)) {
    if (owed != 0) outcomes_.keep(decision->session, index, owed);
  } else if (const auto* outcome = std::get_if<OutcomeRecord>(&record)) {
    if (outcome->result != "suspended") outcomes_.release_up_to(outcome->session, outcome->decision);
  } else if (const auto* session = std::get_if<SessionRecord>(&record)) {
    if (session->event == "end") outcomes_.release_session(session->session);
  }
}

// A writer that works looks at the queue again before it sleeps: telling it would cost a system call for
// nothing.
void Log::Impl::wake_writer() {
  if (!std::exchange(sleeping_, false)) return;
  wake_.notify_one();
}

// Who is asleep for long would not see in time that something has come which waits for nobody.
void Log::Impl::wake_writer_for(Haste haste) {
  if (haste >= Haste::synced || !dozing_) wake_writer();
}

// What takes more than a write is the writer's: line feeds ahead, which a disk may have no room for.
bool Log::Impl::may_write_here() const {
  const bool is_due = sync_due_ && std::chrono::steady_clock::now() >= *sync_due_;
  return !writing_ && !urgent_ && !is_due && !stopping_ && !failure_ && writer_.is_filled_for(queued_bytes_);
}

// Whoever appended some of it writes it itself, finds it being written, and says that it waits, or has said
// so before that: what others wait for is urgent.
void Log::Impl::write_here(std::unique_lock<std::mutex>& lock) {
  writing_ = true;
  here_.swap(queue_);
  lock.unlock();
  write_queue_here();
  lock.lock();
  const bool tells = std::exchange(tell_, false);
  stop_writing(here_);
  // The writer finds room before it is short.
  const bool is_ending = room_.promised > options_.segment_bytes / 2 && !next_secured_;
  poked_ = poked_ || is_ending || room_.left() < wanted_ahead() / 2;
  if (!dozing_ || has_work()) wake_writer();
  lock.unlock();
  if (tells) call_listeners();
}

// A batch that was begun and not written leaves nothing to go on from.
void Log::Impl::write_queue_here() {
  try {
    if (const auto done = drain(here_, false); !done) fail(done.error());
  } catch (const std::bad_alloc&) {
    fail_without_memory();
  }
}

std::optional<base::Error> Log::Impl::failure() const {
  const std::scoped_lock lock(mutex_);
  return failure_;
}

std::optional<std::uint64_t> Log::Impl::signed_size() const {
  return checkpointer_ ? std::optional(checkpointer_->signed_size()) : std::nullopt;
}

void Log::Impl::listen(std::function<void()> listener) {
  const std::scoped_lock lock(mutex_);
  const std::size_t count = listener_count_.load(std::memory_order_relaxed);
  if (count == kMaxListeners) return;
  listeners_[count] = std::move(listener);
  listener_count_.store(count + 1, std::memory_order_release);
}

// --- the public class
// ------------------------------------------------------------------------------------------------

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
// Not by destroying impl_: listeners may still ask this object what is durable while the last entries are
// written.
Log::~Log() {
  impl_->stop();
}

base::Result<std::unique_ptr<Log>> Log::open(LogOptions options, const base::Clock& clock) {
  if (auto checked = check_origin(options.origin); !checked) return checked.error();
  auto storage = open_directory(options.directory);
  if (!storage) return storage.error();
  return open(std::move(options), clock, std::move(*storage));
}

base::Result<std::unique_ptr<Log>> Log::open(LogOptions options, const base::Clock& clock,
                                             std::unique_ptr<Storage> storage) {
  if (auto checked = check_origin(options.origin); !checked) return checked.error();
  auto boot = random_boot_id();
  if (!boot) return boot.error();
  auto impl = std::make_unique<Impl>(std::move(options), clock, std::move(storage), std::move(*boot));
  if (auto started = impl->start(); !started) return started.error();
  return std::unique_ptr<Log>(new Log(std::move(impl)));
}

base::Result<std::uint64_t> Log::append(Record record) {
  return impl_->append(record);
}

void Log::write_out() {
  impl_->write_out();
}

std::uint64_t Log::durable() const noexcept {
  return impl_->durable();
}

std::optional<base::Error> Log::failure() const {
  return impl_->failure();
}

std::optional<std::uint64_t> Log::signed_size() const {
  return impl_->signed_size();
}

base::Result<std::uint64_t> Log::new_epoch() {
  return impl_->new_epoch();
}

void Log::listen(std::function<void()> listener) {
  impl_->listen(std::move(listener));
}

}  // namespace portcullis::audit
