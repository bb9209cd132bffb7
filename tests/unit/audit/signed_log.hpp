// A signed log of two segments, its key and its anchors, for what must hold of signatures.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "audit/format.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit::testing {

using portcullis::testing::named_key;

inline std::string vkey_of(const NamedKey& key) {
  return vkey_text(key.name, key.key.public_key());
}

inline VerifierKey public_of(const NamedKey& key) {
  return read_vkey(vkey_of(key)).value();
}

class SignedLog : public ::testing::Test {
 protected:
  // Batches end at 2, 3, 5, 7 | 9, 10, 11; notes at 2, 5, 7 | 9, 11.
  SignedLog() {
    forger_.start(vkey_of(key_));
    sign().add(session("login")).add(decision("select 1"), false).add(decision("select 2"));
    sign().add(outcome(3), false).add(outcome(4));
    sign();
    next_segment();
    forger_.add(decision("select 3"));
    sign().add(outcome(8)).add(close_draft(forger_.context()));
    sign();
    keep_segment();
    options_ = {{public_of(key_)}, {}};
    anchor(notes_.at(11));
  }

  // A note of the log so far, kept by its size too.
  Forger& sign(const std::vector<const NamedKey*>& keys) {
    notes_[forger_.next_index()] = forger_.note(keys);
    return forger_.sign(keys);
  }
  Forger& sign() { return sign({now_}); }

  // Ends the segment and begins one more, with an open batch.
  void next_segment() {
    keep_segment();
    first_ = forger_.next_index();
    forger_.begin_segment();
    forger_.add(segment_draft(forger_.context(), "b0", vkey_of(*now_)), false);
  }
  void keep_segment() {
    files_[segment_name(first_)] = forger_.bytes();
    if (!forger_.notes().empty()) files_[notes_name(first_)] = forger_.notes();
  }
  // Another log in place of that one, with another start of its own, signed by `key`.
  void begin_again(const NamedKey& key) {
    files_.clear();
    notes_.clear();
    first_ = 0;
    now_ = &key;
    forger_ = Forger();
    forger_.start(vkey_of(key));
  }
  // Another key signs from here on: the entry, in a batch of its own.
  void change_key(const NamedKey& next) {
    forger_.add(key_draft(forger_.context(), vkey_of(*now_), vkey_of(next)));
    now_ = &next;
  }

  // A file outside of the log that holds this, as the only anchor.
  void anchor(const std::string& bytes) {
    options_.anchors.clear();
    add_anchor(bytes);
  }
  void add_anchor(const std::string& bytes) {
    const auto file = elsewhere_ / ("anchor" + std::to_string(options_.anchors.size()));
    write_bytes(file, bytes);
    options_.anchors.push_back(file);
  }

  void save() {
    for (const auto& old : std::filesystem::directory_iterator(directory_.path()))
      std::filesystem::remove_all(old.path());
    for (const auto& [name, bytes] : files_) write_bytes(directory_ / name, bytes);
  }
  VerifyReport report() {
    save();
    return verify(directory_.path(), options_);
  }
  // "notes@7 no anchor@11"; each with its place in the result.
  static std::string told(const VerifyReport& report) {
    std::string out;
    for (const auto& finding : report.findings)
      out += (out.empty() ? "" : " ") + finding.check + "@" + std::to_string(finding.index);
    if ((report.result == VerifyResult::clean) != out.empty()) return "result and findings differ: " + out;
    return out;
  }
  std::string found() { return told(report()); }
  void expect_tampered(const std::string& findings) {
    const auto said = report();
    EXPECT_EQ(told(said), findings) << explain(said);
    EXPECT_EQ(said.result, VerifyResult::tampered);
  }
  void expect_incomplete(const std::string& findings) {
    const auto said = report();
    EXPECT_EQ(told(said), findings) << explain(said);
    EXPECT_EQ(said.result, VerifyResult::incomplete);
  }
  void expect_clean() {
    const auto said = report();
    EXPECT_EQ(told(said), "") << explain(said);
    EXPECT_EQ(said.result, VerifyResult::clean);
  }

  std::string& notes(std::uint64_t first) { return files_.at(notes_name(first)); }
  std::string& entries(std::uint64_t first) { return files_.at(segment_name(first)); }

  const NamedKey key_ = named_key(1), other_ = named_key(2), third_ = named_key(3);
  const NamedKey* now_ = &key_;
  Forger forger_;
  std::uint64_t first_ = 0;
  std::map<std::string, std::string> files_;
  std::map<std::uint64_t, std::string> notes_;  // by size
  TemporaryDirectory directory_, elsewhere_;
  VerifyOptions options_;
};

}  // namespace portcullis::audit::testing
