// Files of keys on a disk: who may use them, what is never overwritten, what a crash leaves.
#include "audit/sealing_folder.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>

#include "audit/format.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/audit/sealing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::sealing_keys;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kName = "00000000000000000003.sealing";

class SealingFolderTest : public ::testing::Test {
 protected:
  [[nodiscard]] SealingFolder make() const {
    auto made = SealingFolder::make(path_);
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  static mode_t mode_of(const std::filesystem::path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 07777u;
  }
  [[nodiscard]] std::string bytes_of(const std::string& name) const { return outside_.read("keys/" + name); }
  void put(const std::string& name, std::string_view bytes, mode_t mode = 0600) const {
    outside_.write("keys/" + name, bytes, mode);
  }
  static std::string text_of(const SealingKeys& keys) { return std::string(sealing_text(keys).reveal()); }

  portcullis::testing::TemporaryFolder outside_;
  std::filesystem::path path_ = outside_.path() / "keys";
};

TEST_F(SealingFolderTest, IsMadeForItsOwnerAlone) {
  const auto before = ::umask(0);
  const auto folder = make();
  ASSERT_TRUE(folder.create(sealing_keys()));
  ::umask(before);
  EXPECT_EQ(mode_of(path_), 0700u);
  EXPECT_EQ(mode_of(path_ / kName), 0600u);
  EXPECT_THAT(files(), ElementsAre(kName));
  EXPECT_EQ(bytes_of(kName), text_of(sealing_keys()));
}

TEST_F(SealingFolderTest, GivesBackWhatWasPutIntoIt) {
  const auto folder = make();
  ASSERT_TRUE(folder.create(sealing_keys(30)));
  ASSERT_TRUE(folder.create(sealing_keys(4)));
  const auto reader = SealingFolder::open(path_.string() + "/");
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_THAT(reader->epochs().value(), ElementsAre(4u, 30u));
  const auto read = reader->read(30);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(text_of(*read), text_of(sealing_keys(30)));
}

TEST_F(SealingFolderTest, IsNotMadeByReaders) {
  EXPECT_FALSE(SealingFolder::open(path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(SealingFolder::make(path_ / "two" / "deep"));
}

TEST_F(SealingFolderTest, IsRefusedWhereOthersMayUseIt) {
  ASSERT_TRUE(make().create(sealing_keys()));
  for (const mode_t mode : {0750u, 0701u, 0720u}) {
    ::chmod(path_.c_str(), mode);
    for (const auto& opened : {SealingFolder::make(path_), SealingFolder::open(path_)}) {
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, base::sqlstate::config_file_error);
      EXPECT_THAT(opened.error().message, HasSubstr("chmod 700"));
    }
  }
  ::chmod(path_.c_str(), 0700);
  for (const mode_t mode : {0640u, 0604u, 0620u}) {
    ::chmod((path_ / kName).c_str(), mode);
    const auto read = make().read(3);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("chmod 600"));
  }
}

TEST_F(SealingFolderTest, IsRefusedWhereItBelongsToAnother) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_TRUE(make().create(sealing_keys()));
  ASSERT_EQ(::chown((path_ / kName).c_str(), 12'345, 0), 0);
  EXPECT_THAT(make().read(3).error().message, HasSubstr("another user"));
  ASSERT_EQ(::chown(path_.c_str(), 12'345, 0), 0);
  EXPECT_THAT(SealingFolder::make(path_).error().message, HasSubstr("another user"));
}

TEST_F(SealingFolderTest, FollowsNoLinkAndWaitsForNoPipe) {
  const auto folder = make();
  outside_.write("elsewhere", text_of(sealing_keys()));
  std::filesystem::create_symlink(outside_.path() / "elsewhere", path_ / kName);
  EXPECT_THAT(folder.read(3).error().message, HasSubstr("symbolic link"));
  EXPECT_FALSE(folder.replace(sealing_keys()));
  EXPECT_FALSE(folder.create(sealing_keys()));
  EXPECT_EQ(outside_.read("elsewhere"), text_of(sealing_keys()));
  std::filesystem::remove(path_ / kName);
  ASSERT_EQ(::mkfifo((path_ / kName).c_str(), 0600), 0);
  EXPECT_THAT(folder.read(3).error().message, HasSubstr("not a regular file"));
  std::filesystem::create_directory_symlink(path_, outside_.path() / "link");
  EXPECT_FALSE(SealingFolder::open(outside_.path() / "link"));
}

TEST_F(SealingFolderTest, NeverMakesAnEpochTwice) {
  const auto folder = make();
  ASSERT_TRUE(folder.create(sealing_keys()));
  auto other = sealing_keys();
  other.made = 1;
  const auto again = folder.create(other);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::sqlstate::io_error);
  EXPECT_THAT(again.error().message, HasSubstr("never used again"));
  EXPECT_EQ(bytes_of(kName), text_of(sealing_keys()));
  EXPECT_THAT(files(), ElementsAre(kName));
}

TEST_F(SealingFolderTest, RefusesAFileOfAnotherFormOrName) {
  const auto folder = make();
  put(kName, text_of(sealing_keys(4)));
  EXPECT_THAT(folder.read(3).error().message, HasSubstr("epoch 4"));
  put(kName, text_of(sealing_keys()) + "x");
  EXPECT_THAT(folder.read(3).error().message, HasSubstr("line 8 has no line feed"));
  EXPECT_FALSE(folder.read(5));
  put("3.sealing", "");
  const auto listed = folder.epochs();
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, HasSubstr("20 digits"));
}

TEST_F(SealingFolderTest, PassesOverFilesOfOtherNames) {
  const auto folder = make();
  put("README", "");
  EXPECT_THAT(folder.epochs().value(), IsEmpty());
}

TEST_F(SealingFolderTest, OverwritesTheBlocksOfWhatItReplaces) {
  const auto folder = make();
  auto keys = sealing_keys();
  ASSERT_TRUE(folder.create(keys));
  const std::size_t size = bytes_of(kName).size();
  const base::Descriptor old(::open((path_ / kName).c_str(), O_RDONLY | O_CLOEXEC));
  keys.of(SealClass::text).erase(5, 5);
  ASSERT_TRUE(folder.replace(keys));
  EXPECT_EQ(bytes_of(kName), text_of(keys));
  EXPECT_EQ(mode_of(path_ / kName), 0600u);
  EXPECT_THAT(files(), ElementsAre(kName));
  std::string left(size + 1, 'x');
  ASSERT_EQ(::pread(old.get(), left.data(), left.size(), 0), static_cast<ssize_t>(size));
  EXPECT_EQ(left, std::string(size, '\0') + "x");
}

TEST_F(SealingFolderTest, IsReadWhileFilesAreReplaced) {
  const auto folder = make();
  ASSERT_TRUE(folder.create(sealing_keys()));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    auto keys = sealing_keys();
    for (std::uint32_t slot = 0; slot < 100; ++slot) {
      keys.of(SealClass::text).erase(slot, slot);
      EXPECT_TRUE(folder.replace(keys));
    }
    done = true;
  });
  const auto reader = SealingFolder::open(path_).value();
  while (!done) {
    const auto read = reader.read(3);
    EXPECT_TRUE(read) << read.error().message;
    EXPECT_TRUE(!read || read->of(SealClass::text).has(100));
  }
  writer.join();
}

TEST_F(SealingFolderTest, ReplacesNothingThatIsNotThere) {
  const auto folder = make();
  EXPECT_FALSE(folder.replace(sealing_keys()));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(SealingFolderTest, DestroysWhatACrashLeftOfAReplacement) {
  ASSERT_TRUE(make().create(sealing_keys()));
  const std::string name = kName;
  // Behind the rename, before the old blocks were overwritten.
  put(name + ".old", "old keys");
  put(name + ".new", "half a fi");
  put("00000000000000000009.sealing.new", "");
  put("other.new", "not ours");
  const base::Descriptor old(::open((path_ / (name + ".old")).c_str(), O_RDONLY | O_CLOEXEC));
  static_cast<void>(make());
  EXPECT_THAT(files(), ElementsAre(kName, "other.new"));
  EXPECT_EQ(bytes_of(kName), text_of(sealing_keys()));
  std::string left(8, 'x');
  ASSERT_EQ(::pread(old.get(), left.data(), left.size(), 0), 8);
  EXPECT_EQ(left, std::string(8, '\0'));
}

TEST_F(SealingFolderTest, KeepsAFileThatHasASecondNameFromACrash) {
  ASSERT_TRUE(make().create(sealing_keys()));
  const std::string name = kName;
  std::filesystem::create_hard_link(path_ / name, path_ / (name + ".old"));
  const auto folder = make();
  EXPECT_THAT(files(), ElementsAre(kName));
  EXPECT_TRUE(folder.read(3));
}

TEST_F(SealingFolderTest, LeavesNothingOfAFileThatHasNoRoom) {
  const auto folder = make();
  ASSERT_TRUE(folder.create(sealing_keys()));
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto signalled = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 100, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto changed = sealing_keys();
  changed.of(SealClass::text).erase(5, 5);
  const bool made = bool(folder.create(sealing_keys(4))), replaced = bool(folder.replace(changed));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, signalled);
  EXPECT_FALSE(made);
  EXPECT_FALSE(replaced);
  EXPECT_THAT(files(), ElementsAre(kName));
  EXPECT_EQ(bytes_of(kName), text_of(sealing_keys()));
}

}  // namespace
}  // namespace portcullis::audit
