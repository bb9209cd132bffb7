#include "app/trusted_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using ::testing::HasSubstr;

class TrustedFile : public ::testing::Test {
 protected:
  // What is wrong with a file of this mode; empty when it was read.
  std::string refusal(mode_t mode, Privacy privacy) {
    const auto content = read_trusted_file(folder_.write("file", "content", mode), privacy);
    return content ? std::string{} : content.error().message;
  }

  portcullis::testing::TemporaryFolder folder_;
};

TEST_F(TrustedFile, IsReadAsItIs) {
  const std::string bytes("a\0b\r\n\xff", 6);
  EXPECT_EQ(read_trusted_file(folder_.write("file", bytes), Privacy::secret).value(), bytes);
  EXPECT_EQ(read_trusted_file(folder_.write("empty", ""), Privacy::secret).value(), "");
}

TEST_F(TrustedFile, IsRefusedWhenOthersMayWriteIt) {
  EXPECT_EQ(refusal(0644, Privacy::readable), "");
  for (const mode_t mode : {0664u, 0646u, 0602u, 0620u}) {
    EXPECT_THAT(refusal(mode, Privacy::readable), HasSubstr("chmod go-w")) << mode;
    EXPECT_THAT(refusal(mode, Privacy::key), HasSubstr("chmod go-w")) << mode;
  }
}

TEST_F(TrustedFile, IsRefusedWhenOthersMayReadASecret) {
  EXPECT_EQ(refusal(0600, Privacy::secret), "");
  EXPECT_EQ(refusal(0400, Privacy::secret), "");
  for (const mode_t mode : {0640u, 0604u, 0601u, 0610u}) {
    EXPECT_THAT(refusal(mode, Privacy::secret), HasSubstr("chmod 600")) << mode;
  }
}

TEST_F(TrustedFile, MayBeAKeyOfRootThatAGroupReads) {
  EXPECT_EQ(refusal(0640, Privacy::key).empty(), ::geteuid() == 0);
  EXPECT_THAT(refusal(0644, Privacy::key), HasSubstr("chmod 600"));
}

TEST_F(TrustedFile, IsRefusedWhenItBelongsToAnotherUser) {
  if (::geteuid() != 0) {
    // Only root can give files away; everyone has files of root's to look at, and those are trusted.
    EXPECT_TRUE(read_trusted_file("/etc/passwd", Privacy::readable));
    return;
  }
  const auto file = folder_.write("file", "content");
  ASSERT_EQ(::chown(file.c_str(), 12345, 0), 0);
  EXPECT_THAT(read_trusted_file(file, Privacy::readable).error().message,
              HasSubstr("belongs to another user"));
}

TEST_F(TrustedFile, IsARegularFile) {
  EXPECT_THAT(read_trusted_file(folder_.path(), Privacy::readable).error().message,
              HasSubstr("not a regular file"));
  const auto pipe = folder_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(read_trusted_file(pipe, Privacy::readable).error().message, HasSubstr("not a regular file"));
}

TEST_F(TrustedFile, SaysWhyItCannotBeRead) {
  const auto missing = read_trusted_file(folder_.path() / "missing", Privacy::readable);
  EXPECT_EQ(missing.error().code, base::sqlstate::config_file_error);
  EXPECT_THAT(missing.error().message, HasSubstr("No such file"));
}

TEST_F(TrustedFile, IsOfBoundedSize) {
  EXPECT_TRUE(
      read_trusted_file(folder_.write("most", std::string(kLargestTrustedFile, 'x')), Privacy::readable));
  EXPECT_THAT(
      read_trusted_file(folder_.write("more", std::string(kLargestTrustedFile + 1, 'x')), Privacy::readable)
          .error()
          .message,
      HasSubstr("4 MiB"));
}

TEST(FirstLine, EndsAtItsLineEnd) {
  EXPECT_EQ(first_line("secret").reveal(), "secret");
  EXPECT_EQ(first_line("secret\n").reveal(), "secret");
  EXPECT_EQ(first_line("secret\r\nmore\n").reveal(), "secret");
  EXPECT_EQ(first_line(" a b \n").reveal(), " a b ");
  EXPECT_EQ(first_line("\nsecret").reveal(), "");
  EXPECT_EQ(first_line("").reveal(), "");
}

}  // namespace
}  // namespace portcullis::app
