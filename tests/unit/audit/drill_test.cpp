// Every attack on a log that has something for each: which check finds it, and that the original stays as it
// is.
#include "audit/drill.hpp"

#include <map>

#include <gmock/gmock.h>

#include "audit/line_edit.hpp"
#include "tests/unit/audit/log_on_disk.hpp"
#include "tests/unit/audit/signed_log.hpp"

namespace portcullis::audit {
namespace {

using ::testing::HasSubstr;
using testing::LogOnDisk;
using ::testing::Not;

using Table = std::map<std::string, DrilledAttack>;  // by "what; how"

class DrillTest : public ::testing::Test {
 protected:
  // Three segments, each with decisions by a policy.
  void fill(LogOnDisk& log) {
    ConfigRecord config;
    config.bytes = R"({"audit":{}})";
    log.add(config);
    PolicyRecord policy;
    policy.bytes = R"({"version":1})";
    policy.hash = sha256_hex(policy.bytes);
    log.add(policy);
    decide(log, policy.hash);
    log.rotate();
    decide(log, policy.hash);
    log.rotate();
    decide(log, policy.hash);
    log.sign();
    log.save();
  }
  static void decide(LogOnDisk& log, const std::string& policy) {
    for (int i = 0; i < 4; ++i) {
      const auto index = log.size();
      auto record = testing::decision("SELECT " + std::to_string(i));
      record.policy_hash = policy;
      log.add(record);
      log.add(testing::outcome(index));
    }
  }
  Table run(DrillOptions options = {}) {
    if (!options.verify) {
      options.verify = [this](const std::filesystem::path& copy, const VerifyOptions& evidence) {
        EXPECT_NE(copy, folder_.path());
        return verify(copy, evidence);
      };
    }
    const auto attacks = drill(folder_.path(), options);
    EXPECT_TRUE(attacks) << attacks.error().message;
    Table table;
    if (!attacks) return table;
    for (const auto& attack : *attacks) table[attack.what + "; " + attack.how] = attack;
    return table;
  }
  // What every file of the log holds, and when it was written last.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      const auto written = file.last_write_time().time_since_epoch().count();
      files[file.path().filename()] = testing::read_bytes(file.path()) + std::to_string(written);
    }
    return files;
  }

  testing::TemporaryDirectory folder_;
};

TEST_F(DrillTest, FindsWhatALogShowsByItself) {
  LogOnDisk log(folder_.path());
  fill(log);
  const Table table = run();
  for (const auto& [name, attack] : table) {
    if (attack.needs == Needs::nothing) {
      EXPECT_EQ(attack.result, DrillResult::found) << name;
    }
    EXPECT_NE(attack.result, DrillResult::missed) << name;
  }
  const std::map<std::string, std::string> found = {
      {"a statement's text is changed; as it is", "seal"},
      {"the last entry's time is changed; as it is", "seal"},
      {"a decision is left out; as it is", "index"},
      {"a decision is left out; chain made anew", "counters"},
      {"two entries change places; as it is", "index"},
      {"a decision is put in; as it is", "index"},
      {"a decision is put in; chain made anew", "counters"},
      {"a line of another program is put in; as it is", "bytes"},
      {"an entry is written in another form; as it is", "bytes"},
      {"the gate's start is left out; chain made anew", "order"},
      {"an outcome is said of another entry; chain made anew", "pairs"},
      {"a policy is exchanged; chain made anew", "policy"},
      {"a decision is said to be by another policy; chain made anew", "policy"},
      {"a configuration is exchanged; chain made anew", "config"},
      {"the clock is set back by an hour; chain made anew", "time"},
      {"nothing is recorded for longer than a heartbeat; chain made anew", "silence"},
      {"a file in the middle is emptied; as it is", "bytes"},
  };
  for (const auto& [name, check] : found) {
    ASSERT_TRUE(table.contains(name)) << name;
    EXPECT_EQ(table.at(name).finding.check, check) << name;
  }
}

// Nobody signs: the notes are gone, and so are the keys.
TEST_F(DrillTest, SaysWhatNothingInTheLogShows) {
  const testing::TemporaryDirectory with_keys;
  LogOnDisk log(with_keys.path());
  fill(log);
  std::filesystem::remove(folder_.path());
  ASSERT_TRUE(forge(with_keys.path(), folder_.path(), {.remade = true, .unsign = true}));
  const Table table = run();
  for (const char* name :
       {"a statement's text is changed; chain made anew", "two entries change places; chain made anew",
        "a decision is left out, the agent's count set right; chain made anew",
        "the end is cut off, with its notes; as it is", "the end is cut off, its notes are left; as it is"}) {
    ASSERT_TRUE(table.contains(name)) << name;
    EXPECT_EQ(table.at(name).result, DrillResult::not_found) << name;
  }
  EXPECT_EQ(table.at("a decision is left out; chain made anew").finding.check, "counters");
  EXPECT_EQ(table.at("a statement's text is changed, all is signed by another key; chain made anew").result,
            DrillResult::not_tried);
}

// With the key, with an anchor, with both, with none.
TEST_F(DrillTest, FindsWhatSignaturesShow) {
  LogOnDisk log(folder_.path());
  fill(log);
  const testing::TemporaryDirectory elsewhere;
  testing::write_bytes(elsewhere / "anchor", log.note_at(log.size()));
  struct Expected {
    std::string name, check;
    Needs needs;
  };
  const Expected all[] = {
      {"a statement's text is changed; chain made anew", "root", Needs::notes},
      {"a decision is left out, the agent's count set right; chain made anew", "notes", Needs::notes},
      {"two entries change places; chain made anew", "root", Needs::notes},
      {"the end is cut off, its notes are left; as it is", "notes", Needs::notes},
      {"the end is cut off, with its notes; as it is", "anchor", Needs::anchor},
      {"a statement's text is changed, all notes and keys are taken out; chain made anew", "key", Needs::key},
      {"a statement's text is changed, all is signed by another key; chain made anew", "key", Needs::key},
      {"a statement's text is changed, all is signed by the log's own key, which was stolen; chain made anew",
       "anchor", Needs::anchor},
      {"two auditors are shown two histories, both signed by the log's key; chain made anew", "anchor",
       Needs::anchor},
  };
  for (const bool has_key : {false, true}) {
    for (const bool has_anchor : {false, true}) {
      DrillOptions options;
      if (has_key) options.evidence.keys.push_back(read_vkey(log.vkey()).value());
      if (has_anchor) options.evidence.anchors.push_back(elsewhere / "anchor");
      const Table table = run(options);
      for (const auto& [name, attack] : table) EXPECT_NE(attack.result, DrillResult::missed) << name;
      for (const Expected& one : all) {
        SCOPED_TRACE(one.name + (has_key ? " key" : "") + (has_anchor ? " anchor" : ""));
        ASSERT_TRUE(table.contains(one.name));
        const auto& attack = table.at(one.name);
        EXPECT_EQ(attack.needs, one.needs);
        if ((one.needs == Needs::key && !has_key) || (one.needs == Needs::anchor && !has_anchor)) continue;
        EXPECT_EQ(attack.result, DrillResult::found);
        EXPECT_EQ(attack.finding.check, one.check);
      }
    }
  }
}

TEST_F(DrillTest, IsStoppedBetweenAttacksAndLeavesNoCopy) {
  LogOnDisk log(folder_.path());
  fill(log);
  const auto copies = [] {
    std::size_t found = 0;
    for (const auto& one : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
      found += one.path().filename().string().starts_with("portcullis-drill-") ? 1 : 0;
    return found;
  };
  const std::size_t before = copies();
  int asked = 0;
  DrillOptions options;
  options.is_stopped = [&] { return ++asked == 3; };
  const auto drilled = drill(folder_.path(), options);
  ASSERT_FALSE(drilled);
  EXPECT_EQ(drilled.error().code, base::sqlstate::query_canceled);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(copies(), before);
}

// Of what no anchor reaches yet nothing is known elsewhere.
TEST_F(DrillTest, SaysWhatNoAnchorReaches) {
  LogOnDisk log(folder_.path());
  fill(log);
  const testing::TemporaryDirectory elsewhere;
  testing::write_bytes(elsewhere / "anchor", log.note_at(20));
  DrillOptions options;
  options.evidence = {{read_vkey(log.vkey()).value()}, {elsewhere / "anchor"}};
  const Table table = run(options);
  const auto& cut = table.at("the end behind the newest anchor is cut off, with its notes; as it is");
  EXPECT_EQ(cut.result, DrillResult::not_found);
  EXPECT_EQ(cut.needs, Needs::impossible);
  EXPECT_EQ(table.at("the end is cut off, with its notes; as it is").finding.check, "anchor");
}

TEST_F(DrillTest, NeverChangesTheOriginal) {
  LogOnDisk log(folder_.path());
  fill(log);
  const auto before = files();
  ASSERT_EQ(before.size(), 6u);
  (void)run();
  EXPECT_EQ(files(), before);
}

TEST_F(DrillTest, LeavesNothingBehind) {
  LogOnDisk log(folder_.path());
  fill(log);
  const testing::TemporaryDirectory scratch;
  ::setenv("TMPDIR", scratch.path().c_str(), 1);
  std::filesystem::path seen;
  DrillOptions options;
  options.verify = [&](const std::filesystem::path& copy, const VerifyOptions& evidence) {
    seen = copy.parent_path();
    EXPECT_EQ(seen.parent_path(), scratch.path());
    EXPECT_EQ(std::filesystem::status(seen).permissions(), std::filesystem::perms::owner_all);
    return verify(copy, evidence);
  };
  (void)run(options);
  ::unsetenv("TMPDIR");
  EXPECT_FALSE(seen.empty());
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

// A verifier that finds nothing is found out.
TEST_F(DrillTest, SaysWhatWasMissed) {
  LogOnDisk log(folder_.path());
  fill(log);
  DrillOptions options;
  options.verify = [](const std::filesystem::path&, const VerifyOptions&) {
    VerifyReport report;
    report.result = VerifyResult::clean;
    return report;
  };
  for (const auto& [name, attack] : run(options)) {
    if (attack.result == DrillResult::not_tried) continue;
    EXPECT_EQ(attack.result, attack.needs == Needs::nothing ? DrillResult::missed : DrillResult::not_found)
        << name;
  }
  options.verify = [&](const std::filesystem::path&, const VerifyOptions&) {
    VerifyReport report;
    report.result = VerifyResult::clean;
    report.key = log.vkey();
    report.covered = report.anchored = log.size();
    report.key_is_trusted = true;
    return report;
  };
  for (const auto& [name, attack] : run(options)) {
    if (attack.result == DrillResult::not_tried) continue;
    EXPECT_EQ(attack.result, DrillResult::missed) << name;
  }
}

// What was wrong with the log before is no find.
TEST_F(DrillTest, TakesNoOldFindingForAFind) {
  LogOnDisk log(folder_.path());
  fill(log);
  DrillOptions options;
  options.verify = [](const std::filesystem::path&, const VerifyOptions&) {
    VerifyReport report;
    report.result = VerifyResult::incomplete;
    for (const char* check : {"chain", "counters", "silence", "time"})
      report.findings.push_back({check, 3, "", 0, ""});
    return report;
  };
  for (const auto& [name, attack] : run(options)) EXPECT_NE(attack.result, DrillResult::found) << name;
}

TEST_F(DrillTest, TriesOnlyWhatThereIs) {
  LogOnDisk log(folder_.path());
  log.save();
  const Table table = run();
  EXPECT_EQ(table.at("a policy is exchanged; chain made anew").result, DrillResult::not_tried);
  EXPECT_EQ(table.at("a decision is left out; as it is").result, DrillResult::not_tried);
  EXPECT_EQ(table.at("a file in the middle is emptied; as it is").result, DrillResult::not_tried);
  EXPECT_EQ(table.at("the last entry's time is changed; as it is").result, DrillResult::found);
}

TEST_F(DrillTest, NeedsALogThatIsInOrder) {
  DrillOptions options;
  EXPECT_THAT(drill(folder_.path(), options).error().message, HasSubstr("has no entry"));
  EXPECT_THAT(drill(folder_ / "none", options).error().message, HasSubstr("could not read"));
  LogOnDisk log(folder_.path());
  fill(log);
  auto bytes = testing::read_bytes(folder_ / segment_name(0));
  bytes[bytes.find("SELECT")] = 'X';
  testing::write_bytes(folder_ / segment_name(0), bytes);
  EXPECT_THAT(drill(folder_.path(), options).error().message, HasSubstr("tampered with as it is"));
  testing::write_bytes(folder_ / segment_name(0), "no entry\n");
  EXPECT_THAT(drill(folder_.path(), options).error().message, HasSubstr("run portcullis audit verify"));
}

// The gate goes on writing: what it wrote last is not signed yet, and the log never had all of its findings
// gone.
TEST_F(DrillTest, FindsWhatSignaturesShowOfALogThatGoesOn) {
  LogOnDisk log(folder_.path());
  fill(log);
  log.add(testing::decision("SELECT 'not covered yet'"));
  log.save();
  const testing::TemporaryDirectory elsewhere;
  testing::write_bytes(elsewhere / "anchor", log.note_at(20));
  DrillOptions options;
  options.evidence = {{read_vkey(log.vkey()).value()}, {elsewhere / "anchor"}};
  ASSERT_EQ(verify(folder_.path(), options.evidence).result, VerifyResult::incomplete);
  for (const auto& [name, attack] : run(options)) {
    EXPECT_EQ(attack.result, attack.needs == Needs::impossible ? DrillResult::not_found : DrillResult::found)
        << name;
  }
}

class DrillOfAChangedKey : public testing::SignedLog {};

TEST_F(DrillOfAChangedKey, FindsWhatSignaturesShow) {
  begin_again(key_);
  sign().add(testing::session("login")).add(testing::decision("select 1"));
  sign();
  change_key(other_);
  sign({&key_, &other_}).add(testing::decision("select 2")).add(testing::outcome(5));
  sign();
  keep_segment();
  anchor(notes_.at(7));
  expect_clean();
  const auto attacks = drill(directory_.path(), {.evidence = options_, .verify = {}, .progress = {}});
  ASSERT_TRUE(attacks) << attacks.error().message;
  int found = 0;
  for (const auto& attack : *attacks) {
    EXPECT_NE(attack.result, DrillResult::missed) << attack.what << "; " << attack.how;
    found += attack.result == DrillResult::found && attack.needs != Needs::nothing ? 1 : 0;
  }
  EXPECT_GE(found, 5);
}

// --- the forger

// A chain that was made anew with nothing changed is the one that was there.
TEST_F(DrillTest, MakesAChainAnewAsTheWriterDoes) {
  LogOnDisk log(folder_.path());
  fill(log);
  ASSERT_TRUE(forge(folder_.path(), folder_ / "same", {.remade = true}));
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "same")) {
    EXPECT_EQ(testing::read_bytes(file.path()), testing::read_bytes(folder_ / file.path().filename()));
  }
}

// So that only what the attack is about can be found.
TEST_F(DrillTest, LeavesAChainThatHolds) {
  LogOnDisk log(folder_.path());
  fill(log);
  const auto key = portcullis::testing::named_key(9);
  const auto found = survey(folder_.path()).value();
  int number = 0;
  for (const auto& attack : attacks_on(found, {.covered = log.size()}, key)) {
    if (!attack.forgery || !attack.forgery->remade) continue;
    const auto to = folder_ / ("copy" + std::to_string(number++));
    ASSERT_TRUE(forge(folder_.path(), to, *attack.forgery));
    const auto report = verify(to);
    EXPECT_EQ(report.segments, 3u) << attack.what;
    for (const auto& finding : report.findings) {
      EXPECT_THAT(finding.check,
                  Not(::testing::AnyOfArray({"bytes", "canonical", "fields", "origin", "index", "chain",
                                             "batch", "seal", "segment", "tree", "torn tail"})))
          << attack.what << testing::explain(report);
    }
  }
  EXPECT_GT(number, 10);
}

TEST(LineEdit, KeepsKeysInOrder) {
  const std::string line = R"({"@":"o#v1","b":1,"e":"x\"y","i":7,"text":"t"})";
  EXPECT_EQ(LineEdit(line).set("b", "22").text(), R"({"@":"o#v1","b":22,"e":"x\"y","i":7,"text":"t"})");
  EXPECT_EQ(LineEdit(line).set_text("e", "").text(), R"({"@":"o#v1","b":1,"e":"","i":7,"text":"t"})");
  EXPECT_EQ(LineEdit(line).remove("e").text(), R"({"@":"o#v1","b":1,"i":7,"text":"t"})");
  EXPECT_EQ(LineEdit(line).remove("text").text(), R"({"@":"o#v1","b":1,"e":"x\"y","i":7})");
  EXPECT_EQ(LineEdit(line).remove("none").text(), line);
  EXPECT_EQ(LineEdit(line).set("c", "1").set("z", "2").text(),
            R"({"@":"o#v1","b":1,"c":1,"e":"x\"y","i":7,"text":"t","z":2})");
  EXPECT_EQ(LineEdit(line).set_number("i", 8).remove("e").set("f", "[]").text(),
            R"({"@":"o#v1","b":1,"f":[],"i":8,"text":"t"})");
}

}  // namespace
}  // namespace portcullis::audit
