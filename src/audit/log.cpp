#include "audit/log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <openssl/rand.h>

#include "audit/entry.hpp"
#include "audit/format.hpp"
#include "audit/recover.hpp"
#include "audit/room.hpp"
#include "audit/segment.hpp"
#include "audit/storage.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kMaxListeners = 64;
constexpr std::size_t kMaxBatchBytes = std::size_t{4} << 20;
// For the entries that the log adds of its own accord: `segment`, `heartbeat`, `close`, and the ends of
// sessions.
constexpr std::uint64_t kControlReserve = std::uint64_t{16} << 10;
constexpr std::chrono::milliseconds kRetryWhenFull{250};

std::uint64_t fill_step_for(std::uint64_t segment_bytes) {
  return std::clamp<std::uint64_t>(segment_bytes / 64, std::uint64_t{4} << 10, std::uint64_t{1} << 20);
}

base::Result<std::string> random_boot_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return base::Error{base::sqlstate::internal_error, "no random numbers for the audit log's boot id"};
  }
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// As the name of a C2SP note: what a signature over this log will one day be made under.
base::Result<void> check_origin(const std::string& origin) {
  const bool plain = std::all_of(origin.begin(), origin.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!origin.empty() && origin.size() <= 255 && plain && origin.find_first_of("+#\"\\") == std::string::npos)
    return {};
  return base::Error{base::sqlstate::config_file_error,
                     "\"" + origin +
                         "\" cannot be the audit log's origin: give 1 to 255 ASCII characters without "
                         "spaces, quotes, backslashes, \"+\" and \"#\", such as gate.example.com/shop"};
}

struct Pending {
  Draft draft;
  bool begins_segment = false;
};

// Whether a record may be turned away.
enum class Need : std::uint8_t {
  refusable,  // something can still be kept from happening
  certain,    // it has happened
};

Need need_of(const Record& record) {
  if (std::holds_alternative<OutcomeRecord>(record)) return Need::certain;
  const auto* session = std::get_if<SessionRecord>(&record);
  return session != nullptr && session->event == "end" ? Need::certain : Need::refusable;
}

}  // namespace

// Two sides. Appending threads draft their entry on their own time, then take the lock to get an index and a
// place in the queue: nothing else. The writer thread alone touches files. What both see is under mutex_, or
// atomic.
class Log::Impl {
 public:
  Impl(LogOptions options, const base::Clock& clock, std::unique_ptr<Storage> storage, std::string boot)
      : options_(std::move(options)),
        clock_(clock),
        boot_(std::move(boot)),
        storage_(std::move(storage)),
        writer_(*storage_, fill_step_for(options_.segment_bytes)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  base::Result<void> start();
  void stop();
  base::Result<std::uint64_t> append(const Record& record);
  [[nodiscard]] std::uint64_t durable() const noexcept { return durable_.load(std::memory_order_acquire); }
  [[nodiscard]] std::optional<base::Error> failure() const;
  void listen(std::function<void()> listener);

 private:
  [[nodiscard]] DraftContext context() const { return {options_.origin, clock_.wall(), options_.store_text}; }
  [[nodiscard]] std::uint64_t wanted_ahead() const;

  // Under mutex_.
  [[nodiscard]] base::Result<void> admit(std::uint64_t bytes, std::uint64_t owed, Need need);
  std::uint64_t enqueue(Draft draft);
  void push(Draft draft, bool begins_segment);
  void account(const Record& record, std::uint64_t index, std::uint64_t owed);
  void wake_writer();

  // The writer's.
  void run();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] base::Result<void> drain(std::vector<Pending>& queue);
  [[nodiscard]] base::Result<void> write_batch(Pending* first, Pending* last);
  [[nodiscard]] base::Result<void> fill_or_wait(std::uint64_t bytes);
  [[nodiscard]] base::Result<void> make_room();
  [[nodiscard]] base::Result<void> rotate();
  void fail(const base::Error& error);
  void call_listeners();

  const LogOptions options_;
  const base::Clock& clock_;
  const std::string boot_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Pending> queue_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t next_index_ = 0;
  Room room_;
  OutcomeReserve outcomes_;
  std::optional<std::uint64_t>
      next_secured_;  // of the segment made in advance, until an entry is promised to it
  bool sleeping_ = false;
  bool stopping_ = false;
  bool poked_ = false;  // somebody was refused: try again to find room
  bool full_ = false;   // the last try to find room met a full disk
  std::optional<base::Error> failure_;

  std::atomic<std::uint64_t> durable_{0};
  std::array<std::function<void()>, kMaxListeners> listeners_;
  std::atomic<std::size_t> listener_count_{0};

  std::unique_ptr<Storage> storage_;
  SegmentWriter writer_;
  std::uint64_t write_index_ = 0;
  std::uint64_t batch_ = 0;
  std::uint64_t segment_ = 0;  // counts rotations, as room_.segment does
  Hash leaf_{};
  std::string buffer_;
  std::thread thread_;
};

// --- appending
// -------------------------------------------------------------------------------------------------------

base::Result<std::uint64_t> Log::Impl::append(const Record& record) {
  auto draft = make_draft(record, context());
  if (!draft) return draft.error();
  std::uint64_t owed = 0;
  if (const auto* decision = std::get_if<DecisionRecord>(&record)) {
    const bool has_outcome = decision->verdict == "allow" && decision->message != "Parse";
    if (has_outcome) owed = outcome_bound(*decision, options_.origin);
  }
  const std::scoped_lock lock(mutex_);
  if (auto admitted = admit(line_bound(*draft), owed, need_of(record)); !admitted) return admitted.error();
  const std::uint64_t index = enqueue(std::move(*draft));
  account(record, index, owed);
  return index;
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

void Log::Impl::push(Draft draft, bool begins_segment) {
  const std::uint64_t bytes = line_bound(draft);
  room_.promised += bytes;
  queued_bytes_ += bytes;
  ++next_index_;
  queue_.push_back({std::move(draft), begins_segment});
}

std::uint64_t Log::Impl::enqueue(Draft draft) {
  const std::uint64_t bytes = line_bound(draft);
  const bool too_large = room_.promised + bytes > options_.segment_bytes;
  const bool no_room = room_.left() < bytes + outcomes_.bytes() + kControlReserve;
  if (next_secured_ && (too_large || no_room)) {
    room_ = Room{room_.segment + 1, 0, *std::exchange(next_secured_, std::nullopt)};
    push(segment_draft(context(), boot_), true);
  }
  const std::uint64_t index = next_index_;
  push(std::move(draft), false);
  wake_writer();
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

std::optional<base::Error> Log::Impl::failure() const {
  const std::scoped_lock lock(mutex_);
  return failure_;
}

void Log::Impl::listen(std::function<void()> listener) {
  const std::scoped_lock lock(mutex_);
  const std::size_t count = listener_count_.load(std::memory_order_relaxed);
  if (count == kMaxListeners) return;
  listeners_[count] = std::move(listener);
  listener_count_.store(count + 1, std::memory_order_release);
}

// --- writing
// ---------------------------------------------------------------------------------------------------------

// Everything that may be queued at once must fit in what is secured, and every outcome that is owed.
std::uint64_t Log::Impl::wanted_ahead() const {
  return 2 * options_.queue_bytes + outcomes_.bytes() + kControlReserve;
}

base::Result<void> Log::Impl::start() {
  auto found = recover(*storage_, options_.directory.string(), options_.origin);
  if (!found) return found.error();
  next_index_ = write_index_ = found->state.next_index;
  batch_ = found->state.batch;
  leaf_ = found->state.leaf;
  durable_.store(next_index_, std::memory_order_release);
  if (found->file) {
    writer_.resume(std::move(found->file), found->end);
    room_.promised = found->end;
    if (auto secured = writer_.secure(found->end + wanted_ahead()); !secured) return secured;
    room_.secured = writer_.secured();
  } else {
    if (auto prepared = writer_.prepare_next(wanted_ahead()); !prepared) return prepared;
    room_ = Room{1, 0, writer_.next_secured()};
    push(segment_draft(context(), boot_), true);
  }
  if (!found->closed) push(recovered_draft(context(), found->dropped_bytes), false);
  push(open_draft(context(), boot_, PORTCULLIS_VERSION), false);
  if (auto written = drain(queue_); !written) return written;
  queue_.clear();
  thread_ = std::thread([this] { run(); });
  return {};
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
  // The log is whole without this: the next start cuts what is left behind `close`.
  static_cast<void>(writer_.finish());
}

void Log::Impl::run() {
  std::vector<Pending> work;  // swapped with the queue, so that both keep their memory
  std::unique_lock lock(mutex_);
  for (;;) {
    wait_for_work(lock);
    if (queue_.empty() && stopping_) return;
    poked_ = false;
    work.clear();
    work.swap(queue_);
    lock.unlock();
    auto done = drain(work);
    if (done) done = make_room();
    if (!done) return fail(done.error());
    lock.lock();
  }
}

// Returns with something to do: entries, a request to find room, the end. Adds a heartbeat when it was silent
// for long.
void Log::Impl::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto due = std::chrono::steady_clock::now() + options_.heartbeat;
  const auto work = [this] { return !queue_.empty() || stopping_ || poked_; };
  while (!work()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= due) {
      auto draft = heartbeat_draft(context());
      // On a full disk the reserve is for the outcomes: silence that is not shown by heartbeats is the lesser
      // harm.
      if (!admit(line_bound(draft), 0, Need::refusable)) return;
      enqueue(std::move(draft));
      return;
    }
    sleeping_ = true;
    wake_.wait_until(lock, full_ ? std::min(due, now + kRetryWhenFull) : due, work);
    sleeping_ = false;
    if (full_) return;
  }
}

// Batch by batch. A batch ends before each segment's first entry, and where it would become too large.
base::Result<void> Log::Impl::drain(std::vector<Pending>& queue) {
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
    if (auto written = write_batch(queue.data() + begin, queue.data() + end); !written) return written;
    begin = end;
  }
  return {};
}

base::Result<void> Log::Impl::rotate() {
  ++segment_;
  return writer_.rotate(write_index_);
}

base::Result<void> Log::Impl::write_batch(Pending* first, Pending* last) {
  buffer_.clear();
  std::uint64_t bound = 0;
  ++batch_;
  for (Pending* entry = first; entry != last; ++entry) {
    const std::size_t begin = buffer_.size();
    append_line(buffer_, entry->draft, {write_index_, batch_, entry + 1 == last, leaf_});
    leaf_ = leaf_hash(std::string_view(buffer_).substr(begin));
    buffer_ += '\n';
    bound += line_bound(entry->draft);
    ++write_index_;
    entry->draft = Draft{};
  }
  if (auto filled = fill_or_wait(buffer_.size()); !filled) return filled;
  if (auto written = writer_.commit(buffer_); !written) return written;
  {
    const std::scoped_lock lock(mutex_);
    queued_bytes_ -= bound;
    if (room_.segment == segment_) room_.promised -= bound - buffer_.size();
  }
  if (buffer_.capacity() > 2 * kMaxBatchBytes) buffer_ = {};
  durable_.store(write_index_, std::memory_order_release);
  call_listeners();
  return {};
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

// Allocates ahead of what may come. A full disk is no failure here: admit() refuses while it lasts.
base::Result<void> Log::Impl::make_room() {
  std::uint64_t ahead = 0;
  bool rotating = false;
  {
    const std::scoped_lock lock(mutex_);
    ahead = wanted_ahead();
    rotating = room_.promised > options_.segment_bytes / 2 && !writer_.has_next();
  }
  const std::uint64_t wanted = writer_.end() + ahead;
  auto done = wanted <= writer_.secured() ? base::Result<void>{}
                                          : writer_.secure(wanted + fill_step_for(options_.segment_bytes));
  if (done && rotating) done = writer_.prepare_next(ahead);
  if (!done && done.error().code != base::sqlstate::disk_full) return done;
  const std::scoped_lock lock(mutex_);
  full_ = !done;
  if (room_.segment == segment_) room_.secured = writer_.secured();
  if (done && rotating) next_secured_ = writer_.next_secured();
  return {};
}

void Log::Impl::fail(const base::Error& error) {
  {
    const std::scoped_lock lock(mutex_);
    failure_ = base::Error{error.code, "the audit log failed (" + error.message +
                                           "): nothing is let through until a restart has checked it"};
    queue_.clear();
  }
  call_listeners();
}

void Log::Impl::call_listeners() {
  const std::size_t count = listener_count_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) listeners_[i]();
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

std::uint64_t Log::durable() const noexcept {
  return impl_->durable();
}

std::optional<base::Error> Log::failure() const {
  return impl_->failure();
}

void Log::listen(std::function<void()> listener) {
  impl_->listen(std::move(listener));
}

}  // namespace portcullis::audit
