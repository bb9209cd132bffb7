// A forecast told: what is unknown is said to be unknown, never to be nobody or nothing.
#include <gmock/gmock.h>

#include "forecast_rows.hpp"

namespace portcullis::shadow {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> words(const std::vector<Row>& rows, const RunFacts& facts = bare()) {
  return in_words(forecast(rows, facts));
}

TEST(ForecastWords, TellWhomItWaitsForWhoWaitsForItAndHowLong) {
  EXPECT_THAT(
      words({held("0", "RowExclusiveLock")}),
      ElementsAre("would wait for pid 478 (app_writer), which holds ROW EXCLUSIVE on app.orders in a "
                  "transaction of 312 s, idle in transaction",
                  "while it waits and runs, readers and writers of app.orders wait for it (1 session has "
                  "locks on it now)",
                  "would take under 1 s once it has its locks, an estimate: it changes the catalog only"));
}

TEST(ForecastWords, NobodyIsSaidOnlyWhereEverythingWasSeen) {
  EXPECT_THAT(words({quiet("0")}), Contains("would wait for nobody at this moment"));
  EXPECT_THAT(words({}),
              AllOf(Not(Contains(HasSubstr("nobody at"))),
                    Contains(StartsWith("who has locks on app.orders and how large it is, is unknown"))));
}

TEST(ForecastWords, AStateThatIsNotShownIsUnknown) {
  auto row = held("0", "AccessShareLock");
  row[14] = row[15] = row[19] = std::nullopt;
  EXPECT_EQ(
      words({row}).front(),
      "would wait for pid 478 (app_writer), which holds ACCESS SHARE on app.orders, and what it does is not "
      "shown to this login (pg_read_all_stats shows it)");
  const auto json = to_json(forecast({row}, bare()));
  EXPECT_THAT(json, HasSubstr(R"("state":null,"type":null,"mode":"ACCESS SHARE")"));
  EXPECT_THAT(json, HasSubstr(R"("transaction_ms":null)"));
}

TEST(ForecastWords, ThoseWhoWaitInFrontCountToo) {
  auto row = held("0", "ShareLock");
  row[18] = "f";
  EXPECT_THAT(words({row}).front(), HasSubstr("which awaits SHARE on app.orders"));
}

TEST(ForecastWords, APreparedTransactionHasNoProcess) {
  auto row = held("0", "ShareLock");
  row[12] = row[14] = row[15] = std::nullopt;
  row[16] = "left over";
  EXPECT_THAT(words({row}).front(),
              AllOf(HasSubstr("a prepared transaction \"left over\" (app_writer), which holds"),
                    HasSubstr("until somebody commits it or rolls it back")));
  EXPECT_THAT(to_json(forecast({row}, bare())), HasSubstr(R"("pid":null)"));
}

TEST(ForecastWords, AutovacuumGivesWayUnlessItMustNot) {
  auto row = held("0", "ShareUpdateExclusiveLock");
  row[13] = std::nullopt;
  row[14] = "active";
  row[15] = "autovacuum worker";
  EXPECT_THAT(words({row}).front(), AllOf(HasSubstr("pid 478 (autovacuum worker)"), HasSubstr("gives way")));
  row[20] = "t";
  EXPECT_THAT(words({row}).front(), HasSubstr("does not give way"));
}

// Whoever holds locks on a table holds them on its indexes.
TEST(ForecastWords, ASessionIsToldOnce) {
  const auto facts = altering({relation("orders", LockMode::access_exclusive),
                               relation("orders_pkey", LockMode::access_exclusive, 'i')});
  auto on_index = held("1", "AccessShareLock");
  on_index[1] = "i";
  on_index[2] = "20000";
  EXPECT_EQ(words({held("0", "AccessShareLock"), on_index}, facts).size(), 3u);
}

TEST(ForecastWords, AreBounded) {
  std::vector<RelationFacts> relations;
  std::vector<Row> rows;
  for (int i = 0; i < 500; ++i) {
    relations.push_back(relation("part_" + std::to_string(i), LockMode::access_exclusive));
    if (i % 2 == 0) continue;
    for (int place = 1; place <= 20; ++place) {
      rows.push_back(held(std::to_string(i), "AccessShareLock", place, 90));
      rows.back()[12] = std::to_string(1'000 * (i + 1) + place);
    }
  }
  const auto lines = words(rows, altering(relations));
  EXPECT_EQ(lines.size(), 64u);
  EXPECT_THAT(lines, Contains("would wait for 22480 more"));  // 250 * 90 - 20
  EXPECT_THAT(lines, Contains("and so of 230 more"));
  EXPECT_THAT(lines, Contains("and so of 480 more"));
}

TEST(ForecastWords, AsJson) {
  auto facts = bare();
  facts.relations[0].is_scanned = true;
  EXPECT_EQ(
      to_json(forecast({held("0", "RowExclusiveLock")}, facts)),
      R"({"confidence":"estimated","duration":"under 1 s","basis":"reads 7 MiB","relations":[{"schema":"app",)"
      R"("name":"orders","found":true,"bars":"readers and writers","rows":50000,"bytes":8192000,)"
      R"("index_bytes":2457600,"sessions":1,"in_the_way":1,"holders":[{"pid":478,"user":"app_writer",)"
      R"("state":"idle in transaction","type":"client backend","mode":"ROW EXCLUSIVE","granted":true,)"
      R"("transaction_ms":312400}]}]})");
  EXPECT_EQ(
      to_json(forecast({}, facts)),
      R"({"confidence":"estimated","duration":null,"basis":"the size of app.orders is unknown","relations":)"
      R"([{"schema":"app","name":"orders","found":false,"bars":"readers and writers"}]})");
}

}  // namespace
}  // namespace portcullis::shadow
