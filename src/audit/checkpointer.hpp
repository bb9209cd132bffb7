// Signs what the log has made durable, in a thread of its own: a signature and a sync of their own a second
// are nothing that a session should wait for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "audit/note_write.hpp"
#include "audit/notes_file.hpp"
#include "audit/tree.hpp"

namespace portcullis::audit {

// When a checkpoint is due: never without a new entry.
struct CheckpointPolicy {
  std::chrono::milliseconds interval{1'000};  // since the one before
  std::uint64_t entries = 4'096;              // not covered yet
};

struct CheckpointNeeds {
  std::string origin;
  CheckpointPolicy policy;
  std::shared_ptr<const NamedKey> key;
  // Signs the first note too: the key before, whose end no note has covered yet. May be empty.
  std::shared_ptr<const NamedKey> previous_key;
  // Called in the checkpointer's thread with each note that is durable. Quick.
  std::function<void(const std::string& note, std::uint64_t size)> published;
  // Called in the same thread, again and again, while there is no room for the note that is due. May be
  // empty.
  std::function<void()> held_up{};
  // Called in the same thread, once, when a note could not be written: from then on nothing is signed.
  std::function<void(const base::Error& error)> failed;
};

class Checkpointer {
 public:
  // `signed_size` is that of the newest note so far.
  Checkpointer(CheckpointNeeds needs, NotesFile notes, std::uint64_t signed_size);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  ~Checkpointer();  // signs nothing more

  // The writer thread's. `tree`: of entries that are all durable. At once: see DecisionRecord.
  void publish(const Frontier& tree, bool at_once);
  // Returns when the tree that was published last is covered by a durable note, or with the error that ended
  // the signing. While the disk is full, it waits until `give_up` says true.
  [[nodiscard]] base::Result<void> complete(const std::function<bool()>& give_up);
  // Of the newest note that is durable.
  [[nodiscard]] std::uint64_t signed_size();
  // Notes go there from now on. Only behind complete().
  void turn_to(NotesFile notes);
  // complete() without waiting for room, and the end.
  void finish();

 private:
  using Time = std::chrono::steady_clock::time_point;

  void run();
  // When the tree is to be signed; nothing while there is nothing new. Under mutex_.
  [[nodiscard]] std::optional<Time> due() const;
  [[nodiscard]] base::Result<std::string> sign(const TreeHead& head) const;
  [[nodiscard]] base::Result<void> write(const TreeHead& head);
  void stop();

  const CheckpointNeeds needs_;
  // The thread's, and the caller's of turn_to() while the thread has nothing to do.
  NotesFile notes_;
  bool is_first_ = true;

  std::mutex mutex_;
  std::condition_variable wake_, signed_;
  Frontier tree_;
  std::uint64_t signed_size_;
  Time signed_at_{}, retry_at_{};
  bool at_once_ = false, full_ = false, stopping_ = false;
  std::optional<base::Error> failure_;
  std::thread thread_;
};

}  // namespace portcullis::audit
