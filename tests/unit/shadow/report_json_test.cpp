// A report for programs: valid UTF-8 whatever was measured, and the fields that docs/dry-run.md tells of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/utf8.hpp"
#include "shadow/report.hpp"

namespace portcullis::shadow {
namespace {

using base::Error;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> all;
  for (const auto& [key, value] : object.items()) all.push_back(key);
  return all;
}

Report report_of(StatementReport statement) {
  Report report;
  report.role = "bot";
  report.server_version = 150'004;
  report.fingerprint = "ab12";
  report.copy_age = std::chrono::milliseconds(1'500);
  report.statements = {std::move(statement)};
  return report;
}

Json json_of(const Report& report) {
  const auto array = Json::parse(to_json(report));
  EXPECT_EQ(array.size(), 1u);
  return array.at(0);
}
Json json_of(StatementReport statement) {
  return json_of(report_of(std::move(statement)));
}

// Whatever it says, in each place that holds text.
StatementReport everywhere(const std::string& text) {
  StatementReport statement;
  statement.statement = text;
  statement.tried_in = std::chrono::microseconds(1'234);
  statement.facts.tag = text;
  RelationFacts relation;
  relation.schema = relation.name = text;
  relation.locks.add(LockMode::share);
  relation.is_scanned = true;
  relation.inserted = 7;
  statement.facts.relations = {relation};
  TableChanges changes;
  changes.before.schema = changes.before.name = text;
  changes.list.emplace_back();
  changes.list.back().name = changes.list.back().definition = text;
  statement.facts.changes = {changes};
  Probe probe;
  probe.schema = probe.table = probe.question = probe.why = text;
  probe.answer = Probe::Answer::unknown;
  statement.probes = {probe};
  Error error(base::SqlState("23502"), text);
  error.detail = error.hint = text;
  statement.facts.on_made_up_rows = error;
  statement.rows.emplace().why = text;
  SaferStep step;
  step.sql = step.why = text;
  step.facts.emplace().relations = {relation};
  SaferStep failing = step;
  failing.facts->failure = error;
  statement.safer = SaferForm{text, {step, failing}};
  Forecast forecast;
  forecast.basis = text;
  RelationForecast at_work;
  at_work.schema = at_work.name = text;
  at_work.is_found = true;
  LockHolder holder;
  holder.pid = 478;
  holder.user = holder.state = holder.type = text;
  at_work.holders = {holder};
  forecast.relations = {at_work};
  statement.forecast = std::move(forecast);
  return statement;
}

TEST(ReportJson, HasTheFieldsOfAStatementThatRan) {
  const auto json = json_of(everywhere("x"));
  EXPECT_THAT(keys(json),
              UnorderedElementsAre("tried_in_us", "role", "server_version", "fingerprint", "copy_age_ms",
                                   "confidence", "left_out", "without_row", "outcome", "hangs_on_rows",
                                   "error", "tag", "relations", "changes", "probes", "rows",
                                   "on_made_up_rows", "safer", "forecast", "by_rule", "waits_for_older"));
  EXPECT_EQ(json["by_rule"], Json::array());
  EXPECT_EQ(json["role"], "bot");
  EXPECT_EQ(json["server_version"], 150'004);
  EXPECT_EQ(json["fingerprint"], "ab12");
  EXPECT_EQ(json["copy_age_ms"], 1'500);
  EXPECT_EQ(json["tried_in_us"], 1'234);
  EXPECT_EQ(json["confidence"], "measured");
  EXPECT_THAT(keys(json["relations"][0]),
              UnorderedElementsAre("schema", "name", "kind", "locks", "new", "dropped", "rewritten",
                                   "scanned", "inserted", "updated", "deleted"));
  EXPECT_EQ(json["relations"][0]["kind"], "table");
  EXPECT_EQ(json["relations"][0]["locks"], Json::array({"SHARE"}));
  EXPECT_EQ(json["relations"][0]["scanned"], true);
  EXPECT_EQ(json["relations"][0]["inserted"], 7);
  EXPECT_THAT(keys(json["changes"][0]),
              UnorderedElementsAre("schema", "table", "change", "name", "definition"));
  EXPECT_THAT(keys(json["probes"][0]),
              UnorderedElementsAre("schema", "table", "question", "answer", "why", "took_us"));
  EXPECT_THAT(keys(json["rows"]), UnorderedElementsAre("count", "more", "confidence", "why", "took_us"));
  EXPECT_THAT(keys(json["safer"]), UnorderedElementsAre("why", "steps"));
  EXPECT_THAT(keys(json["safer"]["steps"][0]), UnorderedElementsAre("sql", "why", "relations"));
  EXPECT_THAT(keys(json["safer"]["steps"][1]), UnorderedElementsAre("sql", "why", "error"));
  EXPECT_EQ(json["forecast"]["confidence"], "estimated");
}

TEST(ReportJson, SaysWhatIsByRule) {
  StatementReport statement;
  statement.facts.is_by_rule = statement.facts.waits_for_older = true;
  EXPECT_EQ(json_of(statement)["by_rule"], Json::array({"locks", "scanned"}));
  EXPECT_EQ(json_of(statement)["waits_for_older"], true);
}

TEST(ReportJson, SaysOnWhichRowsItRanAndNeverTheirValues) {
  StatementReport statement;
  EXPECT_FALSE(json_of(statement).contains("target_rows"));
  statement.targets = TargetsTold{true, "", {{{"app", "orders"}, 3}}, std::chrono::microseconds{12}};
  const auto told = json_of(statement)["target_rows"];
  EXPECT_THAT(keys(told), UnorderedElementsAre("loaded", "why", "tables", "took_us"));
  EXPECT_EQ(told["tables"], Json::array({{{"schema", "app"}, {"name", "orders"}, {"rows", 3}}}));
  statement.facts.failure = base::Error{};
  EXPECT_TRUE(json_of(statement)["target_rows"]["loaded"]);
}

TEST(ReportJson, HasTheRowsWhereSomebodyWantedToKnow) {
  StatementReport statement;
  EXPECT_FALSE(json_of(statement).contains("rows"));
  const RowQuestion question{.most = 10, .sql = "SELECT FROM t"};
  statement.rows = counted(question, 11, RowCount::Basis::probed);
  auto rows = json_of(statement)["rows"];
  EXPECT_EQ(rows["count"], 10);
  EXPECT_EQ(rows["more"], true);
  EXPECT_EQ(rows["confidence"], "probed");
  statement.rows = RowCount{};
  rows = json_of(statement)["rows"];
  EXPECT_TRUE(rows["count"].is_null());
  EXPECT_EQ(rows["confidence"], "unknown");
}

TEST(ReportJson, NamesEveryLockFromTheWeakestToTheStrongest) {
  StatementReport statement;
  statement.facts.relations.emplace_back();
  for (const auto mode :
       {LockMode::access_exclusive, LockMode::access_share, LockMode::share_update_exclusive})
    statement.facts.relations[0].locks.add(mode);
  EXPECT_EQ(json_of(statement)["relations"][0]["locks"],
            Json::array({"ACCESS SHARE", "SHARE UPDATE EXCLUSIVE", "ACCESS EXCLUSIVE"}));
}

TEST(ReportJson, TellsTheOutcomeInItsFourWords) {
  StatementReport statement;
  EXPECT_EQ(json_of(statement)["outcome"], "ok");
  EXPECT_EQ(json_of(statement)["hangs_on_rows"], false);
  statement.probes.emplace_back().answer = Probe::Answer::unknown;
  EXPECT_EQ(json_of(statement)["outcome"], "unknown");
  EXPECT_EQ(json_of(statement)["hangs_on_rows"], true);
  statement.probes.emplace_back().answer = Probe::Answer::violates;
  EXPECT_EQ(json_of(statement)["outcome"], "error");
  statement.not_tried = Error{base::sqlstate::feature_not_supported, "it cannot"};
  EXPECT_EQ(json_of(statement)["outcome"], "not tried");
}

TEST(ReportJson, OfWhatFailsHasTheDatabasesWordsAndNoFacts) {
  auto statement = everywhere("x");
  statement.facts.on_made_up_rows.reset();
  statement.facts.failure = Error(base::SqlState("42701"), "exists");
  statement.facts.failure->detail = "d";
  statement.facts.failure->hint = "h";
  const auto json = json_of(statement);
  EXPECT_EQ(json["error"],
            (Json{{"sqlstate", "42701"}, {"message", "exists"}, {"detail", "d"}, {"hint", "h"}}));
  for (const char* key : {"relations", "tag", "probes", "changes", "safer", "forecast"})
    EXPECT_FALSE(json.contains(key)) << key;
}

TEST(ReportJson, OfWhatWasNotTriedSaysWhy) {
  StatementReport statement;
  statement.not_tried = Error{base::sqlstate::feature_not_supported, "it cannot"};
  const auto json = json_of(statement);
  EXPECT_EQ(json["error"]["sqlstate"], "0A000");
  EXPECT_EQ(json["error"]["message"], "it cannot");
  EXPECT_FALSE(json.contains("relations"));
  EXPECT_FALSE(json.contains("hangs_on_rows"));
}

TEST(ReportJson, WithoutAForecastSaysWhyThereIsNone) {
  StatementReport statement;
  statement.forecast = Error{base::sqlstate::io_error, "the database is gone"};
  const auto forecast = json_of(statement)["forecast"];
  EXPECT_EQ(forecast["confidence"], "unknown");
  EXPECT_EQ(forecast["error"]["message"], "the database is gone");
}

TEST(ReportJson, ACopyWithGapsIsIncomplete) {
  auto report = report_of({});
  report.left_out = {"event trigger t"};
  EXPECT_EQ(json_of(report)["confidence"], "incomplete");
  EXPECT_EQ(json_of(report)["left_out"], Json::array({"event trigger t"}));
  report.left_out.clear();
  report.without_row = {"app.t"};
  EXPECT_EQ(json_of(report)["confidence"], "incomplete");
  EXPECT_EQ(json_of(report)["without_row"], Json::array({"app.t"}));
}

// What the server answers, and an agent's statement in its own encoding, can be anything.
TEST(ReportJson, IsValidUtf8WhateverItHolds) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  for (const auto& text : {every_byte, std::string("\xff"), std::string("\xc3"), std::string("\xed\xa0\x80"),
                           std::string("\xf4\x90\x80\x80"), std::string("\"\\\n\0", 4), std::string("ü")}) {
    auto report = report_of(everywhere(text));
    report.role = report.fingerprint = text;
    report.left_out = report.without_row = {text};
    const auto json = to_json(report);
    EXPECT_TRUE(base::is_valid_utf8(json));
    EXPECT_TRUE(Json::accept(json));
    EXPECT_EQ(json.find('\n'), std::string::npos);
    const auto lines = to_json_lines(report);
    EXPECT_TRUE(base::is_valid_utf8(lines));
    EXPECT_EQ(lines.find('\n'), lines.size() - 1);
  }
}

TEST(ReportJson, LeavesTheStatementOutButInTheLines) {
  auto report = report_of(everywhere("x"));
  report.statements.front().statement = "alter table secret";
  report.statements.push_back(report.statements.front());
  report.statements.back().statement = "select 2";
  EXPECT_EQ(to_json(report).find("secret"), std::string::npos);
  EXPECT_EQ(Json::parse(to_json(report)).size(), 2u);
  std::istringstream lines(to_json_lines(report));
  std::vector<std::string> told;
  for (std::string line; std::getline(lines, line);) told.push_back(Json::parse(line)["statement"]);
  EXPECT_THAT(told, ElementsAre("alter table secret", "select 2"));
}

TEST(ReportJson, OfNothingIsAnEmptyArray) {
  EXPECT_EQ(to_json(Report{}), "[]");
  EXPECT_EQ(to_json_lines(Report{}), "");
}

}  // namespace
}  // namespace portcullis::shadow
