// Readings that whoever writes the log is asked to record: the bytes of a request, and what becomes of it.
#include "audit/reading_requests.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "audit/read.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit {
namespace {

using namespace portcullis::audit::testing;
using ::testing::HasSubstr;

const std::string kHash(64, 'a');
constexpr std::string_view kText =
    "portcullis reading v1\n"
    "by ann\n"
    "purpose Art. 15 GDPR, DSR-4711\n"
    "first 17\n"
    "last 200\n"
    "records 12\n"
    "classes parameters text\n";

ReadRequest a_request() {
  ReadRequest request{"ann", 17, 200, 12, {}, {}, "Art. 15 GDPR, DSR-4711"};
  request.classes.add(SealClass::parameters);
  request.classes.add(SealClass::text);
  return request;
}

// The request above, with this in place of that.
bool takes_with(std::string_view that, std::string_view with) {
  std::string text(kText);
  const auto at = text.find(that);
  EXPECT_NE(at, std::string::npos) << that;
  const auto read = read_read_request(text.replace(at, that.size(), with));
  if (!read) {
    EXPECT_EQ(read.error().code, base::sqlstate::invalid_parameter_value);
    return false;
  }
  EXPECT_EQ(to_text(*read), text);
  return true;
}

TEST(ReadRequestFile, HasTheBytesOfThePage) {
  EXPECT_EQ(to_text(a_request()), kText);
  ReadRequest request = a_request();
  request.purpose.clear();
  request.hash = kHash;
  const auto read = read_read_request(to_text(request));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->hash, kHash);
  EXPECT_EQ(to_text(*read), to_text(request));
}

TEST(ReadRequestFile, TakesNothingElse) {
  EXPECT_TRUE(takes_with("by ann", "by \xc3\xa4nn \xe2\x80\x94 auditor"));
  EXPECT_TRUE(takes_with("records 12", "records 184"));
  EXPECT_TRUE(takes_with("text\n", "text\nhash " + kHash + "\n"));
  EXPECT_TRUE(takes_with("ann", std::string(500, 'x')));
  for (const auto& [that, with] : std::vector<std::pair<std::string, std::string>>{
           {"v1", "v2"},
           {"by ann\n", ""},
           {"ann", ""},
           {"ann", " ann"},
           {"ann", "ann "},
           {"ann", "a\tn"},
           {"ann", "a\x7fn"},
           {"ann", "a\xff"},
           {"ann", std::string(501, 'x')},
           {"ann\n", "ann\r\n"},
           {"purpose Art. 15 GDPR, DSR-4711", "purpose "},
           {"first 17", "first 017"},
           {"first 17", "first 201"},
           {"last 200", "last 9007199254740992"},
           {"records 12", "records 0"},
           {"records 12", "records 185"},
           {"records 12", "records -1"},
           {"parameters text", "text parameters"},
           {"parameters text", ""},
           {"parameters text", "sql"},
           {"text\n", "text"},
           {"text\n", "text\n\n"},
           {"text\n", "text\nhash " + kHash + "0\n"},
           {"text\n", "text\nhash " + std::string(64, 'A') + "\n"},
           {"text\n", "text\nhash " + kHash + "\nhash " + kHash + "\n"}})
    EXPECT_FALSE(takes_with(that, with)) << that << " -> " << with;
  EXPECT_FALSE(read_read_request(""));
  EXPECT_FALSE(read_read_request(std::string(1 << 20, '\n')));
}

class Host final : public ErasureHost {
 public:
  base::Result<std::uint64_t> append(Record record) override {
    if (fails) return base::Error{base::sqlstate::disk_full, "no room"};
    records.push_back(std::move(record));
    return 40 + records.size();
  }
  base::Result<void> leave_epoch() override { return {}; }
  base::Result<void> wait_signed(std::uint64_t) override { return {}; }
  std::vector<Record> records;
  bool fails = false;
};

class ReadingRequestsTest : public ::testing::Test {
 protected:
  const std::filesystem::path& path() const { return directory_.path(); }
  bool is_there(const std::string& file) const { return std::filesystem::exists(path() / "requests" / file); }

  TemporaryDirectory directory_;
  ReadingRequests requests_{directory_.path()};
  Host host_;
};

TEST_F(ReadingRequestsTest, IsRecordedOnceAndAnswered) {
  EXPECT_FALSE(requests_.any());
  const auto name = requests_.leave(a_request());
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_TRUE(requests_.any());
  EXPECT_FALSE(requests_.answer(*name));
  const auto said = requests_.look(host_);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], HasSubstr("entry 41 records that ann reads the sealed texts of 12 entries"));
  ASSERT_EQ(host_.records.size(), 1u);
  const auto& record = std::get<ReadRecord>(host_.records[0]);
  EXPECT_EQ(record.by, "ann");
  EXPECT_EQ(record.classes, (std::vector<std::string>{"parameters", "text"}));
  ASSERT_TRUE(requests_.answer(*name));
  EXPECT_TRUE(requests_.answer(*name)->done);
  EXPECT_EQ(requests_.answer(*name)->message, "41");
  requests_.forget_answer(*name);
  EXPECT_TRUE(requests_.look(host_).empty());
  EXPECT_EQ(host_.records.size(), 1u);
  EXPECT_TRUE(std::filesystem::is_empty(path() / "requests"));
}

TEST_F(ReadingRequestsTest, WithAHashIsAnExport) {
  ReadRequest request = a_request();
  request.hash = kHash;
  ASSERT_TRUE(requests_.leave(request));
  (void)requests_.look(host_);
  ASSERT_EQ(host_.records.size(), 1u);
  EXPECT_EQ(std::get<ExportRecord>(host_.records[0]).hash, kHash);
}

// As a gate that is killed while it records: the reader has no answer, and opens nothing.
TEST_F(ReadingRequestsTest, IsGoneBeforeItIsRecorded) {
  class Killed final : public ErasureHost {
   public:
    explicit Killed(std::filesystem::path folder) : folder_(std::move(folder)) {}
    base::Result<std::uint64_t> append(Record) override {
      EXPECT_TRUE(std::filesystem::is_empty(folder_));
      return base::Error{base::sqlstate::io_error, "killed"};
    }
    base::Result<void> leave_epoch() override { return {}; }
    base::Result<void> wait_signed(std::uint64_t) override { return {}; }

   private:
    std::filesystem::path folder_;
  } killed(path() / "requests");
  ASSERT_TRUE(requests_.leave(a_request()));
  (void)requests_.look(killed);
  EXPECT_TRUE(requests_.look(host_).empty());
}

TEST_F(ReadingRequestsTest, WhatCannotBeRecordedIsRefused) {
  host_.fails = true;
  const auto name = requests_.leave(a_request()).value();
  EXPECT_THAT(requests_.look(host_)[0], HasSubstr("no room"));
  ASSERT_TRUE(requests_.answer(name));
  EXPECT_FALSE(requests_.answer(name)->done);
  EXPECT_EQ(requests_.answer(name)->message, "no room");
  EXPECT_FALSE(requests_.any());
}

TEST_F(ReadingRequestsTest, CanBeWithdrawnUntilItIsTaken) {
  const auto name = requests_.leave(a_request()).value();
  EXPECT_TRUE(requests_.withdraw(name));
  EXPECT_FALSE(requests_.withdraw(name));
  EXPECT_TRUE(requests_.look(host_).empty());
}

TEST_F(ReadingRequestsTest, AnswersWhatIsNoneAndGoesOn) {
  const auto good = requests_.leave(a_request()).value();
  const auto in = path() / "requests";
  write_bytes(in / "none.read", "x");
  write_bytes(in / "large.read", std::string(kMaxReadRequestBytes + 1, 'x'));
  write_bytes(in / "not plain.read", "x");
  write_bytes(in / "half.read.draft", std::string(kText));
  write_bytes(in / "other.order", std::string(kText));
  std::filesystem::create_directory(in / "folder.read");
  std::filesystem::create_symlink(in / "other.order", in / "link.read");
  ASSERT_EQ(::mkfifo((in / "pipe.read").c_str(), 0600), 0);
  (void)requests_.look(host_);
  for (const char* name : {"none", "large", "folder", "link", "pipe"}) {
    const auto answer = requests_.answer(name);
    EXPECT_TRUE(answer && !answer->done && !answer->message.empty()) << name;
    EXPECT_FALSE(is_there(std::string(name) + ".read")) << name;
  }
  EXPECT_TRUE(requests_.answer(good)->done);
  EXPECT_EQ(host_.records.size(), 1u);
  EXPECT_FALSE(requests_.any());
}

// Readers that were killed come for nothing.
TEST_F(ReadingRequestsTest, ForgetsAnswersThatNobodyCameFor) {
  const auto old = requests_.leave(a_request()).value();
  (void)requests_.look(host_);
  const auto in = path() / "requests";
  const std::string order(64, 'b');
  write_bytes(in / (old + ".read.draft"), "half");
  write_bytes(in / (order + ".done"), "erased");
  for (const auto& file : {old + ".done", old + ".read.draft", order + ".done"}) {
    std::filesystem::last_write_time(in / file,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  }
  const auto young = requests_.leave(a_request()).value();
  (void)requests_.look(host_);
  EXPECT_FALSE(requests_.answer(old));
  EXPECT_FALSE(is_there(old + ".read.draft"));
  EXPECT_TRUE(is_there(order + ".done"));
  EXPECT_TRUE(requests_.answer(young));
}

TEST_F(ReadingRequestsTest, AFolderOfOthersIsNotUsed) {
  ASSERT_EQ(::mkdir((path() / "requests").c_str(), 0755), 0);
  ASSERT_EQ(::chmod((path() / "requests").c_str(), 0755), 0);
  EXPECT_THAT(requests_.leave(a_request()).error().message, HasSubstr("chmod 700"));
  write_bytes(path() / "requests" / "a.read", std::string(kText));
  (void)requests_.look(host_);
  EXPECT_TRUE(host_.records.empty());
}

}  // namespace
}  // namespace portcullis::audit
