// Checkpoints as the log writes them, and what a start makes of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "audit/format.hpp"
#include "audit/log.hpp"
#include "audit/note_read.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using std::filesystem::path;

std::shared_ptr<const NamedKey> shared_key(unsigned char byte, std::string_view name = kOrigin) {
  return std::make_shared<const NamedKey>(portcullis::testing::named_key(byte, name));
}

VerifierKey public_key(const NamedKey& key) {
  return read_vkey(vkey_text(key.name, key.key.public_key())).value();
}

class Checkpoints : public ::testing::Test {
 protected:
  LogOptions with_key(unsigned char byte = 1) {
    auto with = options(directory_.path());
    with.key = shared_key(byte);
    with.checkpoint_interval = std::chrono::milliseconds(0);
    return with;
  }
  std::unique_ptr<Log> open(const LogOptions& with) {
    auto log = Log::open(with, clock_);
    EXPECT_TRUE(log) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }
  std::string refusal(const LogOptions& with) {
    auto log = Log::open(with, clock_);
    return log ? "" : log.error().message;
  }
  std::vector<path> files(std::string_view suffix) {
    std::vector<path> found;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path()))
      if (file.path().string().ends_with(suffix)) found.push_back(file.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::vector<Note> notes_of(const path& file) {
    std::vector<Note> notes;
    const std::string bytes = read_bytes(file);
    for (std::size_t begin = 0; begin < bytes.size();) {
      const auto blank = bytes.find("\n\n", begin);
      const auto end = bytes.find("\n\n", blank + 2);
      const auto note = read_note(std::string_view(bytes).substr(begin, end + 1 - begin));
      EXPECT_TRUE(note) << note.error().message;
      if (!note) return notes;
      notes.push_back(*note);
      begin = end + 2;
    }
    return notes;
  }
  std::vector<Note> notes() {
    std::vector<Note> all;
    for (const auto& file : files(".notes")) {
      const auto more = notes_of(file);
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }
  // The roots of the log at every size.
  std::vector<Hash> roots() {
    Frontier tree;
    std::vector<Hash> found{tree.root()};
    EXPECT_TRUE(for_each_entry(directory_.path(), {}, [&](const EntryReader& entry) {
      tree.append(leaf_hash(entry.line()));
      found.push_back(tree.root());
      return true;
    }));
    return found;
  }
  void expect_all_true(const NamedKey& key) {
    const auto all = notes();
    const auto root = roots();
    std::uint64_t before = 0;
    for (const Note& note : all) {
      EXPECT_GT(note.size, before);
      before = note.size;
      EXPECT_EQ(note.origin, kOrigin);
      EXPECT_EQ(is_signed(note, public_key(key)), Signed::by_key);
      ASSERT_LT(note.size, root.size());
      EXPECT_EQ(note.root, root[note.size]);
    }
    EXPECT_EQ(before, root.size() - 1) << "a closed log is covered whole";
  }
  // A life with so many entries of 1,000 bytes.
  void live(const LogOptions& with, int entries) {
    auto log = open(with);
    for (int i = 0; i < entries; ++i)
      ASSERT_TRUE(wait_durable(*log, *log->append(decision("select '" + std::string(1'000, 'x') + "'")) + 1));
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
};

TEST_F(Checkpoints, CoverEveryEntryOfAClosedLog) {
  live(with_key(), 20);
  EXPECT_GT(notes().size(), 1u);
  expect_all_true(*shared_key(1));
}

TEST_F(Checkpoints, FollowAfterTheIntervalWithoutFurtherEntries) {
  auto with = with_key();
  with.checkpoint_interval = std::chrono::milliseconds(50);
  std::atomic<std::uint64_t> published{0};
  with.checkpointed = [&](const std::string& note, std::uint64_t size) {
    EXPECT_TRUE(read_note(note));
    published = size;
  };
  auto log = open(with);
  const auto last = *log->append(decision("select 1"));
  for (int i = 0; i < 5'000 && published <= last; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(published, last + 1);
}

TEST_F(Checkpoints, FollowAtOnceWhereTheyMustAndNotElse) {
  auto with = with_key();
  with.checkpoint_interval = std::chrono::hours(1);
  with.checkpoint_entries = 10;
  std::atomic<std::uint64_t> published{0};
  with.checkpointed = [&](const std::string&, std::uint64_t size) { published = size; };
  const auto wait_for = [&](std::uint64_t size) {
    for (int i = 0; i < 5'000 && published < size; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return published >= size;
  };
  auto log = open(with);
  ASSERT_TRUE(wait_for(2)) << "the start";
  ASSERT_TRUE(wait_durable(*log, *log->append(decision("select 1")) + 1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(published, 2u);
  auto change = decision("alter table app.orders add column note text");
  change.checkpoint_at_once = true;
  EXPECT_TRUE(wait_for(*log->append(change) + 1));
  const std::uint64_t before = published;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(log->append(decision("select 1")));
  EXPECT_TRUE(wait_for(before + 10)) << "as many as checkpoint_entries";
}

TEST_F(Checkpoints, CoverASegmentBeforeTheNextOneBegins) {
  auto with = with_key();
  with.segment_bytes = 32 << 10;
  with.checkpoint_interval = std::chrono::hours(1);
  live(with, 120);
  const auto segments = files(".jsonl"), signed_files = files(".notes");
  ASSERT_GT(segments.size(), 2u);
  ASSERT_EQ(signed_files.size(), segments.size());
  for (std::size_t i = 0; i + 1 < segments.size(); ++i)
    EXPECT_EQ(notes_of(signed_files[i]).back().size,
              *segment_first_index(segments[i + 1].filename().string()));
  expect_all_true(*shared_key(1));
  EXPECT_NE(read_bytes(segments[1]).find(R"("key":"audit.example.com)"), std::string::npos);
}

TEST_F(Checkpoints, GoOnAfterARestart) {
  for (int i = 0; i < 3; ++i) live(with_key(), 3);
  expect_all_true(*shared_key(1));
}

TEST_F(Checkpoints, BeginInALogThatWasNotSigned) {
  auto without = with_key();
  without.key = nullptr;
  live(without, 3);
  EXPECT_TRUE(files(".notes").empty());
  live(with_key(), 3);
  expect_all_true(*shared_key(1));
}

TEST_F(Checkpoints, OneThatWasSignedNeedsItsKey) {
  live(with_key(), 3);
  auto without = with_key();
  without.key = nullptr;
  EXPECT_NE(refusal(without).find("no key is given: set audit.key"), std::string::npos);
  EXPECT_NE(refusal(with_key(2)).find("signed by another key"), std::string::npos);
  auto other = with_key();
  other.key = shared_key(1, "other.example.com");
  EXPECT_NE(refusal(other).find("is of the log \"other.example.com\""), std::string::npos);
  live(with_key(), 1);
  expect_all_true(*shared_key(1));
}

TEST_F(Checkpoints, AChangeOfKeysIsSignedByBoth) {
  live(with_key(), 3);
  const std::uint64_t before = notes().back().size;
  auto changed = with_key(2);
  changed.previous_key = shared_key(1);
  live(changed, 3);
  const auto all = notes();
  const auto first =
      std::find_if(all.begin(), all.end(), [&](const Note& note) { return note.size > before; });
  ASSERT_NE(first, all.end());
  for (auto note = first; note != all.end(); ++note) {
    EXPECT_EQ(is_signed(*note, public_key(*shared_key(2))), Signed::by_key);
    EXPECT_EQ(is_signed(*note, public_key(*shared_key(1))), note == first ? Signed::by_key : Signed::unknown);
  }
  EXPECT_NE(read_bytes(files(".jsonl")[0]).find(R"("t":"key")"), std::string::npos);
  EXPECT_NE(refusal(with_key(1)).find("signed by another key"), std::string::npos);
  live(with_key(2), 1);  // the one before is no longer needed
  auto again = with_key(3);
  again.previous_key = shared_key(2);
  live(again, 1);
}

// The gate died behind the change and before the note that both sign.
TEST_F(Checkpoints, AChangeOfKeysThatNoNoteCoversNeedsBothAgain) {
  live(with_key(), 3);
  const std::string signed_before = read_bytes(files(".notes")[0]);
  auto changed = with_key(2);
  changed.previous_key = shared_key(1);
  live(changed, 0);
  write_bytes(files(".notes")[0], signed_before);
  EXPECT_NE(refusal(with_key(2)).find("change of keys is not finished"), std::string::npos);
  auto third = with_key(3);
  third.previous_key = shared_key(2);
  EXPECT_NE(refusal(third).find("change of keys is not finished"), std::string::npos);
  live(changed, 1);
  const auto all = notes();
  const auto first = std::find_if(all.begin(), all.end(), [&](const Note& note) {
    return is_signed(note, public_key(*shared_key(2))) == Signed::by_key;
  });
  ASSERT_NE(first, all.end());
  EXPECT_EQ(is_signed(*first, public_key(*shared_key(1))), Signed::by_key);
}

class CheckpointDamage : public Checkpoints {
 protected:
  void SetUp() override {
    auto with = with_key();
    with.segment_bytes = 32 << 10;
    live(with, 60);
    segments_ = files(".jsonl");
    notes_ = files(".notes");
    ASSERT_GT(segments_.size(), 2u);
  }
  void cut_lines(const path& file, int count) {
    std::string bytes = read_bytes(file);
    for (int i = 0; i < count; ++i) bytes.resize(bytes.rfind('\n', bytes.size() - 2) + 1);
    write_bytes(file, bytes);
  }
  std::string refused() { return refusal(with_key()); }
  std::vector<path> segments_, notes_;
};

TEST_F(CheckpointDamage, ALogBehindItsNewestNoteIsRefused) {
  cut_lines(segments_.back(), 1);
  EXPECT_NE(refused().find("its newest checkpoint speaks of"), std::string::npos);
  EXPECT_NE(refused().find("has only"), std::string::npos) << "and nothing was changed";
}

TEST_F(CheckpointDamage, ASegmentThatIsGoneIsRefused) {
  std::filesystem::remove(segments_.back());
  EXPECT_NE(refused().find("there is no segment of this number"), std::string::npos);
  std::filesystem::remove(notes_.back());
  live(with_key(), 1);  // what no start can find without an anchor
}

TEST_F(CheckpointDamage, NotesThatAreGoneAreMissed) {
  write_bytes(notes_.back(), "");
  live(with_key(), 0);  // as after a crash before the first note
  std::filesystem::remove(notes_.back());
  std::filesystem::remove(notes_[notes_.size() - 2]);
  EXPECT_NE(refused().find("the checkpoint of all entries before this segment is gone"), std::string::npos);
}

TEST_F(CheckpointDamage, AnotherRootIsRefused) {
  const auto last = notes_of(notes_.back()).back();
  Hash root = last.root;
  root[0] ^= 1;
  const auto key = portcullis::testing::named_key(1, kOrigin);
  const NamedKey* const keys[] = {&key};
  write_bytes(notes_.back(), signed_note(kOrigin, {last.size, root}, keys).value() + "\n");
  EXPECT_NE(refused().find("their root is not the root of its entries"), std::string::npos);
}

TEST_F(CheckpointDamage, ANoteOfAnotherKeyIsRefused) {
  const auto last = notes_of(notes_.back()).back();
  const auto key = portcullis::testing::named_key(2, kOrigin);
  const NamedKey* const keys[] = {&key};
  write_bytes(notes_.back(), signed_note(kOrigin, {last.size, last.root}, keys).value() + "\n");
  EXPECT_NE(refused().find("not signed by the log's key"), std::string::npos);
}

TEST_F(CheckpointDamage, ATornNoteIsCut) {
  const std::string whole = read_bytes(notes_.back());
  for (const std::string_view torn : {"audit.exam", "audit.example.com/pg-prod-1\n12\n", "a\n1\nb\n\n",
                                      "a\n1\nb\n\n\xe2\x80\x94 a", "\n"}) {
    write_bytes(notes_.back(), whole + std::string(torn) + std::string(7, '\0'));
    live(with_key(), 0);
    EXPECT_TRUE(read_bytes(notes_.back()).starts_with(whole + "audit.example.com")) << torn;
    write_bytes(notes_.back(), whole + std::string(torn));
    live(with_key(), 0);
    expect_all_true(*shared_key(1));
    write_bytes(notes_.back(), whole);
  }
}

TEST_F(CheckpointDamage, WhatIsNoNoteIsRefused) {
  const std::string whole = read_bytes(notes_.back());
  write_bytes(notes_.back(), whole + "a\nb\n\n\xe2\x80\x94 a b\n\n");
  EXPECT_NE(refused().find("its last note"), std::string::npos);
  write_bytes(notes_.back(), whole + std::string(300 << 10, 'x'));
  EXPECT_NE(refused().find("ends with what is no note"), std::string::npos);
  EXPECT_EQ(read_bytes(notes_.back()).size(), whole.size() + (300 << 10)) << "nothing was changed";
}

TEST_F(CheckpointDamage, WhatIsKnownOutsideMustBeInTheLog) {
  const auto all = notes();
  auto with = with_key();
  for (const Note& note : all) with.known.push_back({"an anchor", note.size, note.root});
  live(with, 0);
  with.known = {{"the anchor \"far\"", all.front().size, all.back().root}};
  EXPECT_NE(refusal(with).find("the anchor \"far\" speaks of"), std::string::npos);
  with.known = {{"the anchor \"far\"", all.back().size + 1'000, all.back().root}};
  EXPECT_NE(refusal(with).find("has only"), std::string::npos);
  for (const auto& file : std::filesystem::directory_iterator(directory_.path()))
    std::filesystem::remove(file.path());
  EXPECT_NE(refusal(with).find("has only 0"), std::string::npos)
      << "an empty directory in the place of a log";
}

TEST_F(CheckpointDamage, KnownSizesInsideOlderSegmentsAreCompared) {
  const auto root = roots();
  auto with = with_key();
  for (std::uint64_t size = 0; size < root.size(); size += 3)
    with.known.push_back({"an anchor", size, root[size]});
  live(with, 0);
}

}  // namespace
}  // namespace portcullis::audit
