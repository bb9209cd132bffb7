#include "audit/log.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "audit/format.hpp"
#include "audit/read.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;

class LogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Log> open() { return open(options(directory_.path())); }
  std::unique_ptr<Log> open(const LogOptions& with) {
    auto log = Log::open(with, clock_);
    EXPECT_TRUE(log) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }
  std::string refusal(const LogOptions& with) {
    auto log = Log::open(with, clock_);
    return log ? "" : log.error().message;
  }
  VerifyReport verified() { return verify_entries(directory_.path()); }
  std::vector<std::string> lines() {
    std::vector<std::string> found;
    const auto done = for_each_entry(directory_.path(), {}, [&](const EntryReader& entry) {
      found.emplace_back(entry.line());
      return true;
    });
    EXPECT_TRUE(done);
    return found;
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
};

TEST_F(LogTest, BeginsWithSegmentAndOpenAndEndsWithClose) {
  auto log = open();
  EXPECT_EQ(log->durable(), 2u);
  EXPECT_EQ(*log->append(decision("select 1")), 2u);
  log.reset();
  const auto found = lines();
  ASSERT_EQ(found.size(), 4u);
  EXPECT_NE(found[0].find(R"("t":"segment")"), std::string::npos);
  EXPECT_NE(found[1].find(R"("t":"open")"), std::string::npos);
  EXPECT_NE(found[3].find(R"("t":"close")"), std::string::npos);
  EXPECT_TRUE(read_bytes(directory_ / segment_name(0)).ends_with("}\n"));
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  EXPECT_TRUE(report.closed);
  EXPECT_EQ(report.entries, 4u);
  EXPECT_EQ(report.unresolved, 1u);
}

TEST_F(LogTest, FillsWhatIsAheadWithLineFeedsOnly) {
  const auto log = open();
  ASSERT_TRUE(wait_durable(*log, *log->append(decision("select 1")) + 1));
  const std::string bytes = read_bytes(directory_ / segment_name(0));
  const std::size_t end = bytes.rfind('}') + 1;
  EXPECT_GT(bytes.size(), end + 1);
  EXPECT_EQ(bytes.find_first_not_of('\n', end), std::string::npos);
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  EXPECT_FALSE(report.closed);
}

TEST_F(LogTest, GivesEachOfManyThreadsItsPlaceInOneOrder) {
  constexpr std::size_t threads = 8, each = 200;
  auto log = open();
  std::atomic<bool> monotone{true}, stop{false};
  std::thread watcher([&] {
    for (std::uint64_t seen = 0; !stop;) {
      const std::uint64_t now = log->durable();
      if (now < seen) monotone = false;
      seen = now;
    }
  });
  std::vector<std::vector<std::uint64_t>> indexes(threads);
  std::vector<std::thread> workers;
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (std::size_t i = 0; i < each; ++i) {
        const auto index = log->append(decision(std::to_string(t) + ":" + std::to_string(i), t));
        if (!index) return;
        indexes[t].push_back(*index);
        if (i % 16 == 0 && !wait_durable(*log, *index + 1)) return;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  stop = true;
  watcher.join();
  EXPECT_TRUE(monotone);
  log.reset();
  std::vector<std::string> texts(2 + threads * each + 1);
  for (std::size_t t = 0; t < threads; ++t) {
    ASSERT_EQ(indexes[t].size(), each);
    for (std::size_t i = 0; i < each; ++i) {
      texts[indexes[t][i]] = std::to_string(t) + ":" + std::to_string(i);
      EXPECT_TRUE(i == 0 || indexes[t][i] > indexes[t][i - 1]);
    }
  }
  std::uint64_t next = 0;
  const auto done = for_each_entry(directory_.path(), {}, [&](const EntryReader& entry) {
    EXPECT_EQ(entry.index(), next++);
    EXPECT_EQ(entry.text("text"), texts[entry.index()]);
    return true;
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(next, texts.size());
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
}

TEST_F(LogTest, CallsListenersAfterEachBatchWithItsEntriesDurable) {
  auto log = open();
  std::atomic<std::uint64_t> heard{0}, calls{0};
  log->listen([&, raw = log.get()] {
    heard = raw->durable();
    ++calls;
  });
  const std::uint64_t index = *log->append(decision("select 1"));
  ASSERT_TRUE(wait_durable(*log, index + 1));
  log.reset();
  EXPECT_GE(calls, 2u);
  EXPECT_GT(heard, index);
}

TEST_F(LogTest, RotatesAndKeepsTheChain) {
  auto with = options(directory_.path());
  with.segment_bytes = 8 << 10;
  auto log = open(with);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t index = *log->append(decision("select " + std::to_string(i)));
    ASSERT_TRUE(wait_durable(*log, index + 1));
  }
  log.reset();
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  EXPECT_GT(report.segments, 4u);
  EXPECT_EQ(report.decisions, 100u);
  for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
    EXPECT_NE(file.path().filename(), kNextName);
    if (file.path().extension() != ".jsonl") continue;
    EXPECT_LE(file.file_size(), with.segment_bytes);
    EXPECT_TRUE(read_bytes(file.path()).ends_with("}\n"));
  }
}

TEST_F(LogTest, ContinuesTheChainAfterARestart) {
  for (int boot = 0; boot < 4; ++boot) {
    auto log = open();
    ASSERT_TRUE(log->append(decision("select " + std::to_string(boot))));
  }
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  EXPECT_EQ(report.entries, 1u + 4 * 3);
  std::string text;
  for (const auto& line : lines()) text += line;
  EXPECT_EQ(text.find("recovered"), std::string::npos);
}

// Also one that a start goes on with.
TEST_F(LogTest, RotatesByAge) {
  auto with = options(directory_.path());
  with.segment_age = std::chrono::hours{1};
  const auto write = [&](Log& log) {
    const std::uint64_t index = *log.append(decision("select 1"));
    ASSERT_TRUE(wait_durable(log, index + 1));
  };
  auto log = open(with);
  write(*log);
  clock_.micros += 3'599'000'000;
  write(*log);
  log.reset();
  EXPECT_EQ(verified().segments, 1u);
  clock_.micros += 2'000'000;
  log = open(with);
  write(*log);  // the next segment is made ready behind it
  for (int i = 0; i < 100 && !std::filesystem::exists(directory_ / std::string(kNextName)); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  write(*log);
  log.reset();
  const auto report = verified();
  EXPECT_EQ(report.segments, 2u);
  EXPECT_NE(report.result, VerifyResult::tampered) << explain(report);
}

TEST_F(LogTest, KeepsTheTreeOverRestarts) {
  auto with = options(directory_.path());
  with.segment_bytes = 8 << 10;
  for (int boot = 0; boot < 3; ++boot) {
    auto log = open(with);
    for (int i = 0; i < 40; ++i) {
      const std::uint64_t index = *log->append(decision("select 1"));
      ASSERT_TRUE(wait_durable(*log, index + 1));
    }
  }
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
  EXPECT_GT(report.segments, 6u);
}

TEST_F(LogTest, RefusesASecondWriter) {
  const auto log = open();
  EXPECT_NE(refusal(options(directory_.path())).find("is open in another process"), std::string::npos);
}

TEST_F(LogTest, RefusesAnotherOriginAndSaysWhich) {
  open().reset();
  auto with = options(directory_.path());
  with.origin = "other.example.com/x";
  const std::string message = refusal(with);
  EXPECT_NE(message.find("\"audit.example.com/pg-prod-1\", which is fixed"), std::string::npos) << message;
  EXPECT_EQ(verified().result, VerifyResult::clean);
}

TEST_F(LogTest, RefusesOriginsThatCannotNameANote) {
  for (const char* bad : {"", "a b", "a+b", "a#b", "gr\xc3\xbc\xc3\x9f", "a\"b", "a\nb"}) {
    auto with = options(directory_.path());
    with.origin = bad;
    EXPECT_NE(refusal(with).find("cannot be the audit log's origin"), std::string::npos) << bad;
  }
}

TEST_F(LogTest, BeatsWhenIdle) {
  auto with = options(directory_.path());
  with.heartbeat = std::chrono::milliseconds(5);
  auto log = open(with);
  ASSERT_TRUE(wait_durable(*log, 4));
  log.reset();
  const auto found = lines();
  EXPECT_NE(found[2].find(R"("t":"heartbeat")"), std::string::npos) << found[2];
  EXPECT_NE(found[3].find(R"("t":"heartbeat")"), std::string::npos) << found[3];
  EXPECT_EQ(verified().result, VerifyResult::clean);
}

TEST_F(LogTest, TakesEntriesOfManyMegabytes) {
  auto with = options(directory_.path());
  with.queue_bytes = std::uint64_t{64} << 20;
  auto log = open(with);
  const std::string huge((std::size_t{15} << 20) + 123, 'x');
  ASSERT_TRUE(log->append(decision("before")));
  ASSERT_TRUE(log->append(decision(huge)));
  ASSERT_TRUE(log->append(decision("after")));
  log.reset();
  std::vector<std::size_t> lengths;
  ASSERT_TRUE(for_each_entry(directory_.path(), {0, UINT64_MAX, EntryType::decision, "", ""},
                             [&](const EntryReader& entry) {
                               lengths.push_back(entry.text("text").size());
                               return true;
                             }));
  EXPECT_EQ(lengths, (std::vector<std::size_t>{6, huge.size(), 5}));
  open(with).reset();
  const auto report = verified();
  EXPECT_EQ(report.result, VerifyResult::clean) << explain(report);
}

TEST_F(LogTest, RefusesADecisionLargerThanTheQueueAndTakesAnOutcome) {
  auto with = options(directory_.path());
  with.queue_bytes = 4 << 10;
  const auto log = open(with);
  const auto refused = log->append(decision(std::string(5000, 'x')));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::sqlstate::configuration_limit_exceeded);
  const auto taken = log->append(decision("select 1"));
  ASSERT_TRUE(taken);
  OutcomeRecord large = outcome(*taken);
  large.tags.assign(300, "INSERT 0 1000000");
  const auto index = log->append(large);
  ASSERT_TRUE(index);
  EXPECT_TRUE(wait_durable(*log, *index + 1));
}

TEST_F(LogTest, KeepsItsDirectoryAndFilesToItself) {
  auto with = options(directory_ / "made");
  open(with).reset();
  using std::filesystem::perms;
  const auto mode = [](const std::filesystem::path& path) {
    return std::filesystem::status(path).permissions() & perms::mask;
  };
  EXPECT_EQ(mode(with.directory), perms::owner_all);
  for (const auto& file : std::filesystem::directory_iterator(with.directory)) {
    EXPECT_EQ(mode(file.path()), perms::owner_read | perms::owner_write) << file.path();
  }
}

}  // namespace
}  // namespace portcullis::audit
