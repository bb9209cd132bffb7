// What the next start makes of a log that was cut short or changed.
#include "audit/recover.hpp"

#include <gtest/gtest.h>

#include "audit/format.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class Recover : public ::testing::Test {
 protected:
  base::Result<std::unique_ptr<Log>> open() { return Log::open(options(directory_.path()), clock_); }
  void save(std::string_view bytes, std::uint64_t first = 0) {
    write_bytes(directory_ / segment_name(first), bytes);
  }
  std::string refusal() {
    const auto log = open();
    return log ? "" : log.error().message;
  }
  // The number of entries in the batches that are whole in the first `cut` bytes, or but for their last line
  // feed; and of the decisions and outcomes behind them.
  static std::uint64_t whole_entries(const std::string& bytes, std::size_t cut, bool feed_follows) {
    std::uint64_t entries = 0, whole = 0;
    const auto is_of = [](const std::string& line, const char* type) {
      return line.find(std::string("\"t\":\"") + type) != std::string::npos;
    };
    for (std::size_t at = 0, end; (end = bytes.find('\n', at)) != std::string::npos; at = end + 1) {
      if (end + (feed_follows ? 0 : 1) > cut) break;
      ++entries;
      const std::string line = bytes.substr(at, end - at);
      const bool follows = whole + 1 == entries && whole > 0;
      if (line.find("\"e\":\"") != std::string::npos) whole = entries;
      if (follows && (is_of(line, "decision") || is_of(line, "outcome"))) whole = entries;
    }
    return whole;
  }
  void expect_clean() {
    const auto report = verify_entries(directory_.path());
    EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
};

Forger small_log() {
  Forger forger;
  forger.start();
  forger.add(decision("select 1"), false).add(decision("select 2"));
  forger.add(outcome(2), false).add(outcome(3), false).add(decision("select 3"));
  return forger;
}

TEST_F(Recover, CutsATornTailAtEveryByteAndKeepsWhatIsWhole) {
  const std::string bytes = small_log().bytes();
  for (const bool filled : {false, true}) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      const std::string kept = bytes.substr(0, cut);
      FakeDisk disk;
      disk.hold(segment_name(0), filled ? kept + std::string(600, '\n') : kept);
      {
        const auto log = Log::open(options("memory"), clock_, disk.storage());
        ASSERT_TRUE(log) << cut << ": " << log.error().message;
        // recovered and open follow; a log that had no whole batch begins again, with a segment entry.
        const std::uint64_t whole = whole_entries(bytes, cut, filled);
        const std::uint64_t more = whole == 0 ? (kept.empty() ? 2 : 3) : 2;
        ASSERT_EQ((*log)->durable(), whole + more) << cut;
      }
      disk.copy_to(directory_.path());
      const auto report = verify_entries(directory_.path());
      ASSERT_EQ(report.result, VerifyResult::clean) << cut << explain(report);
    }
  }
}

TEST_F(Recover, SaysHowManyBytesItDropped) {
  Forger forger = small_log();
  const std::size_t end = forger.bytes().size();
  forger.add(decision("select torn"), false);
  const std::size_t torn = forger.bytes().size() - end - 10;
  save(forger.bytes().substr(0, end + torn) + std::string(100, '\n'));
  open().value().reset();
  EXPECT_NE(read_bytes(directory_ / segment_name(0)).find("\"dropped\":" + std::to_string(torn)),
            std::string::npos);
  expect_clean();
}

TEST_F(Recover, TakesLostSectorsInTheLastBatchForATornTail) {
  Forger forger = small_log();
  const std::size_t end = forger.bytes().size();
  for (int i = 0; i < 12; ++i) forger.add(decision("select " + std::string(300, 'x')), i == 11);
  const std::string bytes = forger.bytes() + std::string(4096, '\n');
  for (std::size_t sector = end / 512; sector < forger.bytes().size() / 512; ++sector) {
    std::string torn = bytes;
    const std::size_t from = std::max(sector * 512, end);
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(from),
              torn.begin() + static_cast<std::ptrdiff_t>((sector + 1) * 512), '\n');
    save(torn);
    const auto log = open();
    ASSERT_TRUE(log) << sector << ": " << log.error().message;
    const auto before =
        static_cast<std::uint64_t>(std::count(torn.begin() + static_cast<std::ptrdiff_t>(end),
                                              torn.begin() + static_cast<std::ptrdiff_t>(from), '\n'));
    EXPECT_EQ((*log)->durable(), 9 + before) << sector;
  }
}

TEST_F(Recover, TakesAFillThatTheDiskLostForNothing) {
  save(small_log().bytes() + std::string(300, '\n') + std::string(5000, '\0'));
  open().value().reset();
  expect_clean();
}

TEST_F(Recover, RefusesALaterBatchBehindATornOne) {
  Forger forger = small_log();
  const std::size_t end = forger.bytes().size();
  forger.add(decision("select torn " + std::string(600, 'x')));
  const std::size_t next = forger.bytes().size();
  forger.add(decision("select acknowledged"));
  std::string bytes = forger.bytes();
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(end) + 30,
            bytes.begin() + static_cast<std::ptrdiff_t>(next), '\n');
  save(bytes);
  const std::string message = refusal();
  EXPECT_NE(message.find("is damaged: 00000000000000000000.jsonl, line"), std::string::npos) << message;
  EXPECT_NE(message.find("later batch"), std::string::npos) << message;
  EXPECT_EQ(read_bytes(directory_ / segment_name(0)), bytes);
}

// A change inside the last batch is not what a crash leaves, unless it makes the line look cut off.
TEST_F(Recover, NeverGoesOnFromAChangedByteWithoutSayingSo) {
  const std::string good = small_log().bytes();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    FakeDisk disk;
    disk.hold(segment_name(0), bad + std::string(100, '\n'));
    const auto log = Log::open(options("memory"), clock_, disk.storage());
    if (!log) {
      ++refused;
      EXPECT_EQ(log.error().code, base::sqlstate::io_error);
      continue;
    }
    // It was cut: then a `recovered` entry says that bytes were dropped.
    const std::string after = disk.bytes_of(segment_name(0));
    EXPECT_NE(after.find("\"t\":\"recovered\""), std::string::npos) << at;
    EXPECT_EQ(after.find("\"dropped\":0"), std::string::npos) << at;
  }
  EXPECT_GT(refused, good.size() * 99 / 100);
}

TEST_F(Recover, DoesNotCallACleanEndACrash) {
  for (int i = 0; i < 2; ++i) open().value().reset();
  const std::string bytes = read_bytes(directory_ / segment_name(0));
  // The crash came between `close` and cutting the line feeds behind it.
  save(bytes + std::string(4096, '\n'));
  open().value().reset();
  EXPECT_EQ(read_bytes(directory_ / segment_name(0)).find("recovered"), std::string::npos);
  expect_clean();
}

class RecoverSegments : public Recover {
 protected:
  RecoverSegments() {
    forger_ = small_log();
    first_ = forger_.bytes();
    forger_.begin_segment();
    forger_.add(segment_draft(forger_.context(), "b0"), false).add(decision("select 4"));
    second_ = forger_.bytes();
    forger_.begin_segment();
    forger_.add(segment_draft(forger_.context(), "b0"), false).add(decision("select 5"));
    third_ = forger_.bytes();
    save(first_);
    save(second_, 7);
    save(third_, 9);
  }
  Forger forger_;
  std::string first_, second_, third_;
};

TEST_F(RecoverSegments, GoesOnBehindTheLast) {
  {
    const auto log = open();
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ((*log)->durable(), 13u);
  }
  expect_clean();
}

TEST_F(RecoverSegments, RemovesOneThatWasNeverBegun) {
  for (const std::string& unborn :
       {std::string(), std::string(4096, '\n'), third_.substr(0, 50) + std::string(99, '\n')}) {
    save(first_);
    save(second_, 7);
    save(unborn, 9);
    write_bytes(directory_ / std::string(kNextName), "\n\n\n");
    {
      const auto log = open();
      ASSERT_TRUE(log) << log.error().message;
      EXPECT_EQ((*log)->durable(), 11u);
    }
    EXPECT_FALSE(std::filesystem::exists(directory_ / segment_name(9)));
    expect_clean();
  }
}

TEST_F(RecoverSegments, RefusesWhenOneIsMissingOrRenamed) {
  std::filesystem::remove(directory_ / segment_name(7));
  EXPECT_NE(refusal().find("is damaged"), std::string::npos);
  save(second_, 8);
  EXPECT_NE(refusal().find("is damaged"), std::string::npos);
  std::filesystem::remove(directory_ / segment_name(8));
  std::filesystem::remove(directory_ / segment_name(0));
  EXPECT_NE(refusal().find("segments before it are missing"), std::string::npos);
}

TEST_F(RecoverSegments, RefusesWhenAnEarlierOneDoesNotEndAsTheNextBegins) {
  save(second_.substr(0, second_.size() - 1), 7);
  EXPECT_NE(refusal().find("is damaged"), std::string::npos);
  save(second_ + "\n", 7);
  EXPECT_NE(refusal().find("is damaged"), std::string::npos);
  std::string changed = second_;
  changed.replace(changed.find("select 4"), 8, "select 6");
  save(changed, 7);
  EXPECT_NE(refusal().find("is damaged"), std::string::npos);
  save(second_ + std::string(4096, '\n'), 7);
  save("", 9);
  EXPECT_NE(refusal().find("does not end with an entry"), std::string::npos);
  save(second_.substr(0, second_.size() - 30), 7);
  save(std::string(100, '\n'), 9);
  EXPECT_NE(refusal().find("is damaged"), std::string::npos);
}

// The end of an earlier segment is read from somewhere within it, which may be just where a line ends.
TEST_F(RecoverSegments, GoesOnWhereverTheLinesOfAnEarlierOneBegin) {
  const std::size_t line = small_log().bytes().size();  // more than its longest one
  for (std::size_t more = 0; more < line; ++more) {
    Forger forger;
    forger.start();
    for (int i = 0; i < 8; ++i) forger.add(decision("select " + std::string(i == 6 ? more : 100, 'x')));
    FakeDisk disk;
    disk.hold(segment_name(0), forger.bytes());
    forger.begin_segment();
    forger.add(segment_draft(forger.context(), "b0"), false).add(decision("select 1"));
    disk.add(segment_name(10), forger.bytes());
    const auto log = Log::open(options("memory"), clock_, disk.storage());
    ASSERT_TRUE(log) << more << ": " << log.error().message;
  }
}

TEST_F(RecoverSegments, RefusesAFileThatIsNoSegment) {
  write_bytes(directory_ / "copy.jsonl", "");
  EXPECT_NE(refusal().find("\"copy.jsonl\""), std::string::npos);
}

}  // namespace
}  // namespace portcullis::audit
