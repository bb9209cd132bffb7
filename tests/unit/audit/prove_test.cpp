// Proofs made of logs on disk: every entry, every older note, and logs that are not what their notes say.
#include "audit/prove.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "audit/log_leaves.hpp"
#include "audit/note_file.hpp"
#include "audit/proof_verdict.hpp"
#include "tests/unit/audit/log_on_disk.hpp"
#include "tests/unit/audit/merkle.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::mth;
using ::testing::HasSubstr;
using testing::LogOnDisk;

class Prove : public ::testing::Test {
 protected:
  // Four segments, of 12, 16, 4 and 18 entries; the last note leaves two behind it.
  Prove() {
    log_.decide(5);
    log_.rotate();
    log_.decide(2);
    log_.sign();
    log_.decide(5);
    log_.rotate();
    log_.decide(1);
    log_.rotate();
    log_.decide(7);
    log_.sign();
    log_.decide(1);
    log_.save();
  }

  [[nodiscard]] VerifierKey key() const { return read_vkey(log_.vkey()).value(); }
  [[nodiscard]] std::filesystem::path segment(std::uint64_t first) const {
    return folder_ / segment_name(first);
  }
  std::filesystem::path old_note(std::uint64_t size) {
    testing::write_bytes(folder_ / "old.note", log_.note_at(size));
    return folder_ / "old.note";
  }
  // "" where it holds.
  std::string inclusion(std::uint64_t index) {
    const auto made = prove_inclusion(folder_.path(), index);
    if (!made) return made.error().message;
    const auto proof = std::get<InclusionProof>(read_proof(*made).value());
    EXPECT_EQ(proof.entry, log_.lines().at(index));
    return judge(proof, key()).why;
  }
  std::string consistency(std::uint64_t old_size) {
    const auto made = prove_consistency(folder_.path(), old_note(old_size));
    if (!made) return made.error().message;
    return judge(std::get<ConsistencyProof>(read_proof(*made).value()), log_.note_at(old_size), key()).why;
  }
  // Changes a letter of a statement, and nothing else.
  static void change(const std::filesystem::path& file, std::size_t nth) {
    std::string bytes = testing::read_bytes(file);
    std::size_t at = 0;
    for (std::size_t i = 0; i <= nth; ++i) at = bytes.find("SELECT ", at + 1);
    bytes[at] = 'X';
    testing::write_bytes(file, bytes);
  }

  testing::TemporaryDirectory folder_;
  LogOnDisk log_{folder_.path()};
  static constexpr std::uint64_t kCovered = 48;
};

TEST_F(Prove, EveryEntryThatANoteCovers) {
  ASSERT_EQ(log_.size(), kCovered + 2);
  for (std::uint64_t index = 0; index < kCovered; ++index) EXPECT_EQ(inclusion(index), "") << index;
}

TEST_F(Prove, ThatTheLogGoesOnFromEveryOlderNote) {
  for (std::uint64_t size = 0; size <= kCovered; ++size) EXPECT_EQ(consistency(size), "") << size;
}

TEST_F(Prove, SaysWhatIsMissingForOtherEntries) {
  EXPECT_THAT(inclusion(kCovered),
              HasSubstr("no note covers entry 48 yet, the newest only those below 48: try again"));
  EXPECT_THAT(inclusion(kCovered + 1), HasSubstr("no note covers entry 49 yet"));
  EXPECT_THAT(inclusion(kCovered + 2), HasSubstr("there is no entry 50"));
  EXPECT_THAT(inclusion(UINT64_MAX), HasSubstr("there is no entry"));
}

TEST_F(Prove, NeedsANote) {
  for (const std::uint64_t first : {0, 12, 28, 32}) {
    std::filesystem::remove(segment(first).replace_extension(".notes"));
  }
  EXPECT_THAT(inclusion(3), HasSubstr("nobody has signed the log"));
  EXPECT_THAT(consistency(3), HasSubstr("nobody has signed the log"));
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_THAT(prove_inclusion(folder_ / "empty", 0).error().message, HasSubstr("nobody has signed"));
  EXPECT_THAT(prove_inclusion(folder_ / "none", 0).error().message,
              HasSubstr("could not read the audit log"));
}

// What a crash leaves behind the last whole note, up to none at all.
TEST_F(Prove, PassesATornNoteOver) {
  const std::string whole = testing::read_bytes(log_.notes_file());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    testing::write_bytes(log_.notes_file(), whole.substr(0, size));
    ASSERT_EQ(inclusion(3), "") << size;
    ASSERT_THAT(inclusion(40), HasSubstr("only those below 32")) << size;
    testing::write_bytes(log_.notes_file(), whole + whole.substr(0, size));
    ASSERT_EQ(inclusion(40), "") << size;
  }
}

TEST_F(Prove, ReadsTheEndOfALongFileOfNotes) {
  std::string notes;
  for (int i = 0; i < 4000; ++i) notes += log_.note_at(33) + "\n";
  ASSERT_GT(notes.size(), 3 * kMaxNoteBytes / 2);
  testing::write_bytes(log_.notes_file(), notes + log_.note_at(kCovered) + "\n");
  EXPECT_EQ(inclusion(47), "");
  testing::write_bytes(log_.notes_file(), std::string(4 * kMaxNoteBytes, 'x'));
  EXPECT_THAT(inclusion(3), HasSubstr("cannot be read: run portcullis audit verify"));
}

TEST_F(Prove, RefusesFilesThatAreNoNotes) {
  testing::write_bytes(log_.notes_file(), "a\n\n\xe2\x80\x94 b c\n\n");
  EXPECT_THAT(inclusion(3), HasSubstr("cannot be read: run portcullis audit verify"));
  testing::write_bytes(folder_ / "7.notes", "");
  EXPECT_THAT(inclusion(3), HasSubstr("not the name of a file of notes"));
}

TEST_F(Prove, RefusesOlderNotesOfOtherLogs) {
  testing::TemporaryDirectory other;
  LogOnDisk foreign(other.path(), "other.example");
  testing::write_bytes(folder_ / "foreign", foreign.note_at(2));
  EXPECT_THAT(prove_consistency(folder_.path(), folder_ / "foreign").error().message,
              HasSubstr("note of the log \"other.example\""));
  testing::write_bytes(folder_ / "foreign", "no note");
  EXPECT_THAT(prove_consistency(folder_.path(), folder_ / "foreign").error().message,
              HasSubstr("no signed checkpoint"));
  EXPECT_THAT(prove_consistency(folder_.path(), folder_ / "none").error().message,
              HasSubstr("could not read"));
}

TEST_F(Prove, RefusesANoteOfMoreThanTheNewestCovers) {
  EXPECT_THAT(consistency(kCovered + 1), HasSubstr("covers 49 entries, the log's newest note 48"));
}

// As it stands in a file of notes, with its empty line, and no second one.
TEST_F(Prove, TakesOneNoteAsItStandsInTheLog) {
  testing::write_bytes(folder_ / "kept", log_.note_at(7) + "\n");
  EXPECT_TRUE(prove_consistency(folder_.path(), folder_ / "kept"));
  testing::write_bytes(folder_ / "kept", log_.note_at(7) + "\n\n");
  EXPECT_FALSE(prove_consistency(folder_.path(), folder_ / "kept"));
  testing::write_bytes(folder_ / "kept", log_.note_at(7) + "\n" + log_.note_at(9) + "\n");
  EXPECT_FALSE(prove_consistency(folder_.path(), folder_ / "kept"));
}

// --- logs that are not what was signed

TEST_F(Prove, HandsNothingOutOfAnAlteredSegment) {
  change(segment(32), 3);
  for (std::uint64_t index = 0; index < kCovered; ++index) {
    const auto made = prove_inclusion(folder_.path(), index);
    ASSERT_FALSE(made) << index;
    EXPECT_EQ(made.error().code, base::sqlstate::io_error);
    EXPECT_THAT(made.error().message, HasSubstr("run portcullis audit verify"));
  }
  for (std::uint64_t size = 1; size < 32; ++size) {
    EXPECT_THAT(consistency(size), HasSubstr("run portcullis audit verify")) << size;
  }
}

// Whatever is handed out holds, though the log it was taken from is broken elsewhere.
TEST_F(Prove, HandsOutOnlyWhatHolds) {
  int made = 0, refused = 0;
  for (const std::uint64_t first : {0, 12, 28}) {
    const std::string before = testing::read_bytes(segment(first));
    change(segment(first), 0);
    for (std::uint64_t index = 0; index < kCovered; ++index) {
      const auto bytes = prove_inclusion(folder_.path(), index);
      ++(bytes ? made : refused);
      if (!bytes) continue;
      EXPECT_EQ(judge(std::get<InclusionProof>(read_proof(*bytes).value()), key()).why, "") << index;
    }
    testing::write_bytes(segment(first), before);
  }
  EXPECT_GT(made, 0);  // by the frontiers of later segments
  EXPECT_GT(refused, 0);
}

TEST_F(Prove, HandsNothingOutWhereAFrontierLies) {
  std::string bytes = testing::read_bytes(segment(32));
  const auto at = bytes.find("\"frontier\":[\"") + 13;
  bytes[at] = bytes[at] == 'A' ? 'B' : 'A';
  testing::write_bytes(segment(32), bytes);
  for (std::uint64_t index = 0; index < kCovered; ++index) {
    EXPECT_THAT(inclusion(index), HasSubstr("run portcullis audit verify")) << index;
  }
}

TEST_F(Prove, RefusesALogWithoutOneOfItsSegments) {
  for (const std::uint64_t first : {0, 12, 28, 32}) {
    const std::string before = testing::read_bytes(segment(first));
    std::filesystem::remove(segment(first));
    EXPECT_THAT(inclusion(first), HasSubstr("run portcullis audit verify")) << first;
    testing::write_bytes(segment(first), before);
  }
}

TEST_F(Prove, RefusesALogThatWasCutBelowItsNote) {
  std::string bytes = testing::read_bytes(segment(32));
  bytes.resize(bytes.rfind("{\"@\"", bytes.size() / 2));
  for (const char* tail : {"", "\n\n\n", "{\"@\":\"", "\0\0"}) {
    testing::write_bytes(segment(32), bytes + tail);
    EXPECT_THAT(inclusion(3), HasSubstr("run portcullis audit verify")) << tail;
    EXPECT_THAT(inclusion(47), HasSubstr("which its note covers")) << tail;
  }
}

// The log was written anew from its first entry on, and signed by its key: its past is another one.
TEST_F(Prove, RefusesANewPast) {
  const auto before = old_note(20);
  testing::TemporaryDirectory anew;
  LogOnDisk other(anew.path());
  other.decide(30);
  other.sign();
  other.save();
  const auto made = prove_consistency(anew.path(), before);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("does not begin with what"));
}

// --- leaves

std::vector<Hash> leaves_of(const LogOnDisk& log) {
  std::vector<Hash> leaves;
  for (const auto& line : log.lines()) leaves.push_back(leaf_hash(line));
  return leaves;
}

TEST_F(Prove, FindsTheRootOfEveryRange) {
  const auto leaves = leaves_of(log_);
  auto source = LogLeaves::open(folder_.path()).value();
  for (std::uint64_t begin = 0; begin < leaves.size(); ++begin) {
    for (std::uint64_t end = begin + 1; end <= leaves.size(); ++end) {
      const LeafRange range[] = {{begin, end}};
      const auto root = source.range_roots(range);
      ASSERT_TRUE(root) << root.error().message;
      ASSERT_EQ(root->front(), mth(std::span(leaves).subspan(begin, end - begin))) << begin << ' ' << end;
    }
  }
}

// Of the second and third segment only what they begin with.
TEST_F(Prove, DoesNotReadWhatFrontiersSay) {
  for (const std::uint64_t first : {12, 28}) {
    const std::string bytes = testing::read_bytes(segment(first));
    testing::write_bytes(segment(first), bytes.substr(0, bytes.find('\n') + 1));
  }
  for (std::uint64_t index = 32; index < kCovered; ++index) EXPECT_EQ(inclusion(index), "") << index;
  EXPECT_NE(inclusion(31), "");
}

}  // namespace
}  // namespace portcullis::audit
