// Which key signs, how one follows another, and what becomes of it where somebody else's is put in between.
#include "audit/key_history.hpp"

#include "tests/unit/audit/signed_log.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class KeyHistoryTest : public SignedLog {
 protected:
  KeyHistoryTest() { begin_again(key_); }
  void keep() {
    keep_segment();
    anchor(forger_.note({now_}));
  }
  DraftContext context() const { return forger_.context(); }
  static std::chrono::milliseconds heartbeat() { return kHeartbeat; }
};

// --- changes of the key

TEST_F(KeyHistoryTest, ANewKeyTakesOverUnderTheSignatureOfTheOld) {
  sign();
  change_key(other_);
  sign({&key_, &other_}).add(session("login"));
  sign();
  next_segment();
  forger_.add(close_draft(context())).add(open_draft(context(), "b1", "1", heartbeat(), vkey_of(other_)));
  sign();
  keep();
  expect_clean();
  EXPECT_EQ(report().key, vkey_of(other_));
  options_.keys = {public_of(other_)};
  expect_clean();
  options_.keys = {public_of(third_), public_of(key_)};
  expect_clean();
  options_.keys = {public_of(third_)};
  expect_tampered("key@" + std::to_string(forger_.next_index()));
  EXPECT_FALSE(report().key_is_trusted);
}

TEST_F(KeyHistoryTest, AChangeThatTheOldKeyDidNotSignIsNone) {
  sign();
  change_key(other_);
  sign();
  keep();
  expect_tampered("signature@3 unsigned@3");
}

TEST_F(KeyHistoryTest, AnOldKeySignsOnlyTheFirstNoteBehindTheChange) {
  sign();
  change_key(other_);
  sign({&other_, &key_}).add(session("login"));
  sign({&key_});
  keep();
  expect_tampered("signature@4 unsigned@4");
}

// Peers' failure: whoever has the key of today signs the log of yesterday anew.
TEST_F(KeyHistoryTest, NotesOfBeforeTheChangeAreTheOldKeysAlone) {
  const std::string by_key = forger_.note({&key_});
  sign({&other_});
  change_key(other_);
  sign({&other_, &key_});
  keep();
  expect_tampered("signature@2 unsigned@3");
  EXPECT_EQ(report().covered, 0u);
  notes(0) = by_key + "\n" + notes_.at(3) + "\n";
  expect_clean();
}

TEST_F(KeyHistoryTest, OfTwoChangesWithoutANoteBetweenBothOldKeysSign) {
  sign();
  change_key(other_);
  change_key(third_);
  const std::string good = forger_.note({&key_, &other_, &third_});
  for (const std::vector<const NamedKey*>& too_few :
       {std::vector<const NamedKey*>{&third_, &key_}, {&third_, &other_}, {&key_, &other_}}) {
    files_[notes_name(0)] = notes_.at(2) + "\n" + forger_.note(too_few) + "\n";
    files_[segment_name(0)] = forger_.bytes();
    anchor(good);
    expect_tampered("signature@4 unsigned@4");
  }
  files_[notes_name(0)] = notes_.at(2) + "\n" + good + "\n";
  expect_clean();
}

TEST_F(KeyHistoryTest, OfAsManyChangesAsANoteCanTellEachOldKeySigns) {
  std::vector<NamedKey> keys;
  for (unsigned char i = 20; i < 35; ++i) keys.push_back(named_key(i));
  std::vector<const NamedKey*> signers{&key_};
  for (const NamedKey& key : keys) {
    change_key(key);
    signers.push_back(&key);
  }
  sign(signers);
  keep();
  expect_clean();
  for (std::size_t absent = 0; absent < signers.size(); ++absent) {
    auto too_few = signers;
    too_few.erase(too_few.begin() + static_cast<std::ptrdiff_t>(absent));
    notes(0) = forger_.note(too_few) + "\n";
    expect_tampered("signature@17 unsigned@17");
  }
}

TEST_F(KeyHistoryTest, MoreChangesThanANoteHasSignaturesCannotAllBeSigned) {
  std::vector<NamedKey> keys;
  for (unsigned char i = 20; i < 40; ++i) keys.push_back(named_key(i));
  std::vector<const NamedKey*> signers;
  for (const NamedKey& key : keys) {
    change_key(key);
    signers.push_back(&key);
  }
  signers.erase(signers.begin(), signers.end() - 16);
  sign(signers);
  keep();
  expect_tampered("signature@22 unsigned@22");
}

// The change of a key that a wrong note spoke of is still to be signed: a wrong note covers nothing.
TEST_F(KeyHistoryTest, AWrongNoteEndsNoDebtOfTheOldKey) {
  sign();
  change_key(other_);
  sign();
  next_segment();
  forger_.add(session("login"));
  sign();
  keep();
  expect_tampered("signature@3 signature@5 unsigned@5");
  notes(3) = forger_.note({&key_, &other_}) + "\n";
  expect_tampered("signature@3");
}

TEST_F(KeyHistoryTest, AChangeInATornBatchIsNoneYet) {
  sign();
  keep_segment();
  const std::string whole = forger_.bytes();
  anchor(notes_.at(2));
  forger_.add(key_draft(context(), vkey_of(key_), vkey_of(other_)), false);
  files_[segment_name(0)] = forger_.bytes();
  expect_incomplete("torn tail@3");
  EXPECT_EQ(report().key, vkey_of(key_));
  EXPECT_EQ(report().covered, 2u);
  EXPECT_EQ(report().whole, 2u);
  EXPECT_EQ(report().entries, 3u);
}

// --- what entries say of keys

TEST_F(KeyHistoryTest, EveryStartNamesTheKeyInForce) {
  forger_.add(close_draft(context())).add(open_draft(context(), "b1", "1", heartbeat(), vkey_of(key_)));
  sign();
  keep();
  expect_clean();
  forger_.add(close_draft(context())).add(open_draft(context(), "b2", "1", heartbeat()));
  sign();
  keep();
  expect_tampered("key@5");
  forger_.add(close_draft(context())).add(open_draft(context(), "b3", "1", heartbeat(), vkey_of(key_)));
  sign();
  keep();
  expect_tampered("key@5");
}

TEST_F(KeyHistoryTest, AStartWithAnotherKeyIsFoundAndItsKeyHasNoTrust) {
  sign();
  forger_.add(close_draft(context())).add(open_draft(context(), "b1", "1", heartbeat(), vkey_of(other_)));
  sign({&other_});
  now_ = &other_;
  keep();
  expect_tampered("key@3 key@4");
  options_.keys = {public_of(other_)};
  expect_tampered("key@3");
}

TEST_F(KeyHistoryTest, ASegmentNamesTheKeyInForceBeforeIt) {
  for (const std::string& told : {std::string(), vkey_of(other_), std::string("no key"),
                                  vkey_of(named_key(1, "other.example.com/x"))}) {
    begin_again(key_);
    sign();
    keep_segment();
    forger_.begin_segment();
    forger_.add(segment_draft(context(), "b0", told), false).add(session("login"));
    now_ = told == vkey_of(other_) ? &other_ : &key_;
    sign();
    first_ = 2;
    keep();
    const bool goes_on_from_it = told == vkey_of(other_);
    expect_tampered(goes_on_from_it ? "key@2 key@4" : "key@2");
  }
}

TEST_F(KeyHistoryTest, TheFirstSegmentNamesNone) {
  forger_ = Forger();
  forger_.add(segment_draft(context(), "b0", vkey_of(key_)), false);
  forger_.add(open_draft(context(), "b0", "1", heartbeat(), vkey_of(key_)));
  sign();
  keep();
  expect_tampered("key@0");
}

TEST_F(KeyHistoryTest, KeysAreThoseOfTheLog) {
  for (const std::string& told : {std::string("no key"), vkey_of(named_key(1, "other.example.com/x"))}) {
    forger_ = Forger();
    forger_.start(told);
    keep_segment();
    files_.erase(notes_name(0));
    expect_tampered("key@1 key@2 anchor@2");
    forger_ = Forger();
    forger_.start(vkey_of(key_));
    forger_.add(key_draft(context(), vkey_of(key_), told));
    files_ = {{segment_name(0), forger_.bytes()}, {notes_name(0), forger_.note({&key_}) + "\n"}};
    anchor(forger_.note({&key_}));
    expect_tampered("key@2");
  }
}

TEST_F(KeyHistoryTest, OnlyTheKeyInForceCanBeReplaced) {
  sign();
  forger_.add(key_draft(context(), vkey_of(third_), vkey_of(other_)));
  sign({&third_, &other_});
  now_ = &other_;
  keep();
  options_.keys = {public_of(key_)};
  expect_tampered("key@2 key@3");
  options_.keys = {public_of(other_)};
  expect_tampered("key@2");
}

TEST_F(KeyHistoryTest, WhereNoKeyIsInForceNoneIsReplaced) {
  forger_ = Forger();
  forger_.start();
  forger_.add(key_draft(context(), vkey_of(key_), vkey_of(other_)));
  sign({&key_, &other_});
  now_ = &other_;
  keep();
  expect_tampered("key@2 key@3");
}

TEST_F(KeyHistoryTest, ASignedLogCannotBecomeOneThatIsNot) {
  files_.clear();
  forger_ = Forger();
  forger_.start();
  files_[segment_name(0)] = forger_.bytes();
  expect_tampered("key@2 anchor@2");
  EXPECT_EQ(report().key, "");
}

}  // namespace
}  // namespace portcullis::audit
