// Sealed texts are opened behind an entry that says so, or not at all.
#include "app/recorded_reading.hpp"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "app/audit_command.hpp"
#include "app/eraser.hpp"
#include "app/exit_code.hpp"
#include "audit/key_file.hpp"
#include "audit/log.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/audit/signing.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::app {
namespace {

using portcullis::testing::named_key;
using portcullis::testing::ScriptedConsole;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A log with two decisions, entries 2 and 3, that a process has open as a gate has, or nobody.
class RecordedReading : public ::testing::Test {
 protected:
  RecordedReading() {
    open();
    for (const char* text : {"select 'secret one'", "select 'secret two'"}) {
      auto record = audit::testing::decision(text);
      record.session = 7;
      EXPECT_TRUE(log_->append(record));
    }
    close();
  }
  void open() {
    audit::LogOptions options;
    options.directory = config_.directory = directory_;
    options.origin = config_.origin = "gate.example/shop";
    options.text = config_.text = audit::TextMode::sealed;
    options.sealing_keys = config_.sealing_keys = keys_;
    options.key = std::make_shared<const audit::NamedKey>(named_key(1, options.origin));
    log_ = audit::Log::open(std::move(options), clock_).value();
  }
  void close() { log_.reset(); }

  OpenTextsOptions with_keys() const {
    OpenTextsOptions options;
    options.keys = keys_;
    options.by = "ann";
    options.purpose = "DSR-4711";
    options.patience = 10;
    return options;
  }
  int show(const OpenTextsOptions& open, bool json = false) {
    ScriptedConsole script;
    const int code =
        show_audit({.directory = directory_, .to = 3, .json = json, .open = open}, script.console);
    out_ = script.out.str();
    err_ = script.err.str();
    return code;
  }
  // "read ann 2-3 2 DSR-4711"
  std::vector<std::string> recorded() {
    std::vector<std::string> found;
    EXPECT_TRUE(audit::for_each_entry(directory_, {}, [&](const audit::EntryReader& entry) {
      if (entry.type() != audit::EntryType::read && entry.type() != audit::EntryType::export_) return true;
      found.push_back(std::string(to_text(entry.type())) + " " + entry.text("by") + " " +
                      std::to_string(*entry.number("first")) + "-" + std::to_string(*entry.number("last")) +
                      " " + std::to_string(*entry.number("records")) + " " + entry.text("purpose") +
                      entry.text("hash"));
      return true;
    }));
    return found;
  }
  void expect_closed(const std::string& why) {
    EXPECT_EQ(out_, "");
    EXPECT_THAT(err_, HasSubstr("no text was opened"));
    EXPECT_THAT(err_, HasSubstr(why));
    EXPECT_THAT(recorded(), ElementsAre());
  }
  bool has_requests() const {
    return std::filesystem::exists(directory_ / "requests") &&
           !std::filesystem::is_empty(directory_ / "requests");
  }
  std::string sha256_of(const std::string& file) const { return audit::sha256_hex(folder_.read(file)); }

  portcullis::testing::TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path() / "audit", keys_ = folder_.path() / "audit.keys";
  base::SystemClock clock_;
  AuditConfig config_{};
  std::unique_ptr<audit::Log> log_;
  std::string out_, err_;
};

TEST_F(RecordedReading, IsRecordedByWhoeverHasTheLogOpen) {
  open();
  const Eraser gate(config_, std::chrono::seconds(0), *log_, clock_);
  ASSERT_EQ(show(with_keys()), kSuccess) << err_;
  EXPECT_THAT(out_, HasSubstr("secret two"));
  EXPECT_THAT(recorded(), ElementsAre("read ann 2-3 2 DSR-4711"));
  EXPECT_FALSE(has_requests());
  ASSERT_EQ(show({}), kSuccess);  // nothing is opened: nothing to record
  EXPECT_THAT(out_, Not(HasSubstr("secret")));
  EXPECT_EQ(recorded().size(), 1u);
}

TEST_F(RecordedReading, NamesTheUserWhereNobodyIsNamed) {
  open();
  const Eraser gate(config_, std::chrono::seconds(0), *log_, clock_);
  auto options = with_keys();
  options.by.clear();
  ASSERT_EQ(show(options, true), kSuccess) << err_;
  EXPECT_THAT(out_, HasSubstr(R"("opened":{"text":"select 'secret one'"})"));
  EXPECT_THAT(recorded(), ElementsAre(::testing::MatchesRegex("read [^ ]+ 2-3 2 DSR-4711")));
}

TEST_F(RecordedReading, OpensNothingWhereNobodyAnswers) {
  open();
  auto options = with_keys();
  options.patience = 1;
  EXPECT_EQ(show(options), kFailure);
  expect_closed("did not answer in time");
  EXPECT_FALSE(has_requests());
}

TEST_F(RecordedReading, OpensNothingWhereTheEntryIsRefused) {
  open();
  std::thread gate([this] {
    const audit::RequestFolder folder(directory_);
    for (int i = 0; i < 500 && folder.names(".read").empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (const auto& name : folder.names(".read"))
      EXPECT_TRUE(folder.give_answer(name, false, "no room left"));
  });
  EXPECT_EQ(show(with_keys()), kFailure);
  gate.join();
  expect_closed("no room left");
}

// Nobody will answer, and what was asked for is taken back.
TEST_F(RecordedReading, DoesNotWaitForOneThatIsGone) {
  open();
  auto reading = std::async(std::launch::async, [this] { return show(with_keys()); });
  for (int i = 0; i < 500 && !has_requests(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  close();
  EXPECT_EQ(reading.get(), kFailure);
  expect_closed("--config");
  EXPECT_FALSE(has_requests());
}

TEST_F(RecordedReading, NeedsAConfigurationWhereNobodyHasTheLogOpen) {
  EXPECT_EQ(show(with_keys()), kFailure);
  expect_closed("give --config");
  auto options = with_keys();
  options.config = folder_.path() / "none.json";
  EXPECT_EQ(show(options), kFailure);
  expect_closed("none.json");
}

TEST_F(RecordedReading, OfACopyIsRecordedNowhere) {
  auto options = with_keys();
  options.copy = true;
  EXPECT_EQ(show(options), kSuccess) << err_;
  EXPECT_THAT(out_, HasSubstr("secret one"));
  EXPECT_THAT(recorded(), ElementsAre());
  open();
  EXPECT_EQ(show(options), kFailure);
  expect_closed("it is no copy");
}

TEST_F(RecordedReading, RefusesNamesThatNoEntryIsToHave) {
  auto options = with_keys();
  options.by = "ann\nbert";
  EXPECT_EQ(show(options), kFailure);
  expect_closed("--by and --purpose");
}

TEST_F(RecordedReading, OfWhatIsErasedNeedsNoEntry) {
  for (const auto& file : std::filesystem::directory_iterator(keys_)) std::filesystem::remove(file);
  EXPECT_EQ(show(with_keys()), kSuccess) << err_;
  EXPECT_THAT(out_, HasSubstr("[erased]"));
  EXPECT_THAT(recorded(), ElementsAre());
}

TEST_F(RecordedReading, OfStatementsCountsThoseThatAreShown) {
  open();
  const Eraser gate(config_, std::chrono::seconds(0), *log_, clock_);
  ScriptedConsole script;
  ASSERT_EQ(query_audit({directory_, {.record = "3"}, false, with_keys()}, script.console), kSuccess)
      << script.err.str();
  EXPECT_THAT(script.out.str(), HasSubstr("secret two"));
  EXPECT_THAT(script.out.str(), Not(HasSubstr("secret one")));
  EXPECT_THAT(recorded(), ElementsAre("read ann 3-3 1 DSR-4711"));
}

class RecordedExport : public RecordedReading {
 protected:
  RecordedExport() { open(); }
  int export_to(const std::string& format, const OpenTextsOptions& options) {
    ScriptedConsole script;
    const int code =
        export_audit({directory_, format, folder_.path() / file_, {.session = 7}, options}, script.console);
    err_ = script.err.str();
    return code;
  }
  int check(bool with_log, const std::filesystem::path& keys = {}) {
    ScriptedConsole script;
    CheckExportOptions options{.file = folder_.path() / file_, .sealing_keys = keys};
    if (with_log) options.log = directory_;
    const int code = check_audit_export(options, script.console);
    err_ = script.out.str() + script.err.str();
    return code;
  }
  const std::string file_ = "november";
};

TEST_F(RecordedExport, HasTheHashOfItsFileInTheLog) {
  const Eraser gate(config_, std::chrono::seconds(0), *log_, clock_);
  ASSERT_EQ(export_to("jsonl", with_keys()), kSuccess) << err_;
  EXPECT_THAT(folder_.read(file_), HasSubstr(R"(,"opened":{"text":"select 'secret one'"}})"));
  EXPECT_THAT(recorded(), ElementsAre("export ann 2-3 2 DSR-4711" + sha256_of(file_)));
  EXPECT_EQ(check(false), 0) << err_;
  EXPECT_EQ(check(true), 2) << err_;
  EXPECT_THAT(err_, HasSubstr("--sealing-keys"));
  EXPECT_EQ(check(true, keys_), 0) << err_;
}

TEST_F(RecordedExport, AsCsvIsComparedWithTheKeys) {
  const Eraser gate(config_, std::chrono::seconds(0), *log_, clock_);
  ASSERT_EQ(export_to("csv", with_keys()), kSuccess) << err_;
  EXPECT_THAT(folder_.read(file_), HasSubstr("secret two"));
  EXPECT_THAT(recorded(), ElementsAre("export ann 2-3 2 DSR-4711" + sha256_of(file_)));
  EXPECT_EQ(check(true, keys_), 0) << err_;
  for (const auto& one : std::filesystem::directory_iterator(keys_)) std::filesystem::remove(one);
  EXPECT_EQ(check(true, keys_), 1) << err_;
  EXPECT_THAT(err_, HasSubstr("erased meanwhile"));
}

TEST_F(RecordedExport, IsNotWrittenWhereItIsNotRecorded) {
  auto options = with_keys();
  options.patience = 1;
  EXPECT_EQ(export_to("csv", options), kFailure);
  expect_closed("did not answer");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / file_));
}

TEST_F(RecordedExport, OfOneTextIsADisclosure) {
  const Eraser gate(config_, std::chrono::seconds(0), *log_, clock_);
  ScriptedConsole script;
  const DiscloseOptions options{directory_, 2, "text", with_keys(), folder_.path() / file_};
  int code = kFailure;
  for (int i = 0; i < 100 && code != kSuccess; ++i) {  // until a note covers it
    code = disclose_audit(options, script.console);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ASSERT_EQ(code, kSuccess) << script.err.str();
  EXPECT_THAT(recorded(), ElementsAre("export ann 2-2 1 DSR-4711" + sha256_of(file_)));
  const DiscloseOptions none{directory_, 2, "said", with_keys(), folder_.path() / "none"};
  EXPECT_EQ(disclose_audit(none, script.console), kFailure);
  EXPECT_EQ(recorded().size(), 1u);
}

}  // namespace
}  // namespace portcullis::app
