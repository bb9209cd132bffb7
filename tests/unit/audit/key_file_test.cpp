#include "audit/key_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include <gmock/gmock.h>

#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/audit/signing.hpp"

namespace portcullis::audit {
namespace {

using portcullis::testing::kExampleOrigin;
using portcullis::testing::key_of;
using portcullis::testing::named_key;
using ::testing::HasSubstr;

// Of the key of 32 times the byte 1: base64 of 33 of them.
constexpr std::string_view kPrivateLine =
    "PRIVATE+KEY+audit.example.com/pg-prod-1+9ae54446+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n";
constexpr std::string_view kPublicLine =
    "audit.example.com/pg-prod-1+9ae54446+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n";

class KeyFile : public ::testing::Test {
 protected:
  static mode_t mode_of(const std::filesystem::path& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 07777u;
  }
  // Why it is not taken; the key itself must not stand there. Empty: it was read.
  static std::string refusal(const std::filesystem::path& file) {
    const auto key = read_key_file(file);
    if (key) return "";
    EXPECT_EQ(key.error().code, base::sqlstate::config_file_error);
    EXPECT_THAT(key.error().message, Not(HasSubstr("AQEBAQ")));
    EXPECT_THAT(key.error().message, HasSubstr(file.string()));
    return key.error().message;
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "log.key";
};

TEST_F(KeyFile, HoldsOneLineEach) {
  const auto before = ::umask(022);
  ASSERT_TRUE(write_key_files(file_, named_key(1)));
  ::umask(before);
  EXPECT_EQ(folder_.read("log.key"), kPrivateLine);
  EXPECT_EQ(folder_.read("log.key.pub"), kPublicLine);
  EXPECT_EQ(mode_of(file_), 0600u);
  EXPECT_EQ(mode_of(public_key_file(file_)), 0644u);
}

TEST_F(KeyFile, GivesBackTheKey) {
  const auto made = SigningKey::generate().value();
  const PublicKey public_key = made.public_key();
  const auto signature = made.sign("text").value();
  Seed seed;
  ASSERT_TRUE(made.reveal(seed));
  ASSERT_TRUE(write_key_files(file_, {"gate.example", SigningKey::from_seed(seed).value()}));
  const auto read = read_key_file(file_);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, "gate.example");
  EXPECT_EQ(read->key.public_key(), public_key);
  EXPECT_EQ(read->key.sign("text").value(), signature);
}

TEST_F(KeyFile, TakesTheLongestName) {
  const std::string name(255, 'n');
  ASSERT_TRUE(write_key_files(file_, named_key(1, name)));
  EXPECT_EQ(read_key_file(file_).value().name, name);
}

TEST_F(KeyFile, IsNeverOverwritten) {
  for (const char* there : {"log.key", "log.key.pub"}) {
    folder_.write(there, "something");
    const auto written = write_key_files(file_, named_key(1));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, base::sqlstate::io_error);
    EXPECT_THAT(written.error().message, HasSubstr(std::string(there) + "\" is there already"));
    EXPECT_EQ(folder_.read(there), "something");
    EXPECT_EQ(files(), std::vector<std::string>{there});
    std::filesystem::remove(folder_.path() / there);
  }
}

TEST_F(KeyFile, IsNotWrittenThroughALink) {
  std::filesystem::create_symlink(folder_.path() / "elsewhere", file_);
  EXPECT_FALSE(write_key_files(file_, named_key(1)));
  std::filesystem::remove(file_);
  std::filesystem::create_symlink(folder_.path() / "elsewhere", public_key_file(file_));
  EXPECT_FALSE(write_key_files(file_, named_key(1)));
  EXPECT_EQ(files(), std::vector<std::string>{"log.key.pub"});
}

TEST_F(KeyFile, IsNotWrittenWhereItCannotBe) {
  const auto written = write_key_files(folder_.path() / "none" / "log.key", named_key(1));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, base::sqlstate::io_error);
  EXPECT_THAT(written.error().message, HasSubstr("No such file or directory"));
  EXPECT_FALSE(write_key_files(file_, named_key(1, "two words")));
  EXPECT_EQ(files(), std::vector<std::string>{});
}

// A file may grow to 40 bytes here, as on a disk that is full then.
TEST_F(KeyFile, LeavesNothingHalfWritten) {
  const auto on_excess = ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small { 40, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = write_key_files(file_, named_key(1));
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, on_excess);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("File too large"));
  EXPECT_EQ(files(), std::vector<std::string>{});
}

TEST_F(KeyFile, IsRefusedWhenOthersMayReadIt) {
  for (const mode_t mode : {0640u, 0604u, 0644u, 0620u, 0602u, 0610u, 0601u}) {
    EXPECT_THAT(refusal(folder_.write("open.key", kPrivateLine, mode)), HasSubstr("chmod 600")) << mode;
  }
  for (const mode_t mode : {0600u, 0400u})
    EXPECT_EQ(refusal(folder_.write("own.key", kPrivateLine, mode)), "");
}

TEST_F(KeyFile, IsRefusedWhenItBelongsToAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const auto file = folder_.write("log.key", kPrivateLine);
  ASSERT_EQ(::chown(file.c_str(), 12345, 0), 0);
  EXPECT_THAT(refusal(file), HasSubstr("chown"));
}

TEST_F(KeyFile, IsARegularFile) {
  folder_.write("real.key", kPrivateLine);
  std::filesystem::create_symlink(folder_.path() / "real.key", folder_.path() / "link.key");
  EXPECT_THAT(refusal(folder_.path() / "link.key"), HasSubstr("symbolic link"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("regular file"));
  const auto pipe = folder_.path() / "pipe.key";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(refusal(pipe), HasSubstr("regular file"));
  EXPECT_THAT(refusal(folder_.path() / "none.key"), HasSubstr("No such file"));
}

TEST_F(KeyFile, IsExactlyThatLine) {
  const std::string line(kPrivateLine);
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = line;
    return changed.replace(changed.find(from), from.size(), to);
  };
  const std::string no_keys[] = {"",
                                 "\n",
                                 line.substr(0, line.size() - 1),
                                 line + "\n",
                                 line + line,
                                 " " + line,
                                 with("\n", "\r\n"),
                                 with("PRIVATE+KEY+", ""),
                                 with("+9ae54446", ""),
                                 with("+AQEB", "+AgEB"),
                                 with("AQEB\n", "\n"),
                                 with("AQEB\n", "AQE=\n"),
                                 with("AQEB\n", "AQE \n"),
                                 with("audit.example.com/pg-prod-1", ""),
                                 with("audit.example.com/pg-prod-1", "two words"),
                                 line + std::string(600, 'x'),
                                 std::string(kPublicLine)};
  for (const std::string& text : no_keys) {
    EXPECT_THAT(refusal(folder_.write("log.key", text)), HasSubstr("audit keygen")) << text;
  }
}

TEST_F(KeyFile, IsRefusedWhenItIsDamaged) {
  const std::string line(kPrivateLine);
  std::string other_name = line, other_id = line, other_key = line;
  other_name.replace(other_name.find("prod-1"), 6, "prod-2");
  other_id.replace(other_id.find("9ae5"), 4, "9AE5");
  other_key[other_key.size() - 3] = 'Z';
  for (const std::string& text : {other_name, other_id, other_key}) {
    EXPECT_THAT(refusal(folder_.write("log.key", text)), HasSubstr("damaged")) << text;
  }
}

}  // namespace
}  // namespace portcullis::audit
