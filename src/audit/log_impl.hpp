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
// place in the queue: nothing else. The writer thread alone touches files. What both see is under mutex_, or
// atomic.
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
  [[nodiscard]] std::uint64_t durable() const noexcept { return durable_.load(std::memory_order_acquire); }
  [[nodiscard]] std::optional<base::Error> failure() const;
  base::Result<std::uint64_t> new_epoch();
  void listen(std::function<void()> listener);

 private:
  static constexpr std::size_t kMaxListeners = 64;
  // For the entries that the log adds of its own accord: `segment`, `heartbeat`, `close`, and the ends of
  // sessions.
  static constexpr std::uint64_t kControlReserve = std::uint64_t{16} << 10;

  struct Pending {
    Draft draft;
    bool begins_segment = false;
    bool checkpoint_at_once = false;
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
  std::uint64_t enqueue(Draft draft, bool checkpoint_at_once = false);
  void push(Draft draft, bool begins_segment, bool checkpoint_at_once = false);
  [[nodiscard]] bool is_old() const { return clock_.wall() - segment_began_ >= options_.segment_age; }
  void account(const Record& record, std::uint64_t index, std::uint64_t owed);
  void wake_writer();

  [[nodiscard]] base::Result<Draft> draft_of(const Record& record, std::uint64_t owed);

  // The start's.
  [[nodiscard]] base::Result<void> begin_sealing();
  [[nodiscard]] base::Result<void> check_names() const;
  [[nodiscard]] base::Result<void> check_keys(const Recovered& found) const;
  [[nodiscard]] base::Result<void> begin_segment(Recovered& found);
  void push_beginning(const Recovered& found);
  [[nodiscard]] base::Result<void> begin_signing(Recovered& found);

  // The writer's.
  void run();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] base::Result<void> drain(std::vector<Pending>& queue);
  [[nodiscard]] base::Result<void> write_batch(Pending* first, Pending* last);
  [[nodiscard]] base::Result<void> fill_or_wait(std::uint64_t bytes);
  [[nodiscard]] base::Result<void> make_room();
  [[nodiscard]] base::Result<void> rotate();
  void publish(bool at_once);
  void fail(const base::Error& error);
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
  bool stopping_ = false;
  bool poked_ = false;  // somebody was refused: try again to find room
  bool full_ = false;   // the last try to find room met a full disk
  std::optional<base::Error> failure_;
  std::optional<base::Error> unsigned_;  // no checkpoint can be written any more: the writer fails by it
  std::string key_;                      // public, in force for what is enqueued; empty: not signed

  std::atomic<std::uint64_t> durable_{0};
  std::array<std::function<void()>, kMaxListeners> listeners_;
  std::atomic<std::size_t> listener_count_{0};

  std::unique_ptr<Storage> storage_;
  SegmentWriter writer_;
  std::uint64_t write_index_ = 0;
  std::uint64_t batch_ = 0;
  std::map<std::string, std::uint64_t> sequences_;  // decisions of each agent since the start
  std::uint64_t segment_ = 0;                       // counts rotations, as room_.segment does
  Hash leaf_{};
  Frontier tree_;  // of all entries up to write_index_
  std::string buffer_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::thread thread_;
};

}  // namespace portcullis::audit
