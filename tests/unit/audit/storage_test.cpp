#include "audit/storage.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "audit/format.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using testing::TemporaryDirectory;

TEST(Storage, ReservesRoomWithoutChangingTheSize) {
  const TemporaryDirectory directory;
  auto storage = open_directory(directory / "log").value();
  auto file = storage->create("a").value();
  ASSERT_TRUE(file->write(0, "hello"));
  ASSERT_TRUE(file->reserve(1 << 20));
  EXPECT_EQ(*file->size(), 5u);
  struct stat status {};
  ASSERT_EQ(::stat((directory / "log" / "a").c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, 1 << 20);
  ASSERT_TRUE(file->truncate(5));
  ASSERT_EQ(::stat((directory / "log" / "a").c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 1 << 20);
}

TEST(Storage, ReadsOnlyWhatThereIs) {
  const TemporaryDirectory directory;
  auto storage = open_directory(directory.path()).value();
  auto file = storage->create("a").value();
  ASSERT_TRUE(file->write(3, "xyz"));
  std::string bytes(10, '?');
  EXPECT_EQ(*file->read(2, bytes.data(), bytes.size()), 4u);
  EXPECT_EQ(bytes.substr(0, 4), std::string("\0xyz", 4));
  EXPECT_EQ(*file->read(100, bytes.data(), bytes.size()), 0u);
}

TEST(Storage, NeverReplacesAFile) {
  const TemporaryDirectory directory;
  auto storage = open_directory(directory.path()).value();
  ASSERT_TRUE(storage->create("a"));
  ASSERT_TRUE(storage->create("b"));
  EXPECT_FALSE(storage->create("a"));
  EXPECT_FALSE(storage->rename("a", "b"));
  EXPECT_TRUE(storage->rename("a", "c"));
  EXPECT_FALSE(storage->open("a"));
  EXPECT_TRUE(storage->open("c"));
  EXPECT_TRUE(storage->remove("c"));
  EXPECT_FALSE(storage->remove("c"));
  EXPECT_EQ(storage->list()->size(), 2u);  // b and the lock
}

TEST(Storage, FollowsNoSymbolicLink) {
  const TemporaryDirectory directory;
  testing::write_bytes(directory / "elsewhere", "x");
  auto storage = open_directory(directory / "log").value();
  std::filesystem::create_symlink(directory / "elsewhere", directory / "log" / "a");
  EXPECT_FALSE(storage->open("a"));
  EXPECT_FALSE(storage->create("a"));
}

TEST(Storage, RefusesADirectoryThatOthersMayWriteTo) {
  const TemporaryDirectory directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  const auto storage = open_directory(directory.path());
  ASSERT_FALSE(storage);
  EXPECT_NE(storage.error().message.find("chmod go-w"), std::string::npos);
}

TEST(Storage, SaysWhichDirectoryIsMissing) {
  const auto storage = open_directory("/nonexistent/deep/log");
  ASSERT_FALSE(storage);
  EXPECT_EQ(storage.error().code, base::sqlstate::io_error);
  EXPECT_NE(storage.error().message.find("/nonexistent/deep/log"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::audit
