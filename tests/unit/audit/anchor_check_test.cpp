// What was kept of a log elsewhere, against the log.
#include "audit/anchor_check.hpp"

#include <sys/stat.h>

#include "audit/anchor_notes.hpp"
#include "tests/unit/audit/signed_log.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class AnchorTest : public SignedLog {
 protected:
  // A note by `key` of a tree that this log never had.
  static std::string other_note(std::uint64_t size, const NamedKey& key) {
    Frontier tree;
    for (std::uint64_t i = 0; i < size; ++i) tree.append(leaf_hash("other " + std::to_string(i)));
    return signed_note(key.name, TreeHead{size, tree.root()}, std::vector<const NamedKey*>{&key}).value();
  }
  static std::string note_of(const TreeHead& head, const NamedKey& key) {
    return signed_note(key.name, head, std::vector<const NamedKey*>{&key}).value();
  }
};

TEST_F(AnchorTest, AnOlderOneProvesTheEntriesUpToIt) {
  anchor(notes_.at(5));
  expect_clean();
  EXPECT_EQ(report().anchored, 5u);
  anchor(notes_.at(2) + "\n" + notes_.at(9) + "\n" + notes_.at(5));
  expect_clean();
  EXPECT_EQ(report().anchored, 9u);
}

// Peers' failure: with the notes that cover it, an end can be cut off without a trace in the log.
TEST_F(AnchorTest, OnlyAnAnchorShowsAnEndCutOffWithItsNotes) {
  const auto whole = files_;
  std::string& bytes = entries(7);
  for (int entry = 0; entry < 2; ++entry) bytes.erase(bytes.rfind('\n', bytes.size() - 2) + 1);
  notes(7) = notes_.at(9) + "\n";
  expect_tampered("anchor@9");
  anchor(notes_.at(9));
  expect_clean();
  options_.anchors.clear();
  expect_incomplete("no anchor@9");
  files_.erase(segment_name(7));
  files_.erase(notes_name(7));
  expect_incomplete("no anchor@7");
  anchor(notes_.at(9));
  expect_tampered("anchor@7");
  EXPECT_EQ(report().anchored, 0u);
  anchor(notes_.at(7));
  expect_clean();
}

TEST_F(AnchorTest, AnotherRootIsAnotherLog) {
  anchor(other_note(9, key_));
  expect_tampered("anchor@11");
  EXPECT_EQ(report().anchored, 0u);
  anchor(other_note(9, key_) + "\n" + notes_.at(9));
  expect_tampered("anchor@11");
  EXPECT_EQ(report().findings.at(0).line, 1u);
}

TEST_F(AnchorTest, ASizeNeedNotBeTheEndOfABatch) {
  begin_again(key_);
  forger_.add(decision("select 1"), false);
  const std::string inside = forger_.note({&key_});
  forger_.add(decision("select 2"));
  sign();
  keep_segment();
  anchor(inside);
  expect_clean();
  EXPECT_EQ(report().anchored, 3u);
  // Torn off, that batch was never the log's.
  entries(0).erase(entries(0).size() - 9);
  files_.erase(notes_name(0));
  expect_tampered("torn tail@3 unsigned@2 anchor@2");
  EXPECT_EQ(report().anchored, 0u);
}

TEST_F(AnchorTest, OneThatAnotherKeySignedSaysNothing) {
  anchor(note_of(forger_.head(), other_));
  expect_incomplete("anchor@11");
  anchor(other_note(9, other_));
  expect_incomplete("anchor@11");
  std::string spoilt = notes_.at(11);
  spoilt += notes_.at(9).substr(notes_.at(9).find("\n\n") + 2);
  anchor(spoilt);
  expect_incomplete("anchor@11");
  anchor(notes_.at(9) + "\n" + note_of(forger_.head(), other_));
  expect_incomplete("anchor@11");
  EXPECT_EQ(report().anchored, 9u);
  EXPECT_EQ(report().findings.at(0).line, 7u);
}

TEST_F(AnchorTest, OfAKeyThatWasReplacedItSpeaksUpToTheChange) {
  begin_again(key_);
  sign();
  change_key(other_);
  sign({&key_, &other_});
  keep_segment();
  anchor(notes_.at(2) + "\n" + notes_.at(3));
  expect_clean();
  anchor(note_of(forger_.head(), key_));
  expect_incomplete("anchor@3");
}

TEST_F(AnchorTest, OneOfAnotherLogSaysNothing) {
  const NamedKey foreign = named_key(1, "other.example.com/x");
  anchor(note_of(forger_.head(), foreign));
  expect_incomplete("anchor@11");
  anchor(note_of({900, forger_.head().root}, foreign));
  expect_incomplete("anchor@11");
  anchor(notes_.at(11) + "\n" + note_of(forger_.head(), foreign));
  expect_incomplete("anchor@11");
  EXPECT_EQ(report().anchored, 11u);
}

TEST_F(AnchorTest, OneOfNoEntryIsAsGoodAsNone) {
  const std::string empty = note_of({0, empty_root()}, key_);
  anchor(empty);
  expect_incomplete("anchor@11");
  anchor(empty + "\n" + notes_.at(11));
  expect_clean();
}

TEST_F(AnchorTest, OtherLinesAndTornBlocksArePassedOver) {
  const std::string note = notes_.at(11), torn = notes_.at(9).substr(0, notes_.at(9).size() - 20);
  const std::string signature = note.substr(note.find("\n\n") + 2);
  for (const std::string& around :
       {"# kept by cron\n\n" + note, note + "\n# the next one\n", torn + "\n\n" + note, note + "\n" + torn,
        "\n\n\n" + note + "\n\n\n", signature + "\n" + note, note + "\n" + signature,
        std::string(300 << 10, 'x') + "\n\n" + note, std::string(40 << 20, 'x') + "\n\n" + note,
        std::string("\0\xff\n\n", 4) + note, notes_.at(9) + "\n" + note.substr(0, note.size() / 2)}) {
    anchor(around);
    const auto said = report();
    EXPECT_EQ(said.result, VerifyResult::clean) << around.substr(0, 500) << explain(said);
  }
}

TEST_F(AnchorTest, WhatIsAlmostANoteIsNone) {
  const std::string note = notes_.at(11);
  const std::size_t blank = note.find("\n\n") + 1;
  for (const std::string& none :
       {std::string(), std::string("\n\n"), std::string("a note\n"), note.substr(0, note.size() - 1),
        note.substr(0, blank) + note.substr(blank + 1), note.substr(0, blank) + "\n" + note.substr(blank),
        "# the newest\n" + note, note + "\xe2\x80\x94 x\n",
        note.substr(0, blank + 1) + "x\n" + note.substr(blank + 1),
        // Lines that are too long to be looked at whole, and what would be a note without them.
        std::string((16 << 20) + (256 << 10), 'x') + "\n" + note,
        note.substr(0, blank) + std::string(300 << 10, 'x') + "\n" + note.substr(blank),
        note + "\xe2\x80\x94 " + std::string(300 << 10, 'x') + "\n", std::string(16 << 20, 'x') + note,
        std::string(17 << 20, 'x') + "\r\n" + note, note.substr(0, blank) + " \n" + note.substr(blank + 1)}) {
    anchor(none);
    const auto said = report();
    EXPECT_EQ(told(said), "anchor@11") << none.substr(0, 500);
    EXPECT_EQ(said.result, VerifyResult::incomplete);
  }
}

TEST_F(AnchorTest, EachFileHasOneFindingAndTheWorst) {
  const NamedKey foreign = named_key(1, "other.example.com/x");
  anchor(note_of(forger_.head(), foreign) + "\n" + other_note(9, key_) + "\n" + other_note(5, key_));
  add_anchor(notes_.at(11));
  add_anchor(note_of({900, forger_.head().root}, key_) + "\n" + note_of(forger_.head(), other_));
  add_anchor("nothing");
  const auto said = report();
  ASSERT_EQ(told(said), "anchor@11 anchor@11 anchor@11") << explain(said);
  EXPECT_EQ(said.result, VerifyResult::tampered);
  EXPECT_EQ(said.findings[0].file, options_.anchors[0].string());
  EXPECT_NE(said.findings[0].message.find("over other entries"), std::string::npos);
  EXPECT_EQ(said.findings[1].file, options_.anchors[2].string());
  EXPECT_NE(said.findings[1].message.find("more than the 11 entries"), std::string::npos);
  EXPECT_EQ(said.findings[2].file, options_.anchors[3].string());
  EXPECT_EQ(said.anchored, 11u);
}

TEST_F(AnchorTest, FilesThatCannotBeReadProveNothing) {
  options_.anchors = {elsewhere_ / "absent"};
  expect_incomplete("anchor@11");
  std::filesystem::create_directory(elsewhere_ / "folder");
  options_.anchors = {elsewhere_ / "folder"};
  expect_incomplete("anchor@11");
  ASSERT_EQ(::mkfifo((elsewhere_ / "pipe").c_str(), 0600), 0);
  options_.anchors = {elsewhere_ / "pipe"};
  expect_incomplete("anchor@11");
  add_anchor(notes_.at(11));
  expect_incomplete("anchor@11");
  EXPECT_EQ(report().anchored, 11u);
}

TEST_F(AnchorTest, AFileAboveItsBoundIsNotRead) {
  anchor(notes_.at(11));
  std::filesystem::resize_file(options_.anchors[0], kMaxAnchorFile + 1);  // sparse
  expect_incomplete("anchor@11");
  EXPECT_EQ(report().anchored, 0u);
  EXPECT_NE(report().findings.at(0).message.find("256 MiB"), std::string::npos);
}

TEST_F(AnchorTest, AreAskedOfALogThatNobodySignsToo) {
  files_.clear();
  forger_ = Forger();
  forger_.start();
  files_[segment_name(0)] = forger_.bytes();
  expect_tampered("key@2 anchor@2");
  options_.keys.clear();
  expect_tampered("unsigned@2 anchor@2");
  options_ = {};
  expect_incomplete("unsigned@2 no anchor@2");
}

}  // namespace
}  // namespace portcullis::audit
