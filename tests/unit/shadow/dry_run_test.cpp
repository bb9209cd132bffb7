// One run in the shadow: what is sent and in which order, what counts as the statement's own failure, and
// that nothing but a whole and orderly answer gives facts.
#include "shadow/dry_run.hpp"

#include <gmock/gmock.h>

#include "portcullis/wire/messages.hpp"
#include "wire/framing.hpp"

namespace portcullis::shadow {
namespace {

using Next = DryRun::Next;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What was asked, a line each: texts of Query and Parse.
std::vector<std::string> asked(std::string_view bytes) {
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    const auto header = **wire::peek_frontend(bytes);
    const auto body = bytes.substr(5, header.body_size);
    if (header.type == wire::frontend_type::query) texts.emplace_back(wire::decode<wire::Query>(body)->text);
    if (header.type == wire::frontend_type::parse)
      texts.push_back("parse " + std::string(wire::decode<wire::Parse>(body)->text));
    bytes.remove_prefix(header.frame_size());
  }
  return texts;
}

std::string ready(char status) {
  std::string bytes;
  encode(bytes, wire::ReadyForQuery{status});
  return bytes;
}

std::string done(std::string_view tag, char status = 'T') {
  std::string bytes;
  encode(bytes, wire::CommandComplete{tag});
  return bytes + ready(status);
}

std::string error(base::SqlState code, std::string message, std::string_view severity = "ERROR") {
  std::string bytes;
  encode(bytes, wire::to_error_response({code, std::move(message), "its detail"}, severity));
  return bytes;
}

std::string row(const std::vector<std::string>& fields) {
  wire::DataRow row;
  for (const auto& field : fields) row.fields.emplace_back(field);
  std::string bytes;
  encode(bytes, row);
  return bytes;
}

class DryRunTest : public ::testing::Test {
 protected:
  void begin(RunPlan plan) {
    run_.emplace(std::move(plan), baseline_, counters_);
    sent_ = asked(run_->take_out());
  }
  Next answer(std::string_view bytes) {
    Next next = Next::read;
    // In pieces of every length up to a whole message.
    std::size_t piece = 1;
    std::string unread;
    while (!bytes.empty() && next == Next::read) {
      unread += bytes.substr(0, piece);
      bytes.remove_prefix(std::min(piece, bytes.size()));
      std::size_t consumed = 0;
      next = run_->on_bytes(unread, consumed);
      unread.erase(0, consumed);
      piece = piece % 40 + 1;
    }
    sent_ = asked(run_->take_out());
    return next;
  }
  std::string only_sent() const { return sent_.size() == 1 ? sent_.front() : std::to_string(sent_.size()); }

  Baseline baseline_ = *Baseline::read({{"20000", "app", "t", "r", "20000"}});
  Counters counters_;
  std::optional<DryRun> run_;
  std::vector<std::string> sent_;
};

RunPlan plan_of(std::string statement) {
  RunPlan plan;
  plan.statement = std::move(statement);
  return plan;
}

TEST_F(DryRunTest, AsksInItsOrderAndLeavesNothing) {
  auto plan = plan_of("ALTER TABLE t ADD COLUMN x int");
  plan.role = "ro\"le";
  plan.settings = {{"TimeZone", "O'Clock"}};
  begin(plan);
  EXPECT_EQ(
      only_sent(),
      "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_catalog.set_config('TimeZone', "
      "'O''Clock', true); SELECT pg_catalog.set_config('max_parallel_workers_per_gather', '0', true); SELECT "
      "pg_catalog.set_config('lock_timeout', '500ms', true); SELECT "
      "pg_catalog.set_config('statement_timeout', '2000ms', true); SET LOCAL ROLE \"ro\"\"le\"");
  EXPECT_EQ(answer(done("BEGIN")), Next::read);
  EXPECT_THAT(only_sent(), HasSubstr("pg_stat_get_xact_numscans"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(only_sent(), "parse ALTER TABLE t ADD COLUMN x int");
  (void)answer(done("ALTER TABLE"));
  EXPECT_EQ(only_sent(), "SET CONSTRAINTS ALL IMMEDIATE");
  (void)answer(done("SET CONSTRAINTS"));
  EXPECT_THAT(only_sent(), AllOf(StartsWith("RESET ROLE; "), HasSubstr("SELECT l.relation")));
  (void)answer(row({"20000", "AccessExclusiveLock", "app", "t", "r", "20000", "0", "0", "0", "0"}) +
               done("SELECT 1"));
  EXPECT_EQ(only_sent(), "ROLLBACK");
  (void)answer(done("ROLLBACK", 'I'));
  EXPECT_EQ(only_sent(), "DISCARD ALL");
  EXPECT_EQ(answer(done("DISCARD ALL", 'I')), Next::done);
  EXPECT_TRUE(sent_.empty());
  EXPECT_FALSE(run_->facts().failure);
  EXPECT_EQ(run_->facts().tag, "ALTER TABLE");
  ASSERT_EQ(run_->facts().relations.size(), 1u);
  EXPECT_EQ(run_->facts().relations[0].locks.strongest(), LockMode::access_exclusive);
}

TEST_F(DryRunTest, WhatItsTransactionHasRunRunsBefore) {
  auto plan = plan_of("statement");
  plan.earlier = {"first", "second"};
  begin(plan);
  (void)answer(done("BEGIN"));
  EXPECT_EQ(only_sent(), "parse first");
  (void)answer(done("CREATE TABLE"));
  EXPECT_EQ(only_sent(), "parse second");
  (void)answer(done("CREATE TABLE"));
  (void)answer(done("SELECT 0"));
  EXPECT_THAT(only_sent(), StartsWith("SELECT l.relation"));
  (void)answer(row({"20000", "AccessExclusiveLock", "app", "t", "r", "20000", "0", "0", "0", "0"}) +
               done("SELECT 1"));
  EXPECT_EQ(only_sent(), "parse statement");
}

TEST_F(DryRunTest, AFailureIsAFactInTheDatabasesWords) {
  begin(plan_of("DROP TABLE t"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(answer(error(base::SqlState("2BP01"), "cannot drop") + ready('E')), Next::read);
  EXPECT_EQ(only_sent(), "ROLLBACK");
  (void)answer(done("ROLLBACK", 'I'));
  EXPECT_EQ(answer(done("DISCARD ALL", 'I')), Next::done);
  ASSERT_TRUE(run_->facts().failure);
  EXPECT_EQ(run_->facts().failure->code, base::SqlState("2BP01"));
  EXPECT_EQ(run_->facts().failure->detail, "its detail");
  EXPECT_TRUE(run_->facts().relations.empty());
}

TEST_F(DryRunTest, WhatIsPutOffMayFail) {
  begin(plan_of("INSERT INTO t VALUES (1)"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  (void)answer(done("INSERT 0 1"));
  (void)answer(error(base::SqlState("23503"), "no parent") + ready('E'));
  EXPECT_EQ(only_sent(), "ROLLBACK");
  EXPECT_EQ(run_->facts().failure->code, base::SqlState("23503"));
}

TEST_F(DryRunTest, WhatEndsItsTransactionGivesNoFacts) {
  begin(plan_of("COMMIT"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(answer(done("COMMIT", 'I')), Next::failed);
  EXPECT_THAT(run_->failure().message, HasSubstr("ends its transaction"));
}

// COMMIT AND CHAIN leaves a transaction open, which is another one.
TEST_F(DryRunTest, NorDoesWhatBeginsAnother) {
  begin(plan_of("COMMIT AND CHAIN"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(answer(done("COMMIT", 'T')), Next::failed);
}

TEST_F(DryRunTest, ATimeoutSaysNothingOfTheStatement) {
  begin(plan_of("UPDATE t SET v = 1"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(answer(error(base::SqlState("55P03"), "canceling statement due to lock timeout") + ready('E')),
            Next::failed);
}

TEST_F(DryRunTest, NorDoesAFullDisk) {
  begin(plan_of("UPDATE t SET v = 1"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(answer(error(base::sqlstate::disk_full, "could not extend file") + ready('E')), Next::failed);
  EXPECT_THAT(run_->failure().message, StartsWith("the shadow could not try it out: could not extend"));
}

TEST_F(DryRunTest, ARollbackInsideAFunctionIsNoFailureOfItsOwn) {
  begin(plan_of("CALL p()"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  // An error, and yet a transaction that is open.
  EXPECT_EQ(answer(error(base::SqlState("22012"), "x") + ready('T')), Next::failed);
}

TEST_F(DryRunTest, TheGatesOwnFailuresAreNoFacts) {
  begin(plan_of("SELECT 1"));
  EXPECT_EQ(answer(error(base::SqlState("42704"), "role does not exist")), Next::failed);
  EXPECT_EQ(run_->failure().message, "the shadow could not try it out: role does not exist");
  begin(plan_of("SELECT 1"));
  (void)answer(done("BEGIN"));
  EXPECT_EQ(answer(row({"1", "2"}) + done("SELECT 1")), Next::failed);
}

TEST_F(DryRunTest, AShadowThatDiesIsNoFailureOfTheStatement) {
  begin(plan_of("SELECT 1"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(answer(error(base::sqlstate::admin_shutdown, "bye", "FATAL")), Next::failed);
}

TEST_F(DryRunTest, CopyCannotBeTriedOut) {
  begin(plan_of("COPY t FROM STDIN"));
  (void)answer(done("BEGIN"));
  (void)answer(done("SELECT 0"));
  EXPECT_EQ(answer(std::string("G\0\0\0\7\0\0\0", 8)), Next::failed);
}

TEST_F(DryRunTest, WhatIsNotTheProtocolEndsIt) {
  for (const std::string_view bytes :
       {std::string_view("D\0\0\0\1", 5), std::string_view("R\0\0\0\4", 5), std::string_view("Z\0\0\0\4", 5),
        std::string_view("C\x7f\0\0\0", 5)}) {
    begin(plan_of("SELECT 1"));
    (void)answer(done("BEGIN"));
    EXPECT_EQ(answer(bytes), Next::failed);
  }
}

RunPlan plan_outside() {
  auto plan = plan_of("CREATE INDEX CONCURRENTLY ON app.t (x)");
  plan.settings = {{"TimeZone", "UTC"}};
  plan.outside.emplace();
  plan.outside->relations = {{{}, "app", "t"}};
  return plan;
}

std::string seen(std::string oid, std::string name, std::string table, std::string is_named) {
  return row({oid, "app", std::move(name), table == "0" ? "r" : "i", oid, std::move(table), "0",
              std::move(is_named), "t", "{}", "{}"});
}

TEST_F(DryRunTest, OutsideTransactionsTheStatementStandsAlone) {
  begin(plan_outside());
  EXPECT_THAT(only_sent(), AllOf(StartsWith("SET default_transaction_read_only TO off; "),
                                 HasSubstr("set_config('TimeZone', 'UTC', false)"), Not(HasSubstr("BEGIN")),
                                 Not(HasSubstr("true)"))));
  (void)answer(done("SELECT 1", 'I'));
  EXPECT_THAT(only_sent(), AllOf(StartsWith("BEGIN READ ONLY; "), EndsWith("; COMMIT")));
  (void)answer(seen("20000", "t", "0", "t") + done("COMMIT", 'I'));
  EXPECT_EQ(only_sent(), "parse CREATE INDEX CONCURRENTLY ON app.t (x)");
  (void)answer(done("CREATE INDEX", 'I'));
  EXPECT_THAT(only_sent(), StartsWith("BEGIN READ ONLY; "));
  (void)answer(seen("20000", "t", "0", "f") + seen("20009", "t_x", "20000", "f") + done("SELECT 2"));
  EXPECT_EQ(only_sent(), "ROLLBACK");
  (void)answer(done("ROLLBACK", 'I'));
  EXPECT_EQ(answer(done("DISCARD ALL", 'I')), Next::done);
  const auto& facts = run_->facts();
  EXPECT_TRUE(facts.is_by_rule);
  EXPECT_TRUE(facts.waits_for_older);
  ASSERT_EQ(facts.relations.size(), 2u);
  EXPECT_EQ(facts.relations[0].locks.strongest(), LockMode::share_update_exclusive);
  EXPECT_TRUE(facts.relations[0].is_scanned);
  EXPECT_TRUE(facts.relations[1].is_new);
}

TEST_F(DryRunTest, OutsideTransactionsAFailureIsTheStatementsOwn) {
  begin(plan_outside());
  (void)answer(done("SELECT 1", 'I'));
  (void)answer(seen("20000", "t", "0", "t") + done("COMMIT", 'I'));
  (void)answer(error(base::SqlState("42703"), "no such column") + ready('I'));
  EXPECT_EQ(only_sent(), "ROLLBACK");
  (void)answer(done("ROLLBACK", 'I'));
  EXPECT_EQ(answer(done("DISCARD ALL", 'I')), Next::done);
  ASSERT_TRUE(run_->facts().failure);
  EXPECT_EQ(run_->facts().failure->code.view(), "42703");
  EXPECT_TRUE(run_->facts().relations.empty());
}

TEST_F(DryRunTest, OutsideTransactionsNothingIsToldOfAnAnswerThatIsNotWhole) {
  begin(plan_outside());
  (void)answer(done("SELECT 1", 'I'));
  EXPECT_EQ(answer(row({"20000", "app"}) + done("COMMIT", 'I')), Next::failed);
  begin(plan_outside());
  EXPECT_EQ(answer(done("SELECT 1", 'T')), Next::failed);
}

}  // namespace
}  // namespace portcullis::shadow
