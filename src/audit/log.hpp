// The append-only log of one gate: a queue, one writer thread, group commit.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "portcullis/audit/record.hpp"

namespace portcullis::audit {

// What the writer needs of a file system, injected so that a test can fail any call or forget unsynced bytes.
class SegmentFile;
class Storage;
struct NamedKey;

// What somebody outside keeps of the log: its tree had this root when it had so many entries.
struct KnownHead {
  std::string name;  // of the place, for messages
  std::uint64_t size = 0;
  std::array<unsigned char, 32> root{};
};

struct LogOptions {
  std::filesystem::path directory;  // made with mode 0700 when absent
  std::string origin;  // names the log in every entry, e.g. "gate.example.com/shop"; set at creation
  std::uint64_t segment_bytes = std::uint64_t{256} << 20;
  // A segment that began longer ago by wall time takes no more entries.
  std::chrono::milliseconds segment_age{std::chrono::hours{24}};
  std::uint64_t queue_bytes = std::uint64_t{64}
                              << 20;  // waiting to be written; above it append() refuses with 53400
  TextMode text = TextMode::plain;    // audit.text
  // With TextMode::sealed: the folder for the keys, made with mode 0700 when absent. See SealingFolder.
  std::filesystem::path sealing_keys{};
  std::chrono::milliseconds heartbeat{60'000};  // an entry `heartbeat` after so long a silence

  // Checkpoints are signed with it, and its name is the origin; without one, there are none.
  std::shared_ptr<const NamedKey> key{};
  // The key that signed until now, where `key` is to take its place.
  std::shared_ptr<const NamedKey> previous_key{};
  // A checkpoint follows an entry after this time, or so many entries, or at once: see
  // DecisionRecord::checkpoint_at_once.
  std::chrono::milliseconds checkpoint_interval{1'000};
  std::uint64_t checkpoint_entries = 4'096;
  // audit.reads: how long the sync of what only reads may wait for more of it; 0: not at all. A crash of the
  // process loses nothing by it, one of the machine what came in this time.
  std::chrono::milliseconds reads_within{0};
  // Called in a thread of the log's with every checkpoint that is durable: quick, and without a call back.
  std::function<void(const std::string& note, std::uint64_t size)> checkpointed{};
  // Called in the same thread, again and again, while the checkpoint that is due cannot be written: the disk
  // is too full, or too many files are open.
  std::function<void()> checkpoint_held_up{};
  // The log must go on from these.
  std::vector<KnownHead> known{};
};

class Log final : public Sink {
 public:
  // Recovers what a crash left (a torn last batch is cut and said in a `recovered` entry), refuses any other
  // damage and a log that is behind its newest checkpoint or behind options.known (58030: run `portcullis
  // audit verify DIR`), refuses a directory that another process has open (flock) and a key that is not the
  // log's (F0000), appends `open`, and starts the writer thread. `clock` must outlive the log.
  [[nodiscard]] static base::Result<std::unique_ptr<Log>> open(LogOptions options, const base::Clock& clock);
  // The same on a file system of the caller's; options.directory then only names it in messages.
  [[nodiscard]] static base::Result<std::unique_ptr<Log>> open(LogOptions options, const base::Clock& clock,
                                                               std::unique_ptr<Storage> storage);
  // Appends `close`, writes everything that waits, syncs, signs, trims the preallocated tail.
  ~Log() override;

  // Beyond what Sink says:
  // 53400 when queue_bytes wait to be written already, or the entry alone is larger than that: decisions,
  // logins,
  //       policies and configurations only; outcomes and ends of sessions are always taken;
  // 53100 for the same records while the disk is full: it ends by itself once there is room. What was
  // allocated in
  //       advance still holds the outcomes of every decision taken before;
  // 53100, 58030 and others where no new keys can be made for texts that are to be sealed, for the same
  // records:
  //       it ends by itself once they can;
  // 54000 when the entry is longer than the format allows (16 MiB).
  [[nodiscard]] base::Result<std::uint64_t> append(Record record) override;
  void write_out() override;
  [[nodiscard]] std::uint64_t durable() const noexcept override;
  [[nodiscard]] std::optional<base::Error> failure() const override;

  // Of the newest note that is durable; nothing where the log is not signed.
  [[nodiscard]] std::optional<std::uint64_t> signed_size() const;

  // Texts that are appended from now on are sealed under keys of a new epoch, unless nothing was sealed under
  // those of the newest; the newest epoch from then on. Errors as those of Sealer::renew(): then the old one
  // goes on. 22023 where texts are not sealed.
  [[nodiscard]] base::Result<std::uint64_t> new_epoch();

  // `listener` is called on the writer's thread after every synced batch and once at failure. It must be
  // quick and must not call back. Register before the first append; at most 64, further ones are not called.
  void listen(std::function<void()> listener);

 private:
  class Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portcullis::audit
