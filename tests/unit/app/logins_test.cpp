#include "app/logins.hpp"

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

std::string line(std::string_view login, char salt = 's') {
  return login_line(login, auth::make_verifier(base::Secret("secret"), std::string(16, salt), 4096).value());
}

TEST(LoginName, NeedsNoQuotes) {
  EXPECT_TRUE(is_login("agent_repair"));
  EXPECT_TRUE(is_login("A.b-9"));
  EXPECT_TRUE(is_login(std::string(63, 'a')));
  for (const auto& name :
       {std::string{}, std::string(64, 'a'), std::string{"a b"}, std::string{"a\"b"}, std::string{"a\nb"},
        std::string{"#a"}, std::string{"\xc3\xa4"}, std::string(1, '\0')}) {
    EXPECT_FALSE(is_login(name)) << name;
  }
}

TEST(Logins, AreReadLineByLine) {
  std::vector<Problem> problems;
  const auto logins = parse_logins(
      "# who may log in\n\n" + line("a") + "\n  " + line("b", 't') + "  \r\n\t# end", "f", problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(logins, ElementsAre(Key("a"), Key("b")));
  EXPECT_EQ(logins.at("b").verifier->salt, std::string(16, 't'));
  EXPECT_EQ(logins.at("b").certificate, "");
}

TEST(Logins, MayAskForACertificateAloneOrWithAPassword) {
  std::vector<Problem> problems;
  const auto logins = parse_logins("a certificate CN=Repair Bot \r\n" + line("b") +
                                       "\tcertificate  DNS:b.example.com\ncertificate " +
                                       line("c").substr(2) + " certificate URI:spiffe://x",
                                   "f", problems);
  EXPECT_THAT(problems, IsEmpty()) << to_text(problems);
  EXPECT_THAT(logins, ElementsAre(Key("a"), Key("b"), Key("certificate")));
  EXPECT_FALSE(logins.at("a").verifier);
  EXPECT_EQ(logins.at("a").certificate, "CN=Repair Bot");
  EXPECT_TRUE(logins.at("b").verifier);
  EXPECT_EQ(logins.at("b").certificate, "DNS:b.example.com");
  EXPECT_TRUE(logins.at("certificate").verifier);
}

TEST(Logins, NameCertificatesThatCannotFit) {
  for (const char* rest : {"certificate", "certificate ", "certificate CN=", "certificate bot",
                           "certificate O=Shop", "certificate IP:127.0.0.1", "certificates CN=a",
                           "x certificate CN=a", "certificate CN=a certificate"}) {
    std::vector<Problem> problems;
    const auto logins = parse_logins("a " + std::string(rest), "f", problems);
    if (std::string(rest) == "certificate CN=a certificate") {
      EXPECT_EQ(logins.at("a").certificate, "CN=a certificate");  // a name may have blanks
    } else {
      EXPECT_EQ(problems.size(), 1u) << rest;
      EXPECT_THAT(logins, IsEmpty()) << rest;
    }
  }
}

TEST(Logins, NameEveryLineThatIsWrong) {
  std::vector<Problem> problems;
  const auto logins =
      parse_logins(line("a") + "\na/b SCRAM-SHA-256$x\nplain secret\nalone\n" + line("a"), "f", problems);
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_EQ(problems[0].line, 2u);
  EXPECT_THAT(problems[0].message, HasSubstr("\"a/b\" is no login"));
  EXPECT_EQ(problems[1].line, 3u);
  EXPECT_THAT(problems[1].message, HasSubstr("portcullis user plain"));
  EXPECT_THAT(problems[1].message, Not(HasSubstr("secret")));
  EXPECT_EQ(problems[2].line, 4u);
  EXPECT_EQ(problems[3].line, 5u);
  EXPECT_THAT(problems[3].message, HasSubstr("twice"));
  EXPECT_EQ(to_text({problems[0]}).rfind("f:2:1: ", 0), 0u);
}

TEST(LoginsText, ReplacesALineWhereItStands) {
  EXPECT_EQ(with_login("# c\na old\nb keep\n", "a", "a new"), "# c\na new\nb keep\n");
  EXPECT_EQ(with_login("a old\nb keep\na older", "a", "a new"), "a new\nb keep\n");
}

TEST(LoginsText, KeepsTheCertificateThatIsAskedFor) {
  EXPECT_EQ(with_login("a old certificate CN=a\n", "a", "a new"), "a new certificate CN=a\n");
  EXPECT_EQ(with_login("a certificate CN=a b\n", "a", "a new"), "a new certificate CN=a b\n");
  EXPECT_EQ(with_login("a old\nb x certificate CN=b\n", "a", "a new"), "a new\nb x certificate CN=b\n");
}

TEST(LoginsText, AddsALineAtTheEnd) {
  EXPECT_EQ(with_login("", "a", "a new"), "a new\n");
  EXPECT_EQ(with_login("ab keep", "a", "a new"), "ab keep\na new\n");
  EXPECT_EQ(with_login("# a comment\n", "#", "# new"), "# a comment\n# new\n");
}

class StoredLogin : public ::testing::Test {
 protected:
  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "logins.conf";
};

TEST_F(StoredLogin, MakesTheFilePrivate) {
  ASSERT_TRUE(store_login(file_, "a", "a 1"));
  EXPECT_EQ(folder_.read("logins.conf"), "a 1\n");
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
}

TEST_F(StoredLogin, KeepsWhatElseStandsThereAndLeavesNoDraft) {
  ASSERT_TRUE(store_login(file_, "a", "a 1"));
  ASSERT_TRUE(store_login(file_, "b", "b 1"));
  ASSERT_TRUE(store_login(file_, "a", "a 2"));
  EXPECT_EQ(folder_.read("logins.conf"), "a 2\nb 1\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(StoredLogin, FollowsASymbolicLink) {
  std::filesystem::create_symlink(folder_.write("real", "a 1\n"), file_);
  ASSERT_TRUE(store_login(file_, "a", "a 2"));
  EXPECT_TRUE(std::filesystem::is_symlink(file_));
  EXPECT_EQ(folder_.read("real"), "a 2\n");
}

TEST_F(StoredLogin, DoesNotTouchAFileThatOthersMayRead) {
  folder_.write("logins.conf", "a 1\n", 0644);
  const auto stored = store_login(file_, "a", "a 2");
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().message, HasSubstr("chmod 600"));
  EXPECT_EQ(folder_.read("logins.conf"), "a 1\n");
}

TEST_F(StoredLogin, SaysWhenTheFolderIsMissing) {
  EXPECT_EQ(store_login(folder_.path() / "none" / "f", "a", "a 1").error().code, base::sqlstate::io_error);
}

}  // namespace
}  // namespace portcullis::app
