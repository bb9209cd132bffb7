// What `portcullis audit verify` takes, and what it says of a signed log.
#include <gmock/gmock.h>

#include "app/audit_command.hpp"
#include "app/cli.hpp"
#include "app/exit_code.hpp"
#include "audit/key_file.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::named_key;
using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;

class AuditVerify : public ::testing::Test {
 protected:
  AuditVerify() {
    std::filesystem::create_directory(log_);
    forger_.start(vkey_).sign({&key_});
    anchor_ = folder_.write("anchored.notes", forger_.note({&key_}));
    forger_.add(audit::testing::session("login")).sign({&key_});
    forger_.save(log_);
    public_key_ = folder_.write("log.key.pub", vkey_ + "\n");
  }

  int verify(std::vector<std::string> words) {
    words.insert(words.begin(), {"portcullis", "audit", "verify"});
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    ScriptedConsole script;
    const int code = run(static_cast<int>(argv.size()), argv.data(), script.console, {});
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }

  const audit::NamedKey key_ = named_key(1), other_ = named_key(2);
  const std::string vkey_ = audit::vkey_text(key_.name, key_.key.public_key());
  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path log_ = folder_.path() / "audit", anchor_, public_key_;
  audit::testing::Forger forger_;
  std::string out_, err_;
};

TEST_F(AuditVerify, SaysTheSameWithAnyNumberOfThreads) {
  const std::vector<std::string> words{log_, "--key", public_key_, "--anchor", anchor_};
  EXPECT_EQ(verify(words), 0);
  const std::string said = out_;
  for (const char* threads : {"1", "2", "64"}) {
    auto with = words;
    with.insert(with.end(), {"--threads", threads});
    EXPECT_EQ(verify(with), 0) << threads;
    EXPECT_EQ(out_, said) << threads;
  }
  for (const char* threads : {"0", "65", "-1", "many"}) {
    EXPECT_EQ(verify({log_, "--threads", threads}), kUsage) << threads;
    EXPECT_THAT(err_, HasSubstr("--threads")) << threads;
  }
}

TEST_F(AuditVerify, SaysWhatKeyAndAnchorProve) {
  EXPECT_EQ(verify({log_, "--key", public_key_, "--anchor", anchor_}), 0) << out_;
  EXPECT_THAT(out_,
              ::testing::StartsWith("signed: all 3 entries, by " + vkey_ +
                                    "\n"
                                    "key: given, or put in force by one given\n"
                                    "anchored: 2 of 3 entries; of those behind, the end could have been cut "
                                    "off unseen\n"
                                    "clean: 3 entries in 1 segments, "));
  EXPECT_EQ(err_, "");
}

TEST_F(AuditVerify, SaysWhatIsMissingForAProof) {
  EXPECT_EQ(verify({log_}), 2);
  EXPECT_THAT(out_, HasSubstr("no key, entry 3: "));
  EXPECT_THAT(out_, HasSubstr("no anchor, entry 3: "));
  EXPECT_THAT(out_, HasSubstr("\nkey: not given; to prove who signed, add --key "));
  EXPECT_THAT(out_, HasSubstr("\nanchored: nothing; to prove that no end was cut off, add --anchor "));
  EXPECT_THAT(out_, HasSubstr("\nINCOMPLETE: 3 entries"));
  forger_.add(audit::testing::session("end"));
  forger_.save(log_);
  EXPECT_EQ(verify({log_, "--key", public_key_, "--anchor", anchor_}), 2);
  EXPECT_THAT(out_, HasSubstr("unsigned, entry 4: no note covers the entries from 3 on"));
  EXPECT_THAT(out_, HasSubstr("\nsigned: 3 of 4 entries, by "));
}

// Whoever alters a log chooses what findings quote of it.
TEST_F(AuditVerify, WhatALogSaysDrivesNoTerminalAndMakesNoLine) {
  auto record = audit::testing::decision("select 1");
  record.agent =
      "x\x1b[2J\nclean: 9 entries\xc2\x9b"
      "2J";
  forger_.leave_out(record.agent, 6).add(record).sign({&key_});
  forger_.save(log_);
  EXPECT_EQ(verify({log_, "--key", public_key_, "--anchor", anchor_}), 1);
  EXPECT_THAT(out_, HasSubstr("agent \"x?[2J?clean: 9 entries??2J\" stands"));
  EXPECT_THAT(out_, ::testing::Not(HasSubstr("\x1b")));
  folder_.write("audit/\x1b[2J.notes", "");
  EXPECT_EQ(verify({log_}), 2);
  EXPECT_THAT(out_, HasSubstr("\"?[2J.notes\" is not the name"));
}

TEST_F(AuditVerify, TakesSeveralKeysAndAnchors) {
  const auto other = folder_.write("other.pub", audit::vkey_text(other_.name, other_.key.public_key()));
  const auto newer = folder_.write("newer.notes", forger_.note({&key_}));
  EXPECT_EQ(verify({"--key", other, "--key", public_key_, "--anchor", anchor_, "--anchor", newer, log_}), 0)
      << out_;
  EXPECT_THAT(out_, HasSubstr("\nanchored: all 3 entries\n"));
  EXPECT_EQ(verify({"--key", other, "--anchor", newer, log_}), 1);
  EXPECT_THAT(out_, HasSubstr("key, entry 3: the log is signed by " + vkey_));
  EXPECT_THAT(out_, Not(HasSubstr("signed: ")));  // nothing is proven of it
}

TEST_F(AuditVerify, SaysWhichAnchorAndWhereInIt) {
  const auto foreign = named_key(1, "other.example.com/x");
  const audit::NamedKey* const signer = &foreign;
  const auto file = folder_.write(
      "mixed.notes",
      "# kept by cron\n\n" + audit::signed_note(foreign.name, forger_.head(), {&signer, 1}).value());
  EXPECT_EQ(verify({log_, "--key", public_key_, "--anchor", file}), 2);
  EXPECT_THAT(out_, HasSubstr(file.string() + ":3: anchor, entry 3: "));
}

TEST_F(AuditVerify, AKeyThatCannotBeTakenIsAnErrorThatSaysWhatToDo) {
  const auto secret = folder_.path() / "secret.key";
  ASSERT_TRUE(audit::write_key_files(secret, key_));
  const auto garbage = folder_.write("garbage.pub", vkey_ + "\n" + vkey_ + "\n");
  for (const auto& [file, what] : std::vector<std::pair<std::filesystem::path, std::string>>{
           {folder_.path() / "absent.pub", "name the file FILE.pub that `portcullis audit keygen` wrote"},
           {folder_.path(), "is not a regular file"},
           {garbage, "give the line NAME+KEYID+BASE64"},
           {secret, "the private one"}}) {
    EXPECT_EQ(verify({log_, "--key", file, "--key", public_key_}), 2) << file;
    EXPECT_THAT(err_, HasSubstr("portcullis: cannot take the key from \"" + file.string() + "\": "));
    EXPECT_THAT(err_, HasSubstr(what));
    EXPECT_EQ(out_, "");
  }
  EXPECT_EQ(verify({log_, "--key"}), kUsage);
}

TEST_F(AuditVerify, AnAnchorThatCannotBeReadProvesNothing) {
  EXPECT_EQ(verify({log_, "--key", public_key_, "--anchor", folder_.path() / "absent"}), 2);
  EXPECT_THAT(out_, HasSubstr("absent:0: anchor, entry 3: the anchor cannot be read: "));
}

TEST_F(AuditVerify, ExplainsKeysAndAnchors) {
  EXPECT_EQ(verify({"--help"}), kSuccess);
  for (const char* said : {"--key FILE", "--anchor FILE", "several times", "0 clean, 1 tampered with, 2 "})
    EXPECT_THAT(out_, HasSubstr(said));
}

}  // namespace
}  // namespace portcullis::app
