#include <sys/stat.h>

#include <gmock/gmock.h>

#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "audit/key_file.hpp"
#include "audit/note_read.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;

class AuditKeygen : public ::testing::Test {
 protected:
  int make(const std::string& name, const std::filesystem::path& file) {
    ScriptedConsole script;
    const int code = make_audit_key({name, file}, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }

  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "log.key";
  std::string out_, err_;
};

TEST_F(AuditKeygen, MakesAPairThatBelongsTogether) {
  ASSERT_EQ(make("gate.example/shop", file_), kSuccess) << err_;
  const auto vkey = audit::read_vkey(out_.substr(0, out_.find('\n'))).value();
  EXPECT_EQ(vkey.name, "gate.example/shop");
  const auto key = audit::read_key_file(file_);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->name, "gate.example/shop");
  EXPECT_EQ(key->key.public_key(), vkey.key);
  EXPECT_EQ(folder_.read("log.key.pub"), out_.substr(0, out_.find('\n') + 1));
}

TEST_F(AuditKeygen, SaysWhatToDoAndNothingSecret) {
  ASSERT_EQ(make("gate.example/shop", file_), kSuccess);
  EXPECT_THAT(out_, HasSubstr("public key; it stands in " + file_.string() + ".pub"));
  EXPECT_THAT(out_, HasSubstr("private key stands in " + file_.string()));
  const std::string line = folder_.read("log.key");
  const std::string secret = line.substr(line.size() - 45, 44);  // base64 of 33 bytes, which may have a plus
  ASSERT_EQ(line[line.size() - 46], '+');
  EXPECT_THAT(out_ + err_, Not(HasSubstr(secret)));
  EXPECT_THAT(out_ + err_, Not(HasSubstr("PRIVATE+KEY")));
}

TEST_F(AuditKeygen, MakesAnotherKeyEachTime) {
  ASSERT_EQ(make("gate.example/shop", file_), kSuccess);
  const std::string first = out_.substr(0, out_.find('\n'));
  ASSERT_EQ(make("gate.example/shop", folder_.path() / "other.key"), kSuccess);
  EXPECT_NE(out_.substr(0, out_.find('\n')), first);
}

TEST_F(AuditKeygen, OverwritesNothing) {
  ASSERT_EQ(make("gate.example/shop", file_), kSuccess);
  const std::string before = folder_.read("log.key");
  EXPECT_EQ(make("gate.example/shop", file_), kFailure);
  EXPECT_THAT(err_, HasSubstr("name another file"));
  EXPECT_EQ(out_, "");
  EXPECT_EQ(folder_.read("log.key"), before);
}

TEST_F(AuditKeygen, RefusesNamesThatNoLogCanHave) {
  for (const std::string& name :
       {std::string(), std::string("two words"), std::string("a+b"), std::string("a\nb"), std::string("a\tb"),
        std::string("a#b"), std::string("a\"b"), std::string("a\\b"), std::string("g\xc3\xa4te"),
        std::string(256, 'n')}) {
    EXPECT_EQ(make(name, file_), kUsage) << name;
    EXPECT_THAT(err_, HasSubstr("such as gate.example.com/shop"));
    EXPECT_EQ(out_, "");
    EXPECT_FALSE(std::filesystem::exists(file_));
  }
}

TEST_F(AuditKeygen, SaysWhenAFileCannotBeWritten) {
  EXPECT_EQ(make("gate.example/shop", folder_.path() / "none" / "log.key"), kFailure);
  EXPECT_THAT(err_, HasSubstr("cannot write"));
}

}  // namespace
}  // namespace portcullis::app
