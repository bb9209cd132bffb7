// The stretches of a log in its order, read by many threads ahead of whoever takes them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "audit/directory_listing.hpp"
#include "audit/stretch.hpp"

namespace portcullis::audit {

// Whoever takes stretches is one of the threads: where the next one is not there yet, he reads one himself.
// So with one thread there is no other, and all goes in turn.
class StretchQueue {
 public:
  // At most so many threads, fewer where the log is small or the system gives no more. Each stretch has so
  // many bytes, and the lines that begin in them. Two stretches a thread are held at a time. With 0 bytes
  // each segment is one stretch of nothing.
  StretchQueue(std::vector<SegmentPath> segments, unsigned threads, std::uint64_t bytes);
  ~StretchQueue();
  StretchQueue(const StretchQueue&) = delete;
  StretchQueue& operator=(const StretchQueue&) = delete;

  // The next one, until the next call; null behind the last. Each segment has at least one, of which `file`
  // says whether it can be read. Throws what a thread threw that read it: std::bad_alloc.
  [[nodiscard]] const Stretch* next();

 private:
  struct Slot {
    Stretch stretch{};
    bool is_done = false;
    std::exception_ptr failure{};
  };

  void start(unsigned threads);
  void work();
  // Null where there is nothing to read, or no room: the mutex is held.
  [[nodiscard]] Slot* claim();
  [[nodiscard]] bool can_claim() const;
  void open_segment();
  static void read(Slot& slot, StretchReader& reader);

  const std::vector<SegmentPath> segments_;
  const std::uint64_t bytes_;

  std::mutex mutex_;
  std::condition_variable room_, done_;
  bool stopped_ = false;
  std::exception_ptr failure_;  // of a thread that could not go on
  // What is claimed next.
  std::size_t segment_ = 0;
  SharedFile file_;  // of that segment; null: not opened yet
  std::uint64_t from_ = 0, file_bytes_ = 0;
  // Stretches are numbered; that of a number is in the slot of that number, modulo how many there are.
  std::uint64_t claimed_ = 0, given_ = 0, released_ = 0;
  std::vector<Slot> slots_;
  StretchReader own_;  // of whoever takes
  std::vector<std::thread> threads_;
};

}  // namespace portcullis::audit
