// A verifier that gets no memory says so, and never that a log is clean. In this file since it takes the
// place of operator new in all tests of this binary, where it does what it always does unless a test here
// says so.
#include <gtest/gtest.h>

#include "audit/verify_in_stretches.hpp"
#include "tests/unit/audit/scarce_memory.hpp"
#include "tests/unit/audit/signed_log.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class VerifyMemory : public SignedLog {
 protected:
  // Without memory to list a directory, the library ends the process: so many allocations come before the
  // first entry is read.
  void count_before_entries() {
    const auto rename = [this](std::uint64_t from, std::uint64_t to) {
      auto file = files_.extract(segment_name(from));
      file.key() = segment_name(to);
      files_.insert(std::move(file));
    };
    rename(0, 1);
    save();
    {
      constexpr std::int64_t many = 1'000'000;
      const ScarceMemory counted(many);
      auto options = options_;
      options.threads = 1;  // others would go on reading meanwhile
      static_cast<void>(verify_in_stretches(directory_.path(), options, {}, 0));
      before_entries_ = many - counted.left();
    }
    rename(1, 0);
  }
  std::int64_t before_entries_ = 0;

  VerifyReport with_memory_for(std::int64_t allocations, unsigned threads) {
    auto options = options_;
    options.threads = threads;
    const ScarceMemory scarce(allocations);
    return verify_in_stretches(directory_.path(), options, {}, 300);
  }
};

TEST_F(VerifyMemory, WithoutItNothingIsSaidToBeClean) {
  count_before_entries();
  save();
  for (const unsigned threads : {1u, 3u}) {
    int incomplete = 0, clean = 0;
    for (std::int64_t allocations = before_entries_; clean < 3 && allocations < 100'000; ++allocations) {
      const auto said = with_memory_for(allocations, threads);
      ASSERT_NE(said.result, VerifyResult::tampered) << allocations << explain(said);
      if (said.result == VerifyResult::clean) {
        // Whatever failed was not needed.
        ASSERT_EQ(told(said), "") << allocations;
        ASSERT_EQ(said.entries, 11u);
        ASSERT_EQ(said.anchored, 11u);
        ++clean;
        continue;
      }
      ++incomplete;
      ASSERT_EQ(said.findings.back().check, "read") << allocations << explain(said);
    }
    EXPECT_GT(incomplete, 100);
    EXPECT_EQ(clean, 3);
  }
}

TEST_F(VerifyMemory, WhatWasFoundBeforeStays) {
  entries(7).back() = 'x';
  entries(0).at(40) = 'x';
  files_["00000000000000000003.notes"] = "";  // the first thing that is found
  count_before_entries();
  save();
  bool both = false;
  for (std::int64_t allocations = before_entries_; !both && allocations < 10'000; ++allocations) {
    const auto said = with_memory_for(allocations, 2);
    both = said.findings.size() == 2 && said.findings[0].check == "notes" && said.findings[1].check == "read";
    if (!said.findings.empty() && said.findings[0].check == "notes") {
      EXPECT_EQ(said.result, VerifyResult::tampered);
    }
  }
  EXPECT_TRUE(both);
}

}  // namespace
}  // namespace portcullis::audit
