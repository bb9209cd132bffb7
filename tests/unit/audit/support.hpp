// What the tests of the log share: a clock, a directory, records, a disk that forgets, a forger of logs.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "audit/entry.hpp"
#include "audit/log.hpp"
#include "audit/note_write.hpp"
#include "audit/storage.hpp"
#include "audit/tree.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit::testing {

inline constexpr const char* kOrigin = "audit.example.com/pg-prod-1";

class FixedClock final : public base::Clock {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::time_point(std::chrono::microseconds(micros.load()));
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override { return {}; }
  std::atomic<std::int64_t> micros{1'790'000'000'000'000};
};

// Removed with all it holds at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_bytes(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, std::string_view bytes);

[[nodiscard]] DecisionRecord decision(const std::string& text, std::uint64_t session = 1);
[[nodiscard]] EffectTraits all_traits();  // every one of them
[[nodiscard]] OutcomeRecord outcome(std::uint64_t decision, std::uint64_t session = 1,
                                    std::string result = "ok");
[[nodiscard]] SessionRecord session(const std::string& event, std::uint64_t session = 1);
[[nodiscard]] LogOptions options(const std::filesystem::path& directory);

// Waits, at most a minute, until everything below `index` is durable or the log has failed.
[[nodiscard]] bool wait_durable(const Log& log, std::uint64_t index);

// A disk in memory. Names and bytes are durable only once synced; a power cut keeps of the rest what it
// likes.
class FakeDisk {
 public:
  [[nodiscard]] std::unique_ptr<Storage> storage();

  // From the call with this number on (from 1; 0: never), calls fail: that one only, or with `dead` every
  // later one too.
  void fail_at(std::uint64_t call, bool dead, base::SqlState code = base::sqlstate::io_error);
  [[nodiscard]] std::uint64_t calls() const;
  // Too many open files: of the calls that need a descriptor, list(), create() and open(), so many fail from
  // the one with this number on (from 1; 0: none).
  void lack_descriptors(std::uint64_t from, std::uint64_t count = UINT64_MAX);
  [[nodiscard]] std::uint64_t opening_calls() const;  // since then
  // How many bytes may be reserved or written in all.
  void set_capacity(std::uint64_t bytes);
  // Forgets what was not synced: of each unsynced write a random choice of its sectors remains, of the
  // changes to the directory a random beginning. Ends every failure.
  void cut_power(std::mt19937& random);
  // A durable file, in place of all others.
  void hold(const std::string& name, std::string bytes);
  // One more.
  void add(const std::string& name, std::string bytes);
  [[nodiscard]] std::string bytes_of(const std::string& name) const;
  // What a reader sees now.
  void copy_to(const std::filesystem::path& directory) const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  friend class FakeFile;
  friend class FakeStorage;
  struct Change {
    bool truncate = false;
    std::uint64_t at = 0;
    std::string bytes{};
  };
  struct Node {
    std::string now, durable;
    std::vector<Change> unsynced;
    std::uint64_t reserved = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  [[nodiscard]] base::Result<void> called();
  [[nodiscard]] base::Result<void> called_to_open();
  [[nodiscard]] bool has_room(const Node& node, std::uint64_t end) const;
  void change_names(Names names);

  mutable std::mutex mutex_;
  Names names_;
  std::vector<Names> name_history_{{}};  // the durable names, then each state since
  std::uint64_t calls_ = 0, fail_at_ = 0;
  std::uint64_t openings_ = 0, lacks_from_ = 0, lacks_ = 0;
  bool dead_ = false;
  base::SqlState code_ = base::sqlstate::io_error;
  std::uint64_t capacity_ = UINT64_MAX;
};

// Writes lines that the log itself would not write, with a chain that holds.
// Of a Forger's log.
inline constexpr std::chrono::milliseconds kHeartbeat{60'000};

class Forger {
 public:
  explicit Forger(std::string origin = kOrigin) : origin_(std::move(origin)) {}
  Forger& add(const Draft& draft, bool ends_batch = true);
  Forger& add(const Record& record, bool ends_batch = true);
  // As if so many decisions of the agent had been left out before it.
  Forger& leave_out(const std::string& agent, std::uint64_t decisions) {
    sequences_[agent] += decisions;
    return *this;
  }
  // As if the tree of the entries before were another one.
  Forger& change_tree(const Frontier& tree) {
    tree_ = tree;
    return *this;
  }
  Forger& start(const std::string& key = {});  // segment and open
  [[nodiscard]] DraftContext context() const;
  // A note of all entries so far, as it stands in a file of notes but for the empty line behind it; and the
  // same put behind the segment's notes.
  [[nodiscard]] std::string note(const std::vector<const NamedKey*>& keys) const;
  Forger& sign(const std::vector<const NamedKey*>& keys);
  [[nodiscard]] TreeHead head() const { return {index_, tree_.root()}; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] const std::string& notes() const { return notes_; }
  [[nodiscard]] std::uint64_t next_index() const { return index_; }
  void begin_segment();
  // The segment, and its notes where there are any.
  void save(const std::filesystem::path& directory, std::uint64_t first_index = 0) const;
  std::int64_t micros = 1'790'000'000'000'000;  // the time of the next entry

 private:
  std::string origin_, bytes_, notes_;
  std::uint64_t index_ = 0, batch_ = 0;
  bool in_batch_ = false;
  std::map<std::string, std::uint64_t> sequences_;
  Hash leaf_{};
  Frontier tree_;
};

[[nodiscard]] std::string explain(const VerifyReport& report);

// verify() of a log that nobody signs, without its finding that nobody does: what is left is what the entries
// say. Fails the test where that finding is missing of a log that was read to its end.
[[nodiscard]] VerifyReport verify_entries(
    const std::filesystem::path& directory,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace portcullis::audit::testing
