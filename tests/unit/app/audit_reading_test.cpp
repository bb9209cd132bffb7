// What `portcullis audit query`, `report`, `export` and `check-export` make of a log.
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "app/audit_command.hpp"
#include "app/audit_export.hpp"
#include "app/audit_filter.hpp"
#include "app/audit_reports.hpp"
#include "app/exit_code.hpp"
#include "app/statement_output.hpp"
#include "tests/unit/app/scripted_console.hpp"
#include "tests/unit/app/temporary_folder.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::app {
namespace {

using audit::DecisionRecord;
using audit::testing::Forger;
using portcullis::testing::ScriptedConsole;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

TEST(FilterOptionsTest, AreMadeIntoAFilter) {
  const auto read = to_read_options({.column = "app.customers.email",
                                     .action = "SELECT",
                                     .kind = "create table",
                                     .since = "1970-01-02",
                                     .record = "3-9"},
                                    0);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->filter.table, "app.customers");
  EXPECT_EQ(read->filter.column, "email");
  EXPECT_EQ(read->filter.action, "select");
  EXPECT_EQ(read->filter.kind, "CREATE TABLE");
  EXPECT_EQ(read->filter.from, 3u);
  EXPECT_EQ(read->filter.to, 9u);
}

TEST(FilterOptionsTest, RefuseWhatCannotBeAskedAndSayWhatCan) {
  const std::vector<std::pair<FilterOptions, std::string>> wrong{
      {{.table = "a*"}, "app.*"},
      {{.table = "*.*"}, "app.*"},
      {{.column = "email"}, "table before"},
      {{.table = "a.b", .column = "a.b.c"}, "--table or --column"},
      {{.action = "read"}, "as policies name it"},
      {{.verdict = "no"}, "would_deny"},
      {{.type = "gossip"}, "decision"},
      {{.since = "noon"}, "2026-11-22"},
      {{.since = "1h", .until = "2h"}, "exchange"},
      {{.record = "9-3"}, "4711-4800"},
      {{.record = "-3"}, "4711-4800"},
      {{.direct = true}, "--table"}};
  for (const auto& [options, told] : wrong) {
    const auto read = to_read_options(options, 1'000'000'000'000);
    ASSERT_FALSE(read) << told;
    EXPECT_THAT(read.error().message, HasSubstr(told));
  }
}

TEST(CanonicalQuery, IsReadBackAndHasOneForm) {
  audit::ReadOptions options;
  options.filter.agent = "a\"b\n";
  options.filter.since = 1'790'000'000'000'001;
  options.filter.from = 7;
  options.filter.direct = true;
  options.filter.table = "app.*";
  const std::string text = canonical_query("export csv", options, 99);
  EXPECT_EQ(text, R"({"as_of":99,"command":"export csv","filter":{"agent":"a\"b\n","direct":true,"from":7,)"
                  R"("since":"2026-09-21T14:13:20.000001Z","table":"app.*"}})");
  std::string command;
  const auto again = read_query(text, command);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(command, "export csv");
  EXPECT_EQ(again->as_of, 99u);
  EXPECT_EQ(canonical_query(command, *again, *again->as_of), text);
  for (std::string wrong : {text + " ", std::string("{}"), std::string("x"),
                            std::string(R"({"as_of":1,"command":"c","filter":{"agnet":"x"}})")})
    EXPECT_FALSE(read_query(wrong, command)) << wrong;
}

TEST(Csv, QuotesAndLetsNoCellBeAFormula) {
  EXPECT_EQ(csv_record({"a", "b,c", "d\"e", "f\ng", ""}), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
  EXPECT_EQ(csv_record({"=1+1", "+1", "-1", "@x", "\tx", "\rx"}),
            "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\tx\",\"'\rx\"\r\n");
  EXPECT_EQ(csv_record({"\xff"}), "base64:/w==\r\n");
  EXPECT_EQ(csv_columns().size(), csv_cells(audit::Statement{}).size());
}

// Two agents, a view, a refusal, one that was only counted, an unresolved statement, a crash.
class AuditReading : public ::testing::Test {
 protected:
  AuditReading() {
    std::filesystem::create_directory(log_);
    forger_.start();
    forger_.add(audit::PolicyRecord{"shop", audit::sha256_hex("{}"), "{}"});
    log_in(1, "bot", "ada");
    log_in(2, "other", "bob");
    run(decision(1, "bot", "select", "app.people", "SELECT * FROM app.people"), 3);
    run(decision(2, "other", "update", "app.orders", "=1; UPDATE app.orders"), 0);
    DecisionRecord denied = decision(1, "bot", "select", "app.users", "SELECT ssn FROM app.users");
    denied.verdict = denied.effects.front().outcome = "deny";
    denied.rule = "pii";
    denied.sqlstate = "42501";
    forger_.add(denied).add(audit::CountedRecord{1, 41, "bot", "read", "53400"});
    run(decision(2, "other", "alter table add column", "app.orders", "ALTER TABLE app.orders"), 0);
    run(decision(2, "other", "grant", "app.orders", "GRANT"), 0);
    forger_.add(decision(2, "other", "delete", "app.orders", "DELETE"));
    forger_.add(audit::recovered_draft(forger_.context(), 12), false);
    forger_.add(audit::open_draft(forger_.context(), "b1", "1", std::chrono::milliseconds(60'000)));
    forger_.micros += 70'000'000;
    forger_.add(audit::heartbeat_draft(forger_.context()));
    forger_.add(audit::AnchorRecord{"git", "failed", "no route", 3});
    forger_.save(log_);
  }

  static DecisionRecord decision(std::uint64_t session, const std::string& agent, const std::string& action,
                                 const std::string& object, const std::string& text) {
    DecisionRecord record = audit::testing::decision(text, session);
    record.agent = agent;
    record.policy_hash = audit::sha256_hex("{}");
    record.effects = {{action, object, "allow", "read", ""}};
    if (object == "app.people") {
      audit::EffectRecord through{action, "app.customers", "allow", "read", ""};
      through.route = "through view app.people";
      through.columns = {"email", "id"};
      record.effects.push_back(through);
    }
    return record;
  }
  void log_in(std::uint64_t session, const std::string& agent, const std::string& owner) {
    auto record = audit::testing::session("login", session);
    record.agent = agent;
    record.owner = owner;
    forger_.add(record);
  }
  void run(const DecisionRecord& record, std::uint64_t rows) {
    const auto index = forger_.next_index();
    forger_.add(record);
    auto outcome = audit::testing::outcome(index, record.session);
    outcome.rows = rows;
    outcome.bytes = 10 * rows;
    forger_.add(outcome);
    forger_.micros += 1'000'000;
  }

  Json report(const std::string& name, const FilterOptions& filter = {}, std::size_t rows = 200) {
    ScriptedConsole script;
    const int code = report_audit(
        {.directory = log_, .name = name, .filter = filter, .rows = rows, .json = true}, script.console);
    EXPECT_EQ(code, kSuccess) << script.err.str();
    return Json::parse(script.out.str(), nullptr, false);
  }
  int refused(const std::string& name, const FilterOptions& filter = {}) {
    ScriptedConsole script;
    const int code = report_audit({.directory = log_, .name = name, .filter = filter}, script.console);
    err_ = script.err.str();
    return code;
  }
  int export_to(const std::filesystem::path& file, const std::string& format,
                const FilterOptions& filter = {}) {
    ScriptedConsole script;
    const int code = export_audit({log_, format, file, filter}, script.console);
    err_ = script.err.str();
    return code;
  }
  int check(const std::filesystem::path& file, bool with_log) {
    ScriptedConsole script;
    CheckExportOptions options{.file = file};
    if (with_log) options.log = log_;
    const int code = check_audit_export(options, script.console);
    out_ = script.out.str() + script.err.str();
    return code;
  }

  portcullis::testing::TemporaryFolder folder_;
  std::filesystem::path log_ = folder_.path() / "log";
  Forger forger_;
  std::string out_, err_;
};

TEST_F(AuditReading, AnswersAQueryWithRowsAndWhatTheyRestOn) {
  ScriptedConsole script;
  EXPECT_EQ(query_audit({log_, {.table = "app.customers"}, true}, script.console), kSuccess)
      << script.err.str();
  std::string row, evidence;
  std::getline(std::istringstream(script.out.str()), row);
  const Json statement = Json::parse(row);
  EXPECT_EQ(statement["owner"], "ada");
  EXPECT_EQ(statement["result"], "ok");
  EXPECT_EQ(statement["outcomes"][0]["rows"], 3);
  const Json told = Json::parse(script.out.str().substr(row.size() + 1))["evidence"];
  EXPECT_EQ(told["matched"], 1);
  EXPECT_EQ(told["list_entries"], 2);
  EXPECT_EQ(told["query_sha256"], audit::sha256_hex(told["query"].get<std::string>()));
  audit::RangeTree tree(0);
  for (const std::size_t index : {5u, 6u}) {
    std::istringstream lines(forger_.bytes());
    std::string line;
    for (std::size_t i = 0; i <= index; ++i) std::getline(lines, line);
    tree.append(audit::leaf_hash(line));
  }
  EXPECT_EQ(told["list_root"], audit::to_hex(*tree.root()));
}

TEST_F(AuditReading, LeavesOutWhatCameThroughOthersWhereAsked) {
  const auto reads = [&](FilterOptions filter) {
    return report("access", filter)["tables"]["reads"]["rows"].size();
  };
  EXPECT_EQ(reads({.column = "app.customers.email"}), 1u);
  EXPECT_EQ(reads({.column = "app.customers.email", .direct = true}), 0u);
  EXPECT_EQ(reads({.column = "app.customers.name"}), 0u);
  EXPECT_EQ(reads({.table = "app.*"}), 2u);
}

TEST_F(AuditReading, ReportsWhoDidWhat) {
  const Json changes = report("changes")["tables"];
  ASSERT_EQ(changes["changes"]["rows"].size(), 2u);
  EXPECT_EQ(changes["changes"]["rows"][0]["owner"], "bob");
  EXPECT_EQ(changes["changes"]["rows"][1]["result"], "unresolved");
  EXPECT_EQ(report("schema-changes")["tables"]["schema_changes"]["rows"].size(), 2u);
  EXPECT_EQ(report("privileges")["tables"]["privileges"]["rows"][0]["actions"], "grant app.orders");
  EXPECT_EQ(report("unresolved")["evidence"]["matched"], 1);
  const Json activity = report("activity", {.owner = "bob"})["tables"];
  EXPECT_EQ(activity["sessions"]["rows"].size(), 1u);
  EXPECT_EQ(activity["statements"]["rows"].size(), 4u);
  const Json breach = report("breach", {.agent = "bot"})["tables"]["relations"]["rows"];
  ASSERT_EQ(breach.size(), 3u);
  EXPECT_EQ(breach[0]["relation"], "app.customers");
  EXPECT_EQ(breach[0]["columns"], "email, id");
  EXPECT_EQ(breach[0]["how"], "through others");
  EXPECT_EQ(breach[2]["how"], "refused");
  EXPECT_EQ(breach[2]["rows"], 0);
}

TEST_F(AuditReading, CountsRefusalsOfWhichOnlyTheNumberIsKept) {
  const Json rules = report("denials")["tables"]["by_rule_and_agent"]["rows"];
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0]["statements"], 41);
  EXPECT_EQ(rules[0]["sqlstate"], "53400");
  EXPECT_EQ(rules[1]["rule"], "pii");
}

TEST_F(AuditReading, TellsWhenTheGateDidNotRecord) {
  const Json gaps = report("gaps");
  const Json counts = gaps["tables"]["counts"]["rows"][0];
  EXPECT_EQ(counts["starts"], 2);
  EXPECT_EQ(counts["without_a_clean_end_before"], 1);
  EXPECT_EQ(counts["silences"], 1);
  EXPECT_EQ(counts["anchors_failing_at_the_end"], 1);
  // What began before the range is known all the same.
  const auto later = audit::time_text(forger_.micros - 1'000'000);
  EXPECT_EQ(report("gaps", {.since = later})["tables"]["counts"]["rows"][0]["silences"], 1);
  EXPECT_EQ(report("gaps", {.since = later})["tables"]["counts"]["rows"][0]["starts"], 0);
  EXPECT_EQ(report("policies")["tables"]["judged_by"]["rows"].size(), 2u);
}

TEST_F(AuditReading, FindsWhatAnAgentNeverDidBefore) {
  const auto since = audit::time_text(forger_.micros);
  forger_.micros += 1'000'000;
  log_in(1, "bot", "ada");
  run(decision(1, "bot", "select", "app.ledger", "SELECT"), 2'000);
  run(decision(1, "bot", "select", "app.people", "SELECT"), 1);
  forger_.save(log_);
  const Json tables = report("outliers", {.since = since})["tables"];
  ASSERT_EQ(tables["new_relations"]["rows"].size(), 1u);
  EXPECT_EQ(tables["new_relations"]["rows"][0]["relation"], "app.ledger");
  ASSERT_EQ(tables["much_in_an_hour"]["rows"].size(), 1u);
  EXPECT_EQ(tables["much_in_an_hour"]["rows"][0]["most_before"], 3);
  EXPECT_EQ(tables["new_agents"]["rows"].size(), 0u);
}

TEST_F(AuditReading, SaysWhatItDoesNotList) {
  const Json listed = report("activity", {.owner = "bob"}, 1)["tables"]["statements"];
  EXPECT_EQ(listed["rows"].size(), 1u);
  EXPECT_EQ(listed["more"], 3);
}

TEST_F(AuditReading, RefusesReportsWithoutASubject) {
  EXPECT_EQ(refused("access"), kUsage);
  EXPECT_THAT(err_, HasSubstr("--table or --column"));
  EXPECT_EQ(refused("breach"), kUsage);
  EXPECT_THAT(err_, HasSubstr("--agent"));
  EXPECT_EQ(refused("approvals"), kUsage);
  log_ = folder_.path() / "none";
  EXPECT_EQ(refused("denials"), kFailure);
}

TEST_F(AuditReading, AsksAgainAsOfAnEarlierEnd) {
  const Json then = report("denials")["evidence"];
  DecisionRecord denied = decision(1, "bot", "select", "app.users", "SELECT");
  denied.verdict = "deny";
  forger_.add(denied).save(log_);
  EXPECT_NE(report("denials")["evidence"]["list_root"], then["list_root"]);
  EXPECT_EQ(report("denials", {.as_of = then["as_of"].get<std::uint64_t>()})["evidence"], then);
}

TEST_F(AuditReading, ExportsWhatCanBeChecked) {
  const auto jsonl = folder_.path() / "a.jsonl", csv = folder_.path() / "b.csv";
  ASSERT_EQ(export_to(jsonl, "jsonl", {.agent = "bot"}), kSuccess) << err_;
  ASSERT_EQ(export_to(csv, "csv"), kSuccess) << err_;
  const auto mode = std::filesystem::status(csv).permissions() & std::filesystem::perms::mask;
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(folder_.read("a.jsonl"), HasSubstr("\"t\":\"outcome\""));
  EXPECT_THAT(folder_.read("b.csv"), HasSubstr(",\"'=1; UPDATE"));
  EXPECT_EQ(check(jsonl, true), 0) << out_;
  EXPECT_EQ(check(csv, true), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("complete"));
  // The log goes on; the question is that of then.
  forger_.add(decision(1, "bot", "select", "app.people", "SELECT")).save(log_);
  EXPECT_EQ(check(jsonl, true), 0) << out_;
  EXPECT_EQ(check(csv, true), 0) << out_;
}

TEST_F(AuditReading, OverwritesNothingAndLeavesNothingBehind) {
  folder_.write("a.csv.manifest.json", "mine");
  EXPECT_EQ(export_to(folder_.path() / "a.csv", "csv"), kFailure);
  EXPECT_THAT(err_, HasSubstr("overwrites nothing"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "a.csv"));
  EXPECT_EQ(folder_.read("a.csv.manifest.json"), "mine");
  EXPECT_EQ(export_to(log_ / "a.jsonl", "jsonl"), kUsage);
  EXPECT_EQ(export_to(folder_.path() / "b.csv", "csv", {.since = "noon"}), kUsage);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "b.csv"));
}

TEST_F(AuditReading, FindsWhatWasDoneToAnExport) {
  const auto file = folder_.path() / "a.jsonl";
  ASSERT_EQ(export_to(file, "jsonl", {.agent = "bot"}), kSuccess);
  const std::string bytes = folder_.read("a.jsonl"), manifest = folder_.read("a.jsonl.manifest.json");
  const auto expect = [&](const std::string& changed, const std::string& beside, int code, bool with_log) {
    folder_.write("a.jsonl", changed);
    folder_.write("a.jsonl.manifest.json", beside);
    EXPECT_EQ(check(file, with_log), code) << out_;
  };
  const auto with = [&](const std::function<void(Json&)>& change) {
    Json value = Json::parse(manifest);
    change(value);
    return value.dump();
  };
  std::string other = bytes;
  other[other.find("app.people")] = 'A';
  expect(other, manifest, 1, false);
  expect(bytes.substr(0, bytes.size() - 1), manifest, 1, false);
  expect(bytes, "{", 2, false);
  expect(bytes, with([](Json& value) { value["manifest"] = 2; }), 2, false);
  expect(bytes, with([](Json& value) { value["records"] = 3; }), 1, false);
  // Somebody leaves an entry out and makes the manifest anew: the root of the entries, then the log shows it.
  const std::string fewer = bytes.substr(bytes.find('\n') + 1);
  const auto forged = [&](Json& value) {
    value["bytes"] = fewer.size();
    value["sha256"] = audit::sha256_hex(fewer);
    value["records"] = value["records"].get<int>() - 1;
    value["evidence"]["list_entries"] = value["records"];
  };
  expect(fewer, with(forged), 1, false);
  EXPECT_THAT(out_, HasSubstr("root"));
  expect(fewer, with([&](Json& value) {
           forged(value);
           audit::RangeTree tree(0);
           std::istringstream lines(fewer);
           for (std::string line; std::getline(lines, line);) tree.append(audit::leaf_hash(line));
           value["evidence"]["list_root"] = audit::to_hex(*tree.root());
         }),
         1, true);
  EXPECT_THAT(out_, HasSubstr("the log answers with"));
  std::filesystem::remove(folder_.path() / "a.jsonl.manifest.json");
  EXPECT_EQ(check(file, false), 2);
}

TEST_F(AuditReading, TellsALogThatWasCutFromAnotherOne) {
  const auto file = folder_.path() / "a.csv";
  ASSERT_EQ(export_to(file, "csv"), kSuccess);
  Forger shorter;
  shorter.start().save(log_);
  EXPECT_EQ(check(file, true), 1) << out_;
  EXPECT_THAT(out_, HasSubstr("the log was cut"));
  Forger other("other.example");
  other.start();
  for (int i = 0; i < 50; ++i) other.add(audit::heartbeat_draft(other.context()));
  other.save(log_);
  EXPECT_EQ(check(file, true), 2) << out_;
}

TEST(Reports, AreNamedOnceAndMakeTheirTables) {
  for (const ReportKind& kind : report_kinds()) {
    EXPECT_EQ(report_kind(kind.name), &kind);
    for (const auto& table : kind.make({{}, 0, 10})->tables()) {
      for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.columns.size()) << kind.name;
    }
  }
  EXPECT_EQ(report_kind("approvals"), nullptr);
}

}  // namespace
}  // namespace portcullis::app
