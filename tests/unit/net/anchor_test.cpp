#include "net/anchors.hpp"

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>

#include "audit/anchor_progress.hpp"
#include "net/child_process.hpp"

namespace portcullis::net {
namespace {

using namespace std::chrono_literals;
using audit::AnchorProgress;
using Require = AnchorOptions::Require;
using ::testing::ElementsAre;

// --- how far behind

TEST(AnchorProgress, IsBehindWhenACheckpointWasNotTakenInTime) {
  const AnchorProgress::Time start{};
  AnchorProgress progress(10s);
  EXPECT_FALSE(progress.is_behind(start + 1h)) << "there is nothing to take";
  progress.signed_at(start, 5);
  EXPECT_FALSE(progress.is_behind(start + 10s));
  EXPECT_TRUE(progress.is_behind(start + 11s));
  progress.signed_at(start + 9s, 6);
  EXPECT_TRUE(progress.is_behind(start + 11s)) << "a later one does not excuse the first";
  progress.taken(start + 11s, 6);
  EXPECT_FALSE(progress.waits());
  EXPECT_EQ(progress.size(), 6u);
}

TEST(AnchorProgress, WaitsOnForWhatWasSignedWhileItTookOne) {
  const AnchorProgress::Time start{};
  AnchorProgress progress(10s);
  progress.signed_at(start, 5);
  progress.signed_at(start + 3s, 6);
  progress.taken(start + 2s, 5);
  EXPECT_TRUE(progress.waits());
  EXPECT_EQ(progress.behind_from(), start + 12s);
  progress.signed_at(start + 4s, 6);
  progress.taken(start + 5s, 6);
  EXPECT_FALSE(progress.behind_from());
}

// --- one place

class FakePlace final : public AnchorPlace {
 public:
  explicit FakePlace(std::atomic<bool>& fails, std::atomic<std::uint64_t>& size)
      : fails_(fails), size_(size) {}
  base::Result<void> put(const std::string& note, std::uint64_t size) override {
    EXPECT_EQ(note, "note " + std::to_string(size) + "\n");
    if (fails_) return base::Error{base::sqlstate::io_error, "the place is gone"};
    size_ = size;
    return {};
  }

 private:
  std::atomic<bool>& fails_;
  std::atomic<std::uint64_t>& size_;
};

class AnchorTest : public ::testing::Test {
 protected:
  std::unique_ptr<Anchor> anchor(Require require, std::chrono::milliseconds within) {
    return std::make_unique<Anchor>(AnchorOptions{"far", require, within},
                                    std::make_unique<FakePlace>(fails_, size_),
                                    [this](audit::AnchorRecord entry) {
                                      if (refuses_) return false;
                                      const std::scoped_lock lock(mutex_);
                                      told_.push_back(entry.state + " " + entry.reason);
                                      return true;
                                    });
  }
  static void publish(Anchor& anchor, std::uint64_t size) {
    anchor.publish("note " + std::to_string(size) + "\n", size);
  }
  template <class Test>
  static bool becomes(Test test) {
    for (int i = 0; i < 10'000 && !test(); ++i) std::this_thread::sleep_for(1ms);
    return test();
  }
  std::vector<std::string> told() {
    const std::scoped_lock lock(mutex_);
    return told_;
  }

  std::atomic<bool> fails_{false}, refuses_{false};
  std::atomic<std::uint64_t> size_{0};
  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(AnchorTest, BringsWhatIsNewest) {
  const auto there = anchor(Require::deny, 60s);
  publish(*there, 3);
  EXPECT_TRUE(becomes([&] { return size_ == 3; }));
  publish(*there, 4);
  publish(*there, 7);
  EXPECT_TRUE(becomes([&] { return size_ == 7; }));
  EXPECT_FALSE(there->objection(true));
  EXPECT_THAT(told(), ElementsAre());
}

TEST_F(AnchorTest, ObjectsWhileItIsBehindAndSaysSoOnce) {
  fails_ = true;
  const auto there = anchor(Require::deny_changes, 50ms);
  publish(*there, 3);
  EXPECT_FALSE(there->objection(true)) << "it has some time";
  EXPECT_TRUE(becomes([&] { return there->objection(true).has_value(); }));
  EXPECT_EQ(there->objection(true)->code, base::sqlstate::io_error);
  EXPECT_FALSE(there->objection(false)) << "reads go on";
  EXPECT_TRUE(becomes([&] { return told().size() == 1; }));
  publish(*there, 4);
  fails_ = false;
  EXPECT_TRUE(becomes([&] { return told().size() == 2; }));
  EXPECT_THAT(told(), ElementsAre("failed the place is gone", "restored "));
  EXPECT_FALSE(there->objection(true));
  EXPECT_EQ(size_, 4u);
}

// A bug of ours in one place ends neither the gate nor the trying.
TEST_F(AnchorTest, TakesAnExceptionForATryThatFailed) {
  class Throwing final : public AnchorPlace {
   public:
    explicit Throwing(std::atomic<int>& tries) : tries_(tries) {}
    base::Result<void> put(const std::string&, std::uint64_t) override {
      if (tries_++ < 1) throw std::runtime_error("no memory");
      return {};
    }

   private:
    std::atomic<int>& tries_;
  };
  std::atomic<int> tries{0};
  Anchor there({"far", Require::deny, 1ms}, std::make_unique<Throwing>(tries),
               [this](audit::AnchorRecord entry) {
                 const std::scoped_lock lock(mutex_);
                 told_.push_back(entry.state + " " + entry.reason);
                 return true;
               });
  publish(there, 3);
  EXPECT_TRUE(becomes([&] { return told().size() == 2; }));
  EXPECT_THAT(told(), ElementsAre("failed an unexpected error: no memory", "restored "));
  EXPECT_EQ(tries, 2);
  EXPECT_FALSE(there.objection(true));
}

TEST_F(AnchorTest, TellsAgainWhatCouldNotBeRecorded) {
  fails_ = refuses_ = true;
  const auto there = anchor(Require::deny_changes, 50ms);
  publish(*there, 3);
  EXPECT_TRUE(becomes([&] { return there->objection(true).has_value(); }));
  std::this_thread::sleep_for(100ms);
  EXPECT_THAT(told(), ElementsAre());
  refuses_ = false;
  EXPECT_TRUE(becomes([&] { return told().size() == 1; }));
  EXPECT_THAT(told(), ElementsAre("failed the place is gone"));
}

TEST_F(AnchorTest, ObjectsWhileNothingCanBeSigned) {
  const auto there = anchor(Require::deny_changes, 50ms);
  publish(*there, 3);
  EXPECT_TRUE(becomes([&] { return size_ == 3; }));
  there->held_up();
  there->held_up();
  EXPECT_TRUE(becomes([&] { return told().size() == 1; }));
  EXPECT_TRUE(there->objection(true));
  publish(*there, 4);
  EXPECT_TRUE(becomes([&] { return told().size() == 2; }));
  EXPECT_FALSE(there->objection(true));
  EXPECT_THAT(
      told(),
      ElementsAre("failed the disk is too full for the audit log's checkpoints, or too many files are open",
                  "restored "));
}

TEST(Anchors, FinishAllAtOnce) {
  class Slow final : public AnchorPlace {
    base::Result<void> put(const std::string&, std::uint64_t) override {
      std::this_thread::sleep_for(300ms);
      return base::Error{base::sqlstate::io_error, "it hangs"};
    }
  };
  Anchors anchors;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    anchors.add({name, Require::alert, 60s}, std::make_unique<Slow>());
  anchors.publish("note 3\n", 3);
  const auto begin = std::chrono::steady_clock::now();
  anchors.finish();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);  // twice 300 ms, and not six times that
}

TEST_F(AnchorTest, AlertsWithoutHoldingAnythingBack) {
  fails_ = true;
  const auto there = anchor(Require::alert, 1ms);
  publish(*there, 3);
  EXPECT_TRUE(becomes([&] { return told().size() == 1; }));
  EXPECT_FALSE(there->objection(true));
}

TEST_F(AnchorTest, DenyHoldsReadsBackToo) {
  fails_ = true;
  const auto there = anchor(Require::deny, 1ms);
  publish(*there, 3);
  EXPECT_TRUE(becomes([&] { return there->objection(false).has_value(); }));
}

TEST_F(AnchorTest, TriesOnceMoreAtTheEnd) {
  fails_ = true;
  const auto there = anchor(Require::alert, 60s);
  publish(*there, 3);
  std::this_thread::sleep_for(20ms);
  fails_ = false;
  there->finish();
  EXPECT_EQ(size_, 3u);
}

// --- files and commands

class AnchorPlaces : public ::testing::Test {
 protected:
  ~AnchorPlaces() override { std::filesystem::remove_all(folder_); }
  std::string content(const std::string& name) {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "portcullis-anchor-XXXXXX").string();
    return ::mkdtemp(name.data());
  }
  std::filesystem::path folder_ = make_folder();
};

TEST_F(AnchorPlaces, AFileIsAppendedTo) {
  const auto file = folder_ / "notes";
  std::ofstream(file) << "torn";
  const auto place = anchor_file(file);
  ASSERT_TRUE(place->put("a\n", 1));
  ASSERT_TRUE(place->put("b\n", 2));
  EXPECT_EQ(content("notes"), "torn\n\na\n\nb\n\n");
  std::filesystem::rename(file, folder_ / "old");
  ASSERT_TRUE(place->put("c\n", 3));
  EXPECT_EQ(content("notes"), "c\n\n");
}

TEST_F(AnchorPlaces, AFileThatCannotBeWrittenIsAnError) {
  const auto put = anchor_file(folder_ / "missing" / "notes")->put("a\n", 1);
  ASSERT_FALSE(put);
  EXPECT_NE(put.error().message.find("could not open"), std::string::npos);
}

TEST_F(AnchorPlaces, ACommandReadsTheNote) {
  const auto keep = (folder_ / "kept").string();
  const auto place = anchor_command(
      {{"/bin/sh", "-c", "cat > " + keep + "; echo \"$PORTCULLIS_ORIGIN $PORTCULLIS_SIZE\" >> " + keep},
       "gate.example.com",
       folder_ / "out"});
  const auto put = place->put("a\nb\n", 7);
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(content("kept"), "a\nb\ngate.example.com 7\n");
}

TEST_F(AnchorPlaces, ACommandThatHangsLeavesNothingBehind) {
  Program program;
  program.file = "/bin/sh";
  const auto child = (folder_ / "child").string();
  program.arguments = {"-c",
                       "sleep 60 & echo $! > " + child + ".new; mv " + child + ".new " + child + "; wait"};
  program.environment = {"PATH=/usr/bin:/bin"};
  program.leads_group = true;
  EXPECT_FALSE(run_program(program, 2s));
  // Gone, or a zombie that nobody has waited for yet.
  const std::string status = "/proc/" + std::to_string(std::stoi(content("child"))) + "/stat";
  const auto is_gone = [&] {
    std::ifstream file(status);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.empty() || text.find(") Z ") != std::string::npos;
  };
  for (int i = 0; i < 1'000 && !is_gone(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(is_gone());
}

TEST_F(AnchorPlaces, ACommandThatFailsSaysWhy) {
  const auto place = anchor_command({{"/bin/sh", "-c", "echo no bucket; exit 3"}, "x", folder_ / "out"});
  const auto put = place->put("a\n", 1);
  ASSERT_FALSE(put);
  EXPECT_NE(put.error().message.find("status 3: no bucket"), std::string::npos) << put.error().message;
  EXPECT_FALSE(anchor_command({{"/no/such/program"}, "x", folder_ / "out"})->put("a\n", 1));
}

}  // namespace
}  // namespace portcullis::net
