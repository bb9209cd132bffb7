// The gate's own questions to a server: rows arrive whatever the pieces of the answer, and nothing but an
// answer passes.
#include "session/server_query.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "portcullis/wire/messages.hpp"

namespace portcullis::session {
namespace {

using namespace std::string_view_literals;

class Rows final : public RowTaker {
 public:
  base::Result<void> take(std::span<const std::optional<std::string_view>> fields) override {
    if (refuse) return base::Error{base::sqlstate::internal_error, "no more"};
    std::string line;
    for (const auto& field : fields) line += field ? "[" + std::string(*field) + "]" : "[NULL]";
    lines.push_back(line);
    return {};
  }
  std::vector<std::string> lines;
  bool refuse = false;
};

std::string answer() {
  std::string bytes;
  encode(bytes, wire::DataRow{{"1"sv, std::nullopt}});
  encode(bytes, wire::DataRow{{""sv, "x"sv}});
  encode(bytes, wire::CommandComplete{"SELECT 2"});
  encode(bytes, wire::ReadyForQuery{'I'});
  return bytes;
}

ServerQuery::Next feed(ServerQuery& query, std::string_view bytes, std::size_t piece) {
  std::string unread;
  auto next = ServerQuery::Next::read;
  for (std::size_t at = 0; at < bytes.size() && next == ServerQuery::Next::read; at += piece) {
    unread += bytes.substr(at, piece);
    std::size_t consumed = 0;
    next = query.on_bytes(unread, consumed);
    unread.erase(0, consumed);
  }
  return next;
}

TEST(ServerQuery, WithParametersAsksByTheExtendedProtocol) {
  const shadow::Parameters parameters{{23}, {0}, {"7"}};
  Rows rows;
  ServerQuery query({"SELECT $1", parameters}, rows);
  const std::string sent = query.take_out();
  EXPECT_EQ(sent.front(), 'P');
  EXPECT_NE(sent.find("SELECT $1"), std::string::npos);
  EXPECT_EQ(sent.substr(sent.size() - 5), std::string("S\0\0\0\4", 5));
  EXPECT_EQ(feed(query, std::string("1\0\0\0\4", 5) + std::string("2\0\0\0\4", 5) + answer(), 3),
            ServerQuery::Next::ready);
  EXPECT_EQ(rows.lines.size(), 2u);
}

TEST(ServerQuery, OfTextAloneTakesNoAnswerOfTheExtendedProtocol) {
  Rows rows;
  ServerQuery query("SELECT 1", rows);
  EXPECT_EQ(feed(query, std::string("1\0\0\0\4", 5), 5), ServerQuery::Next::failed);
}

TEST(ServerQuery, AsksOnce) {
  Rows rows;
  ServerQuery query("SELECT 1", rows);
  std::string expected;
  encode(expected, wire::Query{"SELECT 1"});
  EXPECT_EQ(query.take_out(), expected);
  EXPECT_EQ(query.take_out(), "");
}

TEST(ServerQuery, GivesEachRowHoweverTheAnswerIsCut) {
  const std::string bytes = answer();
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Rows rows;
    ServerQuery query("SELECT 1", rows);
    EXPECT_EQ(feed(query, bytes, piece), ServerQuery::Next::ready) << piece;
    EXPECT_EQ(rows.lines, (std::vector<std::string>{"[1][NULL]", "[][x]"}));
  }
}

TEST(ServerQuery, LeavesWhatFollowsTheAnswer) {
  Rows rows;
  ServerQuery query("SELECT 1", rows);
  std::size_t consumed = 0;
  const std::string bytes = answer();
  EXPECT_EQ(query.on_bytes(bytes + "Z", consumed), ServerQuery::Next::ready);
  EXPECT_EQ(consumed, bytes.size());
}

TEST(ServerQuery, FailsWithTheServersOwnWords) {
  Rows rows;
  ServerQuery query("SELECT 1", rows);
  std::string bytes;
  encode(bytes, wire::ErrorResponse{
                    {{'S', "ERROR"}, {'C', "42501"}, {'M', "permission denied for table pg_class"}}});
  std::size_t consumed = 0;
  EXPECT_EQ(query.on_bytes(bytes, consumed), ServerQuery::Next::failed);
  EXPECT_EQ(query.failure().code, base::sqlstate::insufficient_privilege);
  EXPECT_NE(query.failure().message.find("permission denied for table pg_class"), std::string::npos);
}

TEST(ServerQuery, FailsWhenARowIsNotTaken) {
  Rows rows;
  rows.refuse = true;
  ServerQuery query("SELECT 1", rows);
  std::size_t consumed = 0;
  EXPECT_EQ(query.on_bytes(answer(), consumed), ServerQuery::Next::failed);
  EXPECT_EQ(query.failure().message, "no more");
}

TEST(ServerQuery, FailsAtWhatIsNoAnswer) {
  for (const std::string_view bytes :
       {"G\0\0\0\7\0\0\0"sv, "D\0\0\0\5x"sv, "D\x7f\0\0\0"sv, "\0\0\0\0\0"sv}) {
    Rows rows;
    ServerQuery query("SELECT 1", rows);
    std::size_t consumed = 0;
    EXPECT_EQ(query.on_bytes(bytes, consumed), ServerQuery::Next::failed);
    EXPECT_TRUE(rows.lines.empty());
  }
}

}  // namespace
}  // namespace portcullis::session
