// Power cuts while four threads append and checkpoints are signed all the time.
//
//   PORTCULLIS_ROUNDS=1000 PORTCULLIS_TEST_SEED=7 unit_audit --gtest_filter=PowerCutLoad.*
//
// What is cut when follows from the seed; which thread comes first does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <thread>

#include "audit/note_read.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

constexpr int kThreads = 4;
constexpr std::uint64_t kRoundsOfADisk = 20;  // then comes a new one: a log grows, and is read as a whole

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

class PowerCutLoad : public ::testing::Test {
 protected:
  struct Promise {
    std::uint64_t index;
    std::string text;       // of a decision
    bool may_wait = false;  // it only reads: promised with what is synced behind it
  };

  LogOptions signing() {
    auto with = options("memory");
    with.segment_bytes = 24 << 10;
    with.queue_bytes = 16 << 10;
    with.key = key_;
    with.checkpoint_interval = std::chrono::milliseconds(0);
    with.checkpointed = [this](const std::string& text, std::uint64_t) {
      const std::scoped_lock lock(mutex_);
      published_.push_back(text);
    };
    if (waits_with_reads_) with.reads_within = std::chrono::milliseconds(2);
    if (newest_) with.known = {{"the newest note that was published", newest_->size, newest_->root}};
    return with;
  }

  // Durable, or false once the log has failed without having made it so.
  static bool wait(const Log& log, std::uint64_t index) {
    while (log.durable() <= index) {
      if (log.failure()) return log.durable() > index;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return true;
  }

  // Up to the last one that was synced before it could be acted on.
  void promise(std::vector<Promise>& waiting, std::uint64_t durable) {
    const auto last = std::find_if(waiting.rbegin(), waiting.rend(),
                                   [&](const auto& one) { return !one.may_wait && one.index < durable; });
    const std::scoped_lock lock(mutex_);
    for (auto one = waiting.begin(); one != last.base(); ++one) promised_[one->index] = std::move(one->text);
    waiting.erase(waiting.begin(), last.base());
  }

  // One session: decisions and their outcomes, the answer to some of which is waited for.
  void work(Log& log, std::uint64_t number, std::uint64_t seed, int entries) {
    std::mt19937_64 random(seed * kThreads + number);
    std::vector<Promise> waiting;
    for (int i = 0; i < entries; ++i) {
      const std::string text = "select " + std::to_string(random()) + std::string(random() % 1'200, 'x');
      DecisionRecord record = decision(text, number);
      record.may_lag = waits_with_reads_ && random() % 2 == 0;
      const auto index = log.append(record);
      if (!index) {
        if (log.failure()) return;
        std::this_thread::yield();  // the queue is full
        continue;
      }
      waiting.push_back({*index, text, record.may_lag});
      if (random() % 4 != 0) {
        OutcomeRecord ended = outcome(*index, number);
        ended.may_lag = record.may_lag;
        const auto end = log.append(ended);
        if (end) waiting.push_back({*end, "", record.may_lag});
      }
      if (random() % 3 != 0 && !wait(log, waiting.back().index)) return;
      promise(waiting, log.durable());
    }
  }

  void live(std::uint64_t seed) {
    auto log = Log::open(signing(), clock_, disk_->storage());
    if (!log) return;  // the disk fails already
    std::vector<std::thread> threads;
    for (std::uint64_t number = 1; number <= kThreads; ++number)
      threads.emplace_back([&, number] { work(**log, number, seed, 12); });
    for (auto& thread : threads) thread.join();
  }

  // Goes on with what is left, and closes it.
  void expect_recovered() {
    take_published();
    auto log = Log::open(signing(), clock_, disk_->storage());
    ASSERT_TRUE(log) << log.error().message;
  }

  void take_published() {
    const std::scoped_lock lock(mutex_);
    const auto key = read_vkey(vkey_text(key_->name, key_->key.public_key())).value();
    for (const auto& text : published_) {
      auto note = read_note(text);
      ASSERT_TRUE(note) << text;
      ASSERT_EQ(is_signed(*note, key), Signed::by_key) << text;
      roots_[note->size] = note->root;
      if (!newest_ || note->size > newest_->size) newest_ = std::move(*note);
    }
    published_.clear();
  }

  // Everything promised stands there, under every root that was published.
  void expect_kept() {
    take_published();
    disk_->copy_to(directory_.path());
    for (const auto& finding : verify(directory_.path()).findings) {
      ASSERT_TRUE(finding.check == "no key" || finding.check == "no anchor")
          << finding.check << " " << finding.index << " " << finding.message;
    }
    Frontier tree;
    ASSERT_TRUE(for_each_entry(directory_.path(), {}, [&](const EntryReader& entry) {
      EXPECT_EQ(entry.index(), tree.size());
      const auto promise = promised_.find(entry.index());
      EXPECT_TRUE(promise == promised_.end() || promise->second == entry.text("text")) << entry.index();
      tree.append(leaf_hash(entry.line()));
      const auto root = roots_.find(tree.size());
      EXPECT_TRUE(root == roots_.end() || root->second == tree.root()) << tree.size();
      return true;
    }));
    ASSERT_GE(tree.size(), promised_.empty() ? 0 : promised_.rbegin()->first + 1);
    ASSERT_TRUE(newest_);
    ASSERT_EQ(newest_->size, tree.size()) << "a closed log is signed whole";
  }

  void run();

  void new_disk() {
    disk_ = std::make_unique<FakeDisk>();
    promised_.clear();
    roots_.clear();
    newest_.reset();
  }

  bool waits_with_reads_ = false;
  std::unique_ptr<FakeDisk> disk_ = std::make_unique<FakeDisk>();
  FixedClock clock_;
  TemporaryDirectory directory_;
  const std::shared_ptr<const NamedKey> key_ =
      std::make_shared<const NamedKey>(portcullis::testing::named_key(1, kOrigin));
  std::mutex mutex_;
  std::vector<std::string> published_;
  std::map<std::uint64_t, std::string> promised_;
  std::map<std::uint64_t, Hash> roots_;  // that were published, by size
  std::optional<Note> newest_;
};

void PowerCutLoad::run() {
  const std::uint64_t rounds = from_environment("PORTCULLIS_ROUNDS", 60);
  const std::uint64_t seed = from_environment("PORTCULLIS_TEST_SEED", 1);
  std::uint64_t promises = 0, notes = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    if (round % kRoundsOfADisk == 0) new_disk();
    std::mt19937 random(static_cast<std::mt19937::result_type>(seed * 1'000'003 + round));
    // A life makes one to three hundred calls: some cuts come before its first entry, some behind its end.
    disk_->fail_at(1 + random() % 300, true);
    const auto before = promised_.size() + roots_.size();
    live(seed * 1'000'003 + round);
    take_published();
    disk_->cut_power(random);
    for (std::uint64_t again = 0; again < random() % 3; ++again) {  // while it recovers, too
      disk_->fail_at(1 + random() % 30, true);
      live(seed * 1'000'003 + round + 500'000 * (again + 1));
      disk_->cut_power(random);
    }
    expect_recovered();
    expect_kept();
    if (::testing::Test::HasFailure()) FAIL() << "round " << round << " of seed " << seed;
    promises += promised_.size();
    notes += roots_.size();
    EXPECT_GE(promised_.size() + roots_.size(), before);
    if ((round + 1) % 250 == 0) std::cerr << round + 1 << " of " << rounds << " power cuts\n";
  }
  EXPECT_GT(promises, rounds);
  EXPECT_GT(notes, rounds);
}

TEST_F(PowerCutLoad, LosesNothingThatWasPromisedOrSigned) {
  run();
}

TEST_F(PowerCutLoad, LosesNothingThatWasPromisedWhereReadsMayWait) {
  waits_with_reads_ = true;
  run();
}

}  // namespace
}  // namespace portcullis::audit
