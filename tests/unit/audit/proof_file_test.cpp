// Proofs as files, and what somebody may conclude from one who has nothing but a public key.
#include "audit/proof_file.hpp"

#include <gmock/gmock.h>

#include "audit/proof_verdict.hpp"
#include "base/encoding.hpp"
#include "tests/unit/audit/merkle.hpp"
#include "tests/unit/audit/signing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::example_leaves;
using portcullis::testing::kExampleOrigin;
using portcullis::testing::mth;
using portcullis::testing::named_key;
using ::testing::HasSubstr;

// --- the example of docs/audit-format.md

const std::string kLines[] = {
    R"({"@":"audit.example.com/pg-prod-1#v1","i":0,"prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","t":"open","ts":1790000000000000})",
    R"({"@":"audit.example.com/pg-prod-1#v1","c":{"sql":"z7xcg2Jo2usfM047Cw7tiVmr5eeXLyfC2TwoAlvNr_s"},"i":1,"prev":"oh5UJ-v7lTyfxt_mTyQOQueaEb6SAgZXfUUZ55enxvQ","t":"decision","ts":1790000000000417,"verdict":"allow"})",
    R"({"@":"audit.example.com/pg-prod-1#v1","d":1,"i":2,"prev":"XgnNEyZMCq_hIeuIatdXATmEQJ5jDUrPzvnaODTRfmU","t":"outcome","ts":1790000000002101})"};
const std::string kNote =
    "audit.example.com/pg-prod-1\n3\nSAdTg28UnkqRgTK+f8gnPiGuKUhmX0sgU7RyJc3QEoo=\n\n"
    "\xe2\x80\x94 audit.example.com/pg-prod-1 "
    "muVERgE0+DSKdmuu+lRKZqrkEMbrqyENwIWqVesg5q7cWuyNnV5x5FcYVS4gMLl99V3/RbAY/7k7zMXFIbbL47I6fgs=\n";
const std::string kOldNote =
    "audit.example.com/pg-prod-1\n2\nNzyMdSGz3LlnZXjzEwowlKTXPv1Xu2CHebmzq5AdTyE=\n\n"
    "\xe2\x80\x94 audit.example.com/pg-prod-1 "
    "muVERm02QRGPfIq54OhF8ghtOrkU9l2iRf3DG6kxY9+trkREiQYmd5Iv+0YLA9mKI6OiRPdEdNWwTuft2b4U6BfE3Ao=\n";
const std::string kInclusion =
    "c2sp.org/tlog-proof@v1\n"
    "extra "
    "eyJAIjoiYXVkaXQuZXhhbXBsZS5jb20vcGctcHJvZC0xI3YxIiwiZCI6MSwiaSI6MiwicHJldiI6Ilhnbk5FeVpNQ3FfaElldUlh"
    "dGRYQVRtRVFKNWpEVXJQenZuYU9EVFJmbVUiLCJ0Ijoib3V0Y29tZSIsInRzIjoxNzkwMDAwMDAwMDAyMTAxfQ==\n"
    "index 2\n"
    "NzyMdSGz3LlnZXjzEwowlKTXPv1Xu2CHebmzq5AdTyE=\n\n";
const std::string kConsistency = "old 2\nekk0Lm74qrvRTi+gd4c2d+oo5HAd8DxbUsbEaNGEp44=\n\n";

VerifierKey key_of(const NamedKey& key) {
  return read_vkey(vkey_text(key.name, key.key.public_key())).value();
}
VerifierKey example_key() {
  return read_vkey("audit.example.com/pg-prod-1+9ae54446+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c")
      .value();
}

std::string note_by(const NamedKey& key, std::string_view origin, std::uint64_t size, const Hash& root) {
  const NamedKey* const keys[] = {&key};
  return signed_note(origin, {size, root}, keys).value();
}

// Of entry 2 in 3, and of what a test makes of it.
InclusionProof inclusion() {
  return {kLines[2], 2, {node_hash(example_leaves()[0], example_leaves()[1])}, kNote};
}
ConsistencyProof consistency() {
  return {2, {example_leaves()[2]}, kNote};
}

// "" where it is proven.
std::string verdict_of(std::string_view file) {
  const auto proof = read_proof(file);
  if (!proof) return "refused: " + proof.error().message;
  ProofVerdict verdict;
  if (const auto* entry = std::get_if<InclusionProof>(&*proof)) verdict = judge(*entry, example_key());
  if (const auto* old = std::get_if<ConsistencyProof>(&*proof))
    verdict = judge(*old, kOldNote, example_key());
  if (verdict.result == ProofResult::proven) return verdict.why;
  return (verdict.result == ProofResult::refuted ? "refuted: " : "undecided: ") + verdict.why;
}

TEST(ProofFile, HasTheBytesOfTheExample) {
  EXPECT_EQ(to_text(inclusion()), kInclusion + kNote);
  EXPECT_EQ(to_text(consistency()), kConsistency + kNote);
  EXPECT_EQ(note_by(named_key(1), kExampleOrigin, 2, node_hash(example_leaves()[0], example_leaves()[1])),
            kOldNote);
}

TEST(ProofFile, IsReadAsItWasWritten) {
  const auto entry = std::get<InclusionProof>(read_proof(kInclusion + kNote).value());
  EXPECT_EQ(entry.entry, kLines[2]);
  EXPECT_EQ(entry.index, 2u);
  EXPECT_EQ(entry.path, inclusion().path);
  EXPECT_EQ(entry.note, kNote);
  const auto old = std::get<ConsistencyProof>(read_proof(kConsistency + kNote).value());
  EXPECT_EQ(old.old_size, 2u);
  EXPECT_EQ(old.path, consistency().path);
  EXPECT_EQ(old.note, kNote);
}

TEST(ProofFile, OfTheExampleIsProven) {
  EXPECT_EQ(verdict_of(kInclusion + kNote), "");
  EXPECT_EQ(verdict_of(kConsistency + kNote), "");
  const auto verdict = judge(inclusion(), example_key());
  EXPECT_EQ(verdict.micros, 1790000000002101);
  EXPECT_EQ(verdict.note.size, 3u);
  EXPECT_EQ(verdict.note.origin, kExampleOrigin);
}

TEST(ProofFile, ProvesNothingWithAnyBitChanged) {
  for (const std::string& file : {kInclusion + kNote, kConsistency + kNote}) {
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
      std::string changed = file;
      changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1u << (bit % 8)));
      EXPECT_NE(verdict_of(changed), "") << "bit " << bit % 8 << " of byte " << bit / 8;
    }
  }
}

TEST(ProofFile, ProvesNothingCutOrWithMoreInIt) {
  for (const std::string& file : {kInclusion + kNote, kConsistency + kNote}) {
    for (std::size_t at = 0; at < file.size(); ++at) {
      EXPECT_NE(verdict_of(file.substr(0, at)), "") << at;
      EXPECT_NE(verdict_of(file.substr(0, at) + file.substr(at + 1)), "") << at;
      for (const char more : {'\n', ' ', '0', '='}) {
        EXPECT_NE(verdict_of(file.substr(0, at) + more + file.substr(at)), "") << at;
      }
    }
    for (const char* more : {"\n", " ", "x", "x\n"}) EXPECT_NE(verdict_of(file + more), "") << more;
    EXPECT_NE(verdict_of(file + kNote), "");
  }
}

TEST(ProofFile, TakesNumbersInTheirShortestFormOnly) {
  for (const char* number : {"", "02", "+2", "-2", " 2", "2 ", "0x2", "2.0", "9223372036854775808"}) {
    const std::string with = number;
    EXPECT_THAT(verdict_of("old " + with + kConsistency.substr(5) + kNote), HasSubstr("refused")) << number;
    std::string entry = kInclusion;
    entry.replace(entry.find("index 2"), 7, "index " + with);
    EXPECT_THAT(verdict_of(entry + kNote), HasSubstr("no index")) << number;
  }
  EXPECT_TRUE(read_proof("old 9223372036854775807\n\n" + kNote));
  EXPECT_TRUE(read_proof("old 0\n\n" + kNote));
}

TEST(ProofFile, TakesCanonicalBase64Only) {
  for (const char* hash :
       {"ekk0Lm74qrvRTi+gd4c2d+oo5HAd8DxbUsbEaNGEp44", "ekk0Lm74qrvRTi+gd4c2d+oo5HAd8DxbUsbEaNGEp45=",
        "ekk0Lm74qrvRTi-gd4c2d-oo5HAd8DxbUsbEaNGEp44=", "AAAA", " "}) {
    EXPECT_THAT(verdict_of("old 2\n" + std::string(hash) + "\n\n" + kNote), HasSubstr("no hash")) << hash;
  }
  for (const char* extra :
       {"extra", "extra ", "extra e30", "extra  e30=", "extra e30= ", "Extra e30=", "extra e31="}) {
    EXPECT_THAT(verdict_of("c2sp.org/tlog-proof@v1\n" + std::string(extra) + "\nindex 0\n\n" + kNote),
                HasSubstr("no entry"))
        << extra;
  }
}

TEST(ProofFile, TakesSixtyThreeHashesAndNoMore) {
  auto proof = consistency();
  proof.path.assign(63, Hash{});
  EXPECT_TRUE(read_proof(to_text(proof)));
  proof.path.emplace_back();
  EXPECT_THAT(verdict_of(to_text(proof)), HasSubstr("more than 63 hashes"));
  auto entry = inclusion();
  entry.path.assign(64, Hash{});
  EXPECT_THAT(verdict_of(to_text(entry)), HasSubstr("more than 63 hashes"));
}

TEST(ProofFile, TakesEntriesOfUpTo16MiB) {
  auto proof = inclusion();
  proof.entry.assign(kMaxLineBytes, 'x');
  EXPECT_EQ(std::get<InclusionProof>(read_proof(to_text(proof)).value()).entry, proof.entry);
  proof.entry += 'x';
  EXPECT_THAT(verdict_of(to_text(proof)), HasSubstr("longer than 16 MiB"));
  EXPECT_THAT(verdict_of(std::string(kMaxProofBytes + 1, 'x')), HasSubstr("longer than one can be"));
}

TEST(ProofFile, SaysWhatIsWrong) {
  EXPECT_THAT(verdict_of(""), HasSubstr("give the file byte for byte"));
  EXPECT_THAT(verdict_of(kNote), HasSubstr("its first line is neither"));
  EXPECT_THAT(verdict_of("c2sp.org/tlog-proof@v2\n" + kInclusion.substr(23) + kNote), HasSubstr("neither"));
  EXPECT_THAT(verdict_of("c2sp.org/tlog-proof@v1.1\n" + kInclusion.substr(23) + kNote), HasSubstr("goes on"));
  EXPECT_THAT(verdict_of("c2sp.org/tlog-proof@v1\nindex 2\n" + kNote), HasSubstr("holds no entry"));
  EXPECT_THAT(verdict_of(kInclusion), HasSubstr("this is no signed checkpoint"));
  EXPECT_THAT(verdict_of("old 2\n"), HasSubstr("ends before its note"));
}

// --- paths

TEST(ProofVerdict, RefusesPathsOfAnotherLength) {
  auto proof = inclusion();
  proof.path.push_back(Hash{});
  EXPECT_EQ(judge(proof, example_key()).result, ProofResult::refuted);
  proof.path.clear();
  EXPECT_EQ(judge(proof, example_key()).result, ProofResult::refuted);
  auto old = consistency();
  old.path.push_back(Hash{});
  EXPECT_EQ(judge(old, kOldNote, example_key()).result, ProofResult::refuted);
  old.path.clear();
  EXPECT_EQ(judge(old, kOldNote, example_key()).result, ProofResult::refuted);
}

TEST(ProofVerdict, RefusesOtherEntriesAndIndexes) {
  for (std::uint64_t index = 0; index < 5; ++index) {
    for (std::size_t line = 0; line < 3; ++line) {
      auto proof = inclusion();
      proof.index = index;
      proof.entry = kLines[line];
      EXPECT_EQ(judge(proof, example_key()).result == ProofResult::proven, index == 2 && line == 2);
    }
  }
}

TEST(ProofVerdict, KnowsEqualSizesAndTheEmptyLog) {
  EXPECT_EQ(judge(ConsistencyProof{3, {}, kNote}, kNote, example_key()).why, "");
  EXPECT_EQ(judge(ConsistencyProof{3, {Hash{}}, kNote}, kNote, example_key()).result, ProofResult::refuted);
  const auto empty = note_by(named_key(1), kExampleOrigin, 0, empty_root());
  EXPECT_EQ(judge(ConsistencyProof{0, {}, kNote}, empty, example_key()).why, "");
  const auto other = note_by(named_key(1), kExampleOrigin, 3, Hash{});
  EXPECT_EQ(judge(ConsistencyProof{3, {}, kNote}, other, example_key()).result, ProofResult::refuted);
}

TEST(ProofVerdict, NeverGoesBack) {
  EXPECT_EQ(judge(ConsistencyProof{3, {}, kOldNote}, kNote, example_key()).result, ProofResult::refuted);
  EXPECT_EQ(judge(ConsistencyProof{3, {example_leaves()[2]}, kOldNote}, kNote, example_key()).result,
            ProofResult::refuted);
}

TEST(ProofVerdict, IsAboutTheOlderNoteThatWasGiven) {
  const auto verdict =
      judge(consistency(), note_by(named_key(1), kExampleOrigin, 1, example_leaves()[0]), example_key());
  EXPECT_EQ(verdict.result, ProofResult::undecided);
  EXPECT_THAT(verdict.why, HasSubstr("about a note of size 2, and the one that was given has 1"));
  const auto other = judge(consistency(), note_by(named_key(1), kExampleOrigin, 2, Hash{}), example_key());
  EXPECT_EQ(other.result, ProofResult::refuted);
  EXPECT_THAT(other.why, HasSubstr("the log's past was"));
  EXPECT_EQ(judge(consistency(), "no note", example_key()).result, ProofResult::undecided);
}

// --- keys and origins

TEST(ProofVerdict, IsOpenWithoutASignatureOfTheKey) {
  for (const auto& key : {key_of(named_key(2)), key_of(named_key(1, "other.example"))}) {
    const auto verdict = judge(inclusion(), key);
    EXPECT_EQ(verdict.result, ProofResult::undecided);
    EXPECT_THAT(verdict.why, HasSubstr("no signature of the key of \"" + key.name));
    EXPECT_EQ(judge(consistency(), kOldNote, key).result, ProofResult::undecided);
  }
  auto by_another =
      note_by(named_key(2), kExampleOrigin, 2, node_hash(example_leaves()[0], example_leaves()[1]));
  EXPECT_EQ(judge(consistency(), by_another, example_key()).result, ProofResult::undecided);
}

TEST(ProofVerdict, RefusesSignaturesThatAreNot) {
  std::string wrong = kNote;
  wrong[wrong.size() - 10] = wrong[wrong.size() - 10] == 'A' ? 'B' : 'A';
  auto proof = inclusion();
  proof.note = wrong;
  EXPECT_EQ(judge(proof, example_key()).result, ProofResult::refuted);
  EXPECT_EQ(judge(ConsistencyProof{3, {}, kNote}, wrong, example_key()).result, ProofResult::refuted);
}

// The key's owner may sign what it likes under its name; a note of another log is none of the key's.
TEST(ProofVerdict, RefusesNotesOfAnotherLogByTheSameKey) {
  const auto foreign = note_by(named_key(1), "other.example", 3, mth(example_leaves()));
  auto proof = inclusion();
  proof.note = foreign;
  const auto verdict = judge(proof, example_key());
  EXPECT_EQ(verdict.result, ProofResult::refuted);
  EXPECT_THAT(verdict.why, HasSubstr("is of the log \"other.example\""));
  EXPECT_EQ(judge(ConsistencyProof{3, {}, kNote}, foreign, example_key()).result, ProofResult::refuted);
  EXPECT_EQ(judge(ConsistencyProof{3, {}, foreign}, kNote, example_key()).result, ProofResult::refuted);
}

// What the log's own key signed, and what is yet no entry of it, or not that one.
TEST(ProofVerdict, HoldsTheEntryToWhatItSaysOfItself) {
  const auto verdict = [](const std::string& line) {
    return judge(InclusionProof{line, 0, {}, note_by(named_key(1), kExampleOrigin, 1, leaf_hash(line))},
                 example_key());
  };
  EXPECT_EQ(verdict(kLines[0]).why, "");
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string line = kLines[0];
    line.replace(line.find(from), from.size(), to);
    EXPECT_EQ(verdict(line).result, ProofResult::refuted) << line;
    return verdict(line).why;
  };
  EXPECT_THAT(changed("pg-prod-1#v1", "pg-prod-2#v1"), HasSubstr("not of the log"));
  EXPECT_THAT(changed("pg-prod-1#v1", "pg-prod-1#v2"), HasSubstr("version v1"));
  EXPECT_THAT(changed("pg-prod-1#v1", "pg-prod-1"), HasSubstr("not of the log"));
  EXPECT_THAT(changed("\"i\":0", "\"i\":1"), HasSubstr("not have the index 0"));
  EXPECT_THAT(changed("\"i\":0", "\"i\":\"0\""), HasSubstr("not have the index 0"));
  EXPECT_THAT(changed("\"i\":0,", ""), HasSubstr("not have the index 0"));
  EXPECT_THAT(changed("1790000000000000", "\"1\""), HasSubstr("no time"));
  EXPECT_THAT(changed("{\"@\"", "{ \"@\""), HasSubstr("no entry"));
  EXPECT_EQ(verdict("x").result, ProofResult::refuted);
  EXPECT_EQ(verdict("{}").result, ProofResult::refuted);
}

}  // namespace
}  // namespace portcullis::audit
