// The inside of the log: what appending threads and the writer thread share.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "audit/checkpointer.hpp"
#include "audit/entry.hpp"
#include "audit/log.hpp"
#include "audit/recover.hpp"
#include "audit/room.hpp"
#include "audit/sealer.hpp"
#include "audit/segment.hpp"
#include "audit/storage.hpp"
#include "audit/tree.hpp"

namespace portcullis::audit {

// Two sides. Appending threads draft their entry on their own time, then take the lock to get an index and a
// place in the queue. The writer thread touches files; but what need not be synced is written by the thread
// that appends it, if nobody else is writing: a write takes less than waking another thread. What both see is
// under mutex_, or atomic.
class Log::Impl {
 public:
  Impl(LogOptions options, const base::Clock& clock, std::unique_ptr<Storage> storage, std::string boot)
      : options_(std::move(options)),
        clock_(clock),
        boot_(std::move(boot)),
        storage_(std::move(storage)),
        writer_(*storage_, fill_step()) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  base::Result<void> start();
  void stop();
  base::Result<std::uint64_t> append(const Record& record);
  void write_out();
  [[nodiscard]] std::uint64_t durable() const noexcept { return durable_.load(std::memory_order_acquire); }
  [[nodiscard]] std::optional<base::Error> failure() const;
  [[nodiscard]] std::optional<std::uint64_t> signed_size() const;
  base::Result<std::uint64_t> new_epoch();
  void listen(std::function<void()> listener);

 private:
  static constexpr std::size_t kMaxListeners = 64;
  // How long what nobody waits for lies in the queue.
  static constexpr std::chrono::milliseconds kLinger{2};
  // For the entries that the log adds of its own accord: `segment`, `heartbeat`, `close`, and the ends of
  // sessions.
  static constexpr std::uint64_t kControlReserve = std::uint64_t{16} << 10;

  struct Pending {
    Draft draft;
    bool begins_segment = false;
    bool checkpoint_at_once = false;
    bool may_wait = false;  // with its sync, where reads may
  };
  // Whether a record may be turned away.
  enum class Need : std::uint8_t {
    refusable,  // something can still be kept from happening
    certain,    // it has happened
  };

  [[nodiscard]] DraftContext context() const {
    return {options_.origin, clock_.wall(), options_.text, sealer_.get()};
  }
  [[nodiscard]] std::uint64_t fill_step() const;
  [[nodiscard]] std::uint64_t wanted_ahead() const;
  [[nodiscard]] static Need need_of(const Record& record);

  // Under mutex_.
  [[nodiscard]] base::Result<void> admit(std::uint64_t bytes, std::uint64_t owed, Need need);
  enum class Haste : std::uint8_t {
    none,  // it is written with the next one, by write_out(), or a little later
    synced,
    checkpoint,  // and signed at once
  };
  [[nodiscard]] Haste haste_of(const Record& record) const;
  std::uint64_t enqueue(Draft draft, Haste haste = Haste::synced);
  void make_room_in_queue(std::size_t entries);
  void push(Draft&& draft, bool begins_segment, Haste haste = Haste::synced) noexcept;
  [[nodiscard]] bool is_old() const { return clock_.wall() - segment_began_ >= options_.segment_age; }
  void account(const Record& record, std::uint64_t index, std::uint64_t owed);
  void wake_writer();
  void wake_writer_for(Haste haste);
  [[nodiscard]] bool may_write_here() const;
  void write_here(std::unique_lock<std::mutex>& lock);
  void write_queue_here();

  [[nodiscard]] base::Result<Draft> draft_of(const Record& record, std::uint64_t owed);

  // The start's.
  [[nodiscard]] base::Result<void> begin_sealing();
  [[nodiscard]] base::Result<void> check_names() const;
  [[nodiscard]] base::Result<void> check_keys(const Recovered& found) const;
  [[nodiscard]] base::Result<void> begin_segment(Recovered& found);
  void push_beginning(const Recovered& found);
  [[nodiscard]] base::Result<void> begin_signing(Recovered& found);

  // The writer's: of the one thread that has set writing_.
  void run();
  void write_until_stopped();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool has_work() const;
  void end_batch();
  void stop_writing(std::vector<Pending>& work);
  [[nodiscard]] base::Result<void> drain(std::vector<Pending>& queue, bool tells = true);
  [[nodiscard]] base::Result<void> write_batch(Pending* first, Pending* last, bool tells);
  [[nodiscard]] bool may_wait(const Pending* first, const Pending* last) const;
  [[nodiscard]] base::Result<void> fill_or_wait(std::uint64_t bytes);
  [[nodiscard]] base::Result<void> make_room();
  [[nodiscard]] base::Result<void> rotate();
  [[nodiscard]] base::Result<void> open_notes();
  [[nodiscard]] base::Result<void> open_late_notes();
  void publish(bool at_once);
  void fail(const base::Error& error);
  void fail_without_memory();
  [[nodiscard]] static base::Error failure_by(const base::Error& error);
  void call_listeners();

  const LogOptions options_;
  const base::Clock& clock_;
  const std::string boot_;
  std::unique_ptr<Sealer> sealer_;  // where texts are sealed; fixed once started

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Pending> queue_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t next_index_ = 0;
  Room room_;
  OutcomeReserve outcomes_;
  std::optional<std::uint64_t>
      next_secured_;  // of the segment made in advance, until an entry is promised to it
  std::chrono::system_clock::time_point segment_began_{};  // the one that the next entry goes to
  bool sleeping_ = false;
  bool dozing_ = false;   // sleeping_, and not for longer than kLinger
  bool writing_ = false;  // the writer's members are somebody's
  bool urgent_ = false;   // what is queued waits for the writer
  bool tell_ = false;     // somebody waits for what is being written
  std::optional<std::chrono::steady_clock::time_point> sync_due_;  // of what is written and not synced
  std::vector<Pending> here_;                                      // what an appending thread writes itself
  bool stopping_ = false;
  bool poked_ = false;       // somebody was refused: try again to find room
  bool full_ = false;        // the last try to find room met a full disk
  bool lacks_file_ = false;  // it could not make a file, for want of a descriptor
  std::optional<base::Error> failure_;
  // Made while there was some.
  base::Error no_memory_ = failure_by({base::sqlstate::insufficient_resources, "there was no memory"});
  std::optional<base::Error> unsigned_;  // no checkpoint can be written any more: the writer fails by it
  std::string key_;                      // public, in force for what is enqueued; empty: not signed

  std::atomic<std::uint64_t> durable_{0};
  std::atomic<std::uint64_t> synced_{0};  // where reads may wait, below durable_: what names an epoch of keys
  std::array<std::function<void()>, kMaxListeners> listeners_;
  std::atomic<std::size_t> listener_count_{0};

  std::unique_ptr<Storage> storage_;
  SegmentWriter writer_;
  std::uint64_t write_index_ = 0;
  std::uint64_t batch_ = 0;
  // The batch goes on: what is written of it is not synced since then.
  std::optional<std::chrono::steady_clock::time_point> unsynced_since_;
  bool in_batch_ = false;
  std::map<std::string, std::uint64_t> sequences_;  // decisions of each agent since the start
  std::uint64_t segment_ = 0;                       // counts rotations, as room_.segment does
  Hash leaf_{};
  Frontier tree_;  // of all entries up to write_index_
  std::string buffer_;
  std::unique_ptr<Checkpointer> checkpointer_;
  // The segment that has no file of notes yet, since none could be made: nothing is published meanwhile.
  std::optional<std::uint64_t> notes_due_;
  bool signs_at_once_ = false;
  std::thread thread_;
};

}  // namespace portcullis::audit
