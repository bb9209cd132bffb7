// `portcullis audit prove` and `portcullis audit check-proof`, on a log that the writer wrote. It does not
// sign yet: the notes are made here.
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "audit/log.hpp"
#include "audit/note_write.hpp"
#include "audit/read.hpp"
#include "audit/tree.hpp"
#include "base/clock.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/audit/signing.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::named_key;
using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kOrigin = "gate.example/shop";

class AuditProve : public ::testing::Test {
 protected:
  AuditProve() {
    {
      auto log = audit::Log::open({.directory = directory_, .origin = kOrigin}, clock_);
      EXPECT_TRUE(log);
      audit::SessionRecord login;
      login.event = "refused";
      login.session = 1;
      login.reason =
          "no such \xc2\x9b"
          "2J agent";
      EXPECT_TRUE((*log)->append(login));
      login.session = 2;
      EXPECT_TRUE((*log)->append(login));
    }
    EXPECT_TRUE(audit::for_each_entry(directory_, {}, [this](const audit::EntryReader& entry) {
      lines_.emplace_back(entry.line());
      return true;
    }));
    sign(lines_.size());
    folder_.write("log.key.pub", audit::vkey_text(kOrigin, key_.key.public_key()) + "\n");
    folder_.write("old.note", note(2));
  }

  [[nodiscard]] std::string note(std::size_t size) const {
    audit::Frontier tree;
    for (std::size_t i = 0; i < size; ++i) tree.append(audit::leaf_hash(lines_.at(i)));
    const audit::NamedKey* const keys[] = {&key_};
    return audit::signed_note(kOrigin, {size, tree.root()}, keys).value();
  }
  void sign(std::size_t size) { folder_.write("audit/00000000000000000000.notes", note(size) + "\n"); }

  template <class Command, class Options>
  int run(const Command& command, const Options& options, bool is_terminal = false) {
    ScriptedConsole script;
    script.console.out_is_terminal = is_terminal;
    const int code = command(options, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }
  int prove(std::uint64_t index, const std::filesystem::path& out = {}) {
    return run(prove_audit, ProveOptions{.directory = directory_, .index = index, .out = out});
  }
  int prove_from(const std::filesystem::path& old_note) {
    return run(prove_audit, ProveOptions{.directory = directory_, .old_note = old_note});
  }
  // Of "proof" in the folder.
  int check(bool show = false, bool is_terminal = false) {
    return run(check_audit_proof, CheckProofOptions{folder_.path() / "proof", pub_, {}, show}, is_terminal);
  }
  int check_from(const std::filesystem::path& old_note, bool show = false) {
    return run(check_audit_proof, CheckProofOptions{folder_.path() / "proof", pub_, old_note, show});
  }

  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path directory_ = folder_.path() / "audit";
  std::filesystem::path pub_ = folder_.path() / "log.key.pub";
  audit::NamedKey key_ = named_key(7, kOrigin);
  base::SystemClock clock_;
  std::vector<std::string> lines_;
  std::string out_, err_;
};

TEST_F(AuditProve, ProvesEachEntryToWhomeverHasTheKey) {
  ASSERT_GE(lines_.size(), 4u);
  for (std::size_t index = 0; index < lines_.size(); ++index) {
    ASSERT_EQ(prove(index), kSuccess) << err_;
    folder_.write("proof", out_);
    EXPECT_EQ(check(), 0) << err_;
    EXPECT_THAT(out_, StartsWith("proven: entry " + std::to_string(index) + " is in the log\ntime: 20"));
    EXPECT_THAT(out_,
                HasSubstr("log:  gate.example/shop, " + std::to_string(lines_.size()) + " entries, root "));
    EXPECT_THAT(out_, HasSubstr("key:  " + folder_.read("log.key.pub")));
    EXPECT_THAT(out_, Not(HasSubstr("{\"@\"")));
  }
}

TEST_F(AuditProve, ProvesThatTheLogGoesOn) {
  ASSERT_EQ(prove_from(folder_.path() / "old.note"), kSuccess) << err_;
  EXPECT_THAT(out_, StartsWith("old 2\n"));
  folder_.write("proof", out_);
  EXPECT_EQ(check_from(folder_.path() / "old.note"), 0) << err_;
  EXPECT_THAT(
      out_,
      StartsWith("proven: the log begins with the 2 entries of the older note\nlog:  gate.example/shop"));
}

TEST_F(AuditProve, ShowsTheEntryItself) {
  ASSERT_EQ(prove(2), kSuccess) << err_;
  folder_.write("proof", out_);
  EXPECT_EQ(check(true), 0);
  EXPECT_THAT(out_, HasSubstr(folder_.read("log.key.pub") + lines_[2] + "\n"));
  ASSERT_THAT(lines_[2], HasSubstr("\xc2\x9b"));
  EXPECT_EQ(check(true, true), 0);
  EXPECT_THAT(out_, HasSubstr("no such \\u{9b}2J agent"));
  EXPECT_THAT(out_, Not(HasSubstr("\xc2\x9b")));
}

TEST_F(AuditProve, WritesANewFileAndNoOther) {
  const auto file = folder_.path() / "2.tlog-proof";
  ASSERT_EQ(prove(2, file), kSuccess) << err_;
  EXPECT_EQ(out_, "");
  const std::string proof = folder_.read("2.tlog-proof");
  ASSERT_EQ(prove(2), kSuccess);
  EXPECT_EQ(proof, out_);
  EXPECT_EQ(prove(1, file), kFailure);
  EXPECT_THAT(err_, HasSubstr("name another file"));
  EXPECT_EQ(folder_.read("2.tlog-proof"), proof);
  EXPECT_EQ(prove(1, folder_.path() / "none" / "x"), kFailure);
  EXPECT_THAT(err_, HasSubstr("cannot write"));
}

TEST_F(AuditProve, WritesNothingWhereThereIsNoProof) {
  const auto file = folder_.path() / "x.tlog-proof";
  sign(3);
  EXPECT_EQ(prove(3, file), kFailure);
  EXPECT_THAT(err_, HasSubstr("portcullis: no note covers entry 3 yet"));
  EXPECT_EQ(prove(lines_.size(), file), kFailure);
  EXPECT_THAT(err_, HasSubstr("there is no entry " + std::to_string(lines_.size())));
  std::filesystem::remove(directory_ / "00000000000000000000.notes");
  EXPECT_EQ(prove(1, file), kFailure);
  EXPECT_THAT(err_, HasSubstr("nobody has signed"));
  EXPECT_EQ(out_, "");
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(AuditProve, NeedsAnIndexOrANoteAndNotBoth) {
  EXPECT_EQ(run(prove_audit, ProveOptions{.directory = directory_}), kUsage);
  EXPECT_EQ(run(prove_audit, ProveOptions{.directory = directory_, .index = 1, .old_note = "x"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("not both"));
}

TEST_F(AuditProve, RefusesALogThatIsNotWhatWasSigned) {
  const auto file = directory_ / "00000000000000000000.jsonl";
  std::string bytes = folder_.read("audit/00000000000000000000.jsonl");
  bytes[bytes.find("no such")] = 'N';
  folder_.write("audit/00000000000000000000.jsonl", bytes);
  EXPECT_EQ(prove(0), kFailure);
  EXPECT_THAT(err_, HasSubstr("run portcullis audit verify"));
  EXPECT_EQ(out_, "");
}

// --- checking

TEST_F(AuditProve, SaysWhatDoesNotHold) {
  ASSERT_EQ(prove(2), kSuccess);
  std::string proof = out_;
  proof.replace(proof.find("index 2"), 7, "index 1");
  folder_.write("proof", proof);
  EXPECT_EQ(check(true), 1);
  EXPECT_THAT(err_, StartsWith("NOT PROVEN: this is not entry 1"));
  EXPECT_EQ(out_, "");
}

TEST_F(AuditProve, SaysWhatCannotBeChecked) {
  EXPECT_EQ(check(), 2);
  EXPECT_THAT(err_, StartsWith("cannot be checked: could not read"));
  folder_.write("proof", "x\n");
  EXPECT_EQ(check(), 2);
  EXPECT_THAT(err_, HasSubstr("this is no proof"));
  ASSERT_EQ(prove(2), kSuccess);
  folder_.write("proof", out_);
  EXPECT_EQ(check_from(folder_.path() / "old.note"), 2);
  EXPECT_THAT(err_, HasSubstr("leave --from out"));
  pub_ = folder_.write("other.pub", audit::vkey_text(kOrigin, named_key(8).key.public_key()));
  EXPECT_EQ(check(), 2);
  EXPECT_THAT(err_, HasSubstr("no signature of the key"));
  pub_ = folder_.write("bad.pub", "PRIVATE+KEY+x");
  EXPECT_EQ(check(), 2);
  EXPECT_THAT(err_, HasSubstr("private one"));
  pub_ = folder_.write("long.pub", std::string(5000, 'x'));
  EXPECT_EQ(check(), 2);
  EXPECT_THAT(err_, HasSubstr("cannot take the key"));
  pub_ = folder_.path() / "none";
  EXPECT_EQ(check(), 2);
  EXPECT_EQ(out_, "");
}

TEST_F(AuditProve, NeedsTheOlderNoteThatTheProofIsAbout) {
  ASSERT_EQ(prove_from(folder_.path() / "old.note"), kSuccess);
  folder_.write("proof", out_);
  EXPECT_EQ(check(), 2);
  EXPECT_THAT(err_, HasSubstr("older note, of size 2: give that one with --from"));
  EXPECT_EQ(check_from(folder_.path() / "none"), 2);
  EXPECT_EQ(check_from(folder_.write("other.note", note(3))), 2);
  EXPECT_THAT(err_, HasSubstr("has 3: give that one"));
  EXPECT_EQ(check_from(folder_.path() / "old.note", true), 2);
  EXPECT_THAT(err_, HasSubstr("leave --show out"));
  std::string proof = folder_.read("proof");
  const auto hash = proof.find('\n') + 1;
  proof[hash] = proof[hash] == 'A' ? 'B' : 'A';
  folder_.write("proof", proof);
  EXPECT_EQ(check_from(folder_.path() / "old.note"), 1);
  EXPECT_THAT(err_, StartsWith("NOT PROVEN: "));
}

}  // namespace
}  // namespace portcullis::app
