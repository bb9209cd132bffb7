// Files of notes beside the segments, and what they prove: docs/audit-format.md, "What must hold of
// signatures".
#include "audit/note_check.hpp"

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/unit/audit/signed_log.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

using NoteCheckTest = SignedLog;

TEST_F(NoteCheckTest, IsCleanOnlyWithAKeyAndAnAnchor) {
  const auto clean = report();
  EXPECT_EQ(clean.result, VerifyResult::clean) << explain(clean);
  EXPECT_EQ(clean.whole, 11u);
  EXPECT_EQ(clean.covered, 11u);
  EXPECT_EQ(clean.anchored, 11u);
  EXPECT_EQ(clean.key, vkey_of(key_));
  EXPECT_TRUE(clean.key_is_trusted);
  const VerifyOptions both = options_;
  options_.keys.clear();
  expect_incomplete("no key@11");
  EXPECT_FALSE(report().key_is_trusted);
  options_.anchors.clear();
  expect_incomplete("no key@11 no anchor@11");
  options_.keys = both.keys;
  expect_incomplete("no anchor@11");
  EXPECT_EQ(report().anchored, 0u);
}

TEST_F(NoteCheckTest, FindsEveryChangedByte) {
  for (const std::uint64_t first : {0u, 7u}) {
    const std::string good = notes(first);
    for (const int flip : {0x01, 0x20, 0x80}) {
      for (std::size_t at = 0; at < good.size(); ++at) {
        notes(first)[at] = static_cast<char>(good[at] ^ flip);
        const auto said = report();
        // Of the very last note, without one of its empty lines, it cannot be told whether it was ever whole.
        const bool at_end = first == 7 && at > good.size() - notes_.at(11).size() && good[at] == '\n';
        // Nor of one with a zero byte, which no crash wrote but one can leave.
        const bool is_zero = first == 7 && notes(first)[at] == '\0';
        const bool is_torn = (at_end || is_zero) && said.findings.at(0).check == "torn tail";
        ASSERT_EQ(said.result, is_torn ? VerifyResult::incomplete : VerifyResult::tampered)
            << first << ' ' << at << ' ' << flip << explain(said);
        ASSERT_EQ(said.covered, first == 0 || at < notes_.at(9).size() + 1 ? said.covered : 9u);
        ASSERT_EQ(said.findings.at(0).file, notes_name(first)) << explain(said);
        notes(first)[at] = good[at];
      }
    }
  }
}

TEST_F(NoteCheckTest, TakesACutEndForACrashOnlyBesideTheLastSegment) {
  const std::string first = notes(0), last = notes(7);
  const std::size_t one = notes_.at(9).size() + 1;
  for (std::size_t cut = 0; cut < last.size(); ++cut) {
    notes(7) = last.substr(0, cut);
    const std::string torn = cut == 0 || cut == one ? "" : cut < one ? "torn tail@7 " : "torn tail@9 ";
    expect_incomplete(torn + "unsigned@11");
    EXPECT_EQ(report().covered, cut < one ? 7u : 9u);
  }
  notes(7) = last;
  for (std::size_t cut = 0; cut < first.size(); cut += 7) {
    notes(0) = first.substr(0, cut);
    ASSERT_EQ(report().result, VerifyResult::tampered) << cut;
    ASSERT_EQ(report().findings.at(0).check, "notes") << cut;
  }
}

TEST_F(NoteCheckTest, FindsMissingFiles) {
  const auto all = files_;
  files_.erase(notes_name(7));
  expect_incomplete("unsigned@11");
  EXPECT_EQ(report().covered, 7u);
  files_.erase(notes_name(0));
  expect_tampered("notes@7 unsigned@11");
  files_ = all;
  files_.erase(notes_name(0));
  expect_tampered("notes@7");
  EXPECT_EQ(report().findings[0].file, notes_name(0));
  EXPECT_EQ(report().covered, 11u);
  files_ = all;
  notes(0) = notes_.at(2) + "\n" + notes_.at(5) + "\n";
  expect_tampered("notes@7");
  notes(0) = "";
  expect_tampered("notes@7");
  files_ = all;
  files_[notes_name(9)] = "";
  files_[notes_name(11)] = notes_.at(11) + "\n";
  expect_tampered("notes@0 notes@0");
  EXPECT_EQ(report().findings[1].file, notes_name(11));
}

TEST_F(NoteCheckTest, ALogOfOneSegmentWithoutNotesIsUnsigned) {
  files_.erase(segment_name(7));
  files_.erase(notes_name(7));
  files_.erase(notes_name(0));
  anchor(notes_.at(7));
  expect_incomplete("unsigned@7");
  EXPECT_EQ(report().covered, 0u);
  EXPECT_EQ(report().anchored, 7u);
}

TEST_F(NoteCheckTest, SizesRiseWithinTheirSegmentAndAreThoseOfBatches) {
  const std::string first = notes(0), last = notes(7);
  const auto put = [&](std::uint64_t file, const std::vector<std::uint64_t>& sizes) {
    notes(0) = first;
    notes(7) = last;
    std::string& bytes = notes(file);
    bytes.clear();
    for (const std::uint64_t size : sizes) bytes += notes_.at(size) + "\n";
  };
  put(0, {2, 2, 5, 7});
  expect_tampered("notes@2");
  put(0, {5, 2, 7});
  expect_tampered("notes@5");
  put(0, {2, 5, 7, 9});
  expect_tampered("notes@7");
  put(0, {2, 5, 9});
  expect_tampered("notes@7");
  put(7, {7, 9, 11});  // not above the file's number
  expect_tampered("notes@7 unsigned@11");
  put(7, {5, 9, 11});
  expect_tampered("notes@7 unsigned@11");
  put(7, {11});
  expect_clean();
  put(0, {7});
  expect_clean();
}

TEST_F(NoteCheckTest, ANoteSpeaksOfWholeBatches) {
  begin_again(key_);
  forger_.add(decision("select 1"), false);
  sign().add(decision("select 2"));
  sign();
  keep_segment();
  anchor(notes_.at(4));
  expect_tampered("notes@4 unsigned@4");
  notes(0) = notes_.at(4) + "\n";
  expect_clean();
}

TEST_F(NoteCheckTest, ANoteOfMoreEntriesThanThereAreMeansThatTheEndWasCut) {
  anchor(notes_.at(9));
  std::string& bytes = entries(7);
  bytes.erase(bytes.rfind('\n', bytes.size() - 2) + 1);  // the last batch: `close`
  expect_tampered("notes@10 unsigned@10");
  bytes.erase(bytes.size() - 5);  // and a part of the one before
  expect_tampered("torn tail@9 notes@9");
  bytes = "";
  expect_tampered("torn tail@7 notes@7 anchor@7");
}

// All that a stranger's file may hold that looks like notes.
TEST_F(NoteCheckTest, AFileHoldsNotesAndNothingElse) {
  const std::string good = notes(7);
  const std::string nine = notes_.at(9) + "\n", eleven = notes_.at(11) + "\n";
  for (const std::string& bad :
       {nine + "\n" + eleven, "\n" + good, nine + "# a comment\n\n\n" + eleven,
        nine + notes_.at(11) + "\r\n\n", nine + eleven + "\n\n", nine + eleven + std::string(256 << 10, 'x'),
        nine + eleven + std::string(1 << 20, 'x') + "\n\n\n"}) {
    notes(7) = bad;
    const auto said = report();
    EXPECT_EQ(said.result, VerifyResult::tampered) << bad.substr(0, 900) << explain(said);
    EXPECT_EQ(said.findings.at(0).check, "notes") << explain(said);
  }
  notes(7) = good + std::string((256 << 10) - 1, 'x');
  expect_incomplete("torn tail@11");
  notes(7) = good + "\n";
  expect_incomplete("torn tail@11");
  const std::string first = notes(0);
  notes(7) = good;
  notes(0) = first + "x";
  expect_tampered("notes@7");
}

TEST_F(NoteCheckTest, ANoteMayHave256KiB) {
  const std::string good = notes(7), note = notes_.at(11);
  const auto padded = [&](std::size_t size) {
    const std::size_t around = note.size() + std::string_view("\xe2\x80\x94  \n").size();
    const std::size_t digits = (size - around - 4) / 4 * 4, name = size - around - digits;
    return note + "\xe2\x80\x94 " + std::string(name, 'n') + " " + std::string(digits, 'A') + "\n";
  };
  for (const std::size_t size : {kMaxNoteBytes - 1, kMaxNoteBytes}) {
    ASSERT_EQ(padded(size).size(), size);
    notes(7) = notes_.at(9) + "\n" + padded(size) + "\n";
    anchor(padded(size));
    expect_clean();
  }
  anchor(note);
  notes(7) = notes_.at(9) + "\n" + padded(kMaxNoteBytes + 1) + "\n";
  expect_tampered("notes@9 unsigned@11");
  notes(7) = good;
  anchor(padded(kMaxNoteBytes + 1));
  expect_incomplete("anchor@11");
}

TEST_F(NoteCheckTest, NamesTheLineThatANoteBeginsAt) {
  notes(0) = notes_.at(2) + "\n" + notes_.at(2) + "\n";
  EXPECT_EQ(report().findings.at(0).line, 7u);
  EXPECT_EQ(report().findings.at(0).file, notes_name(0));
}

TEST_F(NoteCheckTest, FindsNotesOfAnotherLog) {
  const NamedKey foreign = named_key(1, "other.example.com/x");
  notes(7) = signed_note(foreign.name, forger_.head(), std::vector<const NamedKey*>{&foreign}).value() + "\n";
  expect_tampered("notes@7 unsigned@11");
}

// Peers' failure: a chain of hashes and a tree beside it that were made of different entries.
TEST_F(NoteCheckTest, FindsATreeOverOtherEntriesThanTheChain) {
  Frontier tree;
  for (int i = 0; i < 9; ++i) tree.append(leaf_hash("other " + std::to_string(i)));
  const TreeHead head{9, tree.root()};
  notes(7) =
      signed_note(kOrigin, head, std::vector<const NamedKey*>{&key_}).value() + "\n" + notes_.at(11) + "\n";
  expect_tampered("root@9 unsigned@11");
}

// With all hashes made again, as somebody does who can write the files and has no key.
TEST_F(NoteCheckTest, FindsEntriesThatWereMadeAnewWithoutTheKey) {
  const auto signed_notes = files_;
  const auto anchored = notes_;
  begin_again(key_);
  forger_.add(session("login")).add(decision("select 666"), false).add(decision("select 2"));
  keep_segment();
  files_[notes_name(0)] = anchored.at(2) + "\n" + anchored.at(5) + "\n";
  options_.anchors.clear();
  expect_tampered("root@5 unsigned@5 no anchor@5");
}

TEST_F(NoteCheckTest, FindsNotesByAnotherKey) {
  begin_again(key_);
  sign({&other_});
  keep_segment();
  anchor(forger_.note({&key_}));
  expect_tampered("signature@2 unsigned@2");
}

TEST_F(NoteCheckTest, OneWrongSignatureSpoilsTheNoteThoughAnotherHolds) {
  std::string note = notes_.at(11), wrong = notes_.at(9);
  const std::string line = wrong.substr(wrong.find("\n\n") + 2);
  notes(7) = notes_.at(9) + "\n" + note + line + "\n";
  expect_tampered("signature@11 unsigned@11");
}

TEST_F(NoteCheckTest, OtherSignersBesideTheKeyDoNotMatter) {
  begin_again(key_);
  const NamedKey witness = named_key(9, "witness.example.com");
  sign({&witness, &key_, &other_});
  keep_segment();
  anchor(notes_.at(2));
  expect_clean();
}

TEST_F(NoteCheckTest, WithoutAKeyInForceThereIsNoNote) {
  files_.clear();
  forger_ = Forger();
  forger_.start();
  sign();
  keep_segment();
  files_ = {{segment_name(0), forger_.bytes()}, {notes_name(0), forger_.notes()}};
  expect_tampered("signature@2 key@2 anchor@2");
}

TEST_F(NoteCheckTest, SegmentsOfBeforeTheFirstKeyHaveNoNotes) {
  files_.clear();
  forger_ = Forger();
  forger_.start().add(close_draft(forger_.context()));
  files_[segment_name(0)] = forger_.bytes();
  forger_.begin_segment();
  forger_.add(segment_draft(forger_.context(), "b1"), false);
  forger_.add(open_draft(forger_.context(), "b1", "1", kHeartbeat, vkey_of(key_)));
  sign();
  first_ = 3;
  keep_segment();
  anchor(notes_.at(5));
  expect_clean();
}

// Peers' failure: a log that was made anew as a whole agrees with itself.
TEST_F(NoteCheckTest, FindsALogThatWasMadeAnewWithAnotherKey) {
  begin_again(other_);
  sign().add(session("login")).add(close_draft(forger_.context()));
  sign();
  keep_segment();
  expect_tampered("key@4 anchor@4");
  options_.keys.push_back(public_of(third_));
  expect_tampered("key@4 anchor@4");
  anchor(notes_.at(2));
  expect_tampered("key@4");
  options_.keys.clear();
  expect_incomplete("no key@4");
}

TEST_F(NoteCheckTest, SaysNothingOfSignaturesWhereTheEntriesAreBroken) {
  entries(7)[20] ^= 1;
  const auto said = report();
  ASSERT_EQ(said.findings.size(), 1u) << explain(said);
  EXPECT_EQ(said.findings[0].index, 7u);
  options_ = {};
  EXPECT_EQ(report().findings.size(), 1u);
  files_ = {};
  expect_incomplete("empty@0");
  files_ = {{notes_name(0), notes_.at(2) + "\n"}};
  expect_tampered("notes@0 empty@0");
  files_ = {{segment_name(0), ""}};
  expect_incomplete("torn tail@0");
}

// --- files that are none

TEST_F(NoteCheckTest, RefusesNamesThatAreAlmostThoseOfNotes) {
  for (const char* name :
       {"7.notes", "0000000000000000000x.notes", ".notes", "00000000000000000007.bak.notes"}) {
    files_[name] = "";
    expect_incomplete("read@0");
    files_.erase(name);
  }
  files_["notes"] = "of no concern";
  expect_clean();
}

TEST_F(NoteCheckTest, FollowsNoLinkAndWaitsForNoPipe) {
  const auto in_place = [&](const std::string& name, const auto& put) {
    save();
    std::filesystem::remove(directory_ / name);
    put(directory_ / name);
    return verify(directory_.path(), options_);
  };
  const auto link = [&](const std::filesystem::path& at) {
    write_bytes(elsewhere_ / "target", files_.at(at.filename().string()));
    std::filesystem::create_symlink(elsewhere_ / "target", at);
  };
  const auto pipe = [](const std::filesystem::path& at) { ASSERT_EQ(::mkfifo(at.c_str(), 0600), 0); };
  const auto folder = [](const std::filesystem::path& at) { std::filesystem::create_directory(at); };
  const auto nowhere = [](const std::filesystem::path& at) {
    std::filesystem::create_symlink("nowhere", at);
  };
  for (const auto& report : {in_place(notes_name(0), link), in_place(notes_name(0), pipe),
                             in_place(notes_name(0), folder), in_place(notes_name(0), nowhere)}) {
    EXPECT_EQ(told(report), "read@0") << explain(report);
    EXPECT_EQ(report.result, VerifyResult::incomplete);
    EXPECT_EQ(report.covered, 11u);
  }
  EXPECT_EQ(told(in_place(notes_name(7), pipe)), "read@7 unsigned@11");
  EXPECT_EQ(told(in_place(segment_name(7), link)), "read@7");
  EXPECT_EQ(told(in_place(segment_name(0), pipe)), "read@0");
}

// --- a log that is being written

TEST_F(NoteCheckTest, ALogMayGrowWhileItIsVerified) {
  files_.clear();
  forger_ = Forger();
  begin_again(key_);
  sign();
  keep_segment();
  anchor(notes_.at(2));
  save();
  // The next segment comes, with all its notes, once this one was listed.
  forger_.add(session("login"));
  sign();
  const std::string grown = forger_.bytes(), grown_notes = forger_.notes();
  next_segment();
  forger_.add(session("login"));
  sign();
  bool written = false;
  const auto grow = [&](std::uint64_t, std::uint64_t) {
    if (std::exchange(written, true)) return;
    write_bytes(directory_ / notes_name(0), grown_notes);
    forger_.save(directory_.path(), 3);
  };
  const auto said = verify(directory_.path(), options_, grow);
  EXPECT_TRUE(written);
  // Its entries were read before they grew, so a note of them would be one too many.
  EXPECT_EQ(told(said), "") << explain(said);
  write_bytes(directory_ / segment_name(0), grown);
  EXPECT_EQ(told(verify(directory_.path(), options_)), "");
}

void append_to(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::app) << bytes;
}

// In the order that the gate has: entries, their note, the note elsewhere; the last note of a segment before
// the next one.
TEST_F(NoteCheckTest, IsNeverTakenForTamperedWithWhileItIsWritten) {
  begin_again(key_);
  files_.clear();
  save();
  options_.anchors = {elsewhere_ / "growing"};
  std::atomic<bool> done = false;
  std::thread gate([&] {
    std::string entries, notes;
    for (int batch = 0; batch < 400; ++batch) {
      append_to(directory_ / segment_name(first_), std::string_view(forger_.bytes()).substr(entries.size()));
      entries = forger_.bytes();
      forger_.sign({&key_});
      append_to(directory_ / notes_name(first_), std::string_view(forger_.notes()).substr(notes.size()));
      notes = forger_.notes();
      append_to(elsewhere_ / "growing", forger_.note({&key_}) + "\n");
      if (batch % 8 == 7) {
        next_segment();
        entries.clear();
        notes.clear();
      }
      forger_.add(session("login"), false).add(session("end"));
    }
    done = true;
  });
  int rounds = 0;
  for (; !done || rounds == 0; ++rounds) {
    const auto said = verify(directory_.path(), options_);
    EXPECT_NE(said.result, VerifyResult::tampered) << explain(said);
    if (said.result == VerifyResult::tampered) break;
  }
  gate.join();
  const auto said = verify(directory_.path(), options_);
  EXPECT_EQ(told(said), "") << explain(said);
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(said.anchored, said.whole);
}

}  // namespace
}  // namespace portcullis::audit
