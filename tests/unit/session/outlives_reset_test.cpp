// What DISCARD ALL does not take away, and sessions that leave nothing else.
#include "session/outlives_reset.hpp"

#include "relay_fixture.hpp"
#include "sql/analyze.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::session {
namespace {

std::shared_ptr<const catalog::Snapshot> shop() {
  catalog::testing::MakeSnapshot make;
  make.table("app.t", {"id int4", "what text"});
  make.table("pg_catalog.pg_class", {"oid oid"});
  make.view("pg_catalog.pg_settings", {"name text", "setting text"}, {});
  make.table("app.child", {"id int4"});
  make.foreign_key("child_id", "app.child(id)", "app.t(id)", 'c');
  make.type("app.mood", catalog::Type::Kind::enumeration);
  make.table("app.moods", {"m app.mood"});
  make.type("app.shape", catalog::Type::Kind::base);
  make.table("app.shapes", {"s app.shape"});
  make.function("app.f", {"int4"});
  make.table("app.indexed", {"id int4"});
  make.attach("app.indexed", 'i', "indexed_idx", "iu", {"app.f"});
  make.table("app.noisy", {"id int4"});
  make.trigger("app.noisy", "noise", "i", "app.f");
  make.view("app.seen", {"id int4"}, {"app.t(id)"});
  make.view("app.called", {"id int4"}, {"app.t(id)"}, {"app.f"});
  make.table("app.numbered", {"id int4", "what text"});
  make.sequence("app.s", "app.numbered");
  make.attach("app.numbered", 'd', "id", "iu", {}, {"app.s"});  // a serial's default, and an identity's
  make.builtin_function("now");
  make.builtin_function("pg_sleep");
  make.table("app.stamped", {"id int4", "at timestamptz"});
  make.attach("app.stamped", 'd', "at", "iu", {"now"});
  make.table("app.slept", {"id int4"});
  make.attach("app.slept", 'c', "c_slept", "iu", {"pg_sleep"});
  make.relation(catalog::RelationKind::foreign_table, "app.far", {"id int4"});
  make.table("app.checked", {"id int4"});
  make.attach("app.checked", 'c', "checked_by", "iu", {"app.f"});
  make.builtin_function("setseed");
  make.table("app.seeded", {"id int4", "r int4"});
  make.attach("app.seeded", 'd', "r", "iu", {"setseed"});
  return make.build();
}

using Question = bool(const sql::Facts&, const catalog::Resolution*, const catalog::Snapshot*);

bool asked(Question* question, std::string_view text) {
  static const auto snapshot = shop();
  static thread_local const bool prepared = (sql::prepare_parser_thread(), true);
  (void)prepared;
  const auto facts = sql::analyze(text);
  EXPECT_TRUE(facts) << text;
  const auto resolution = catalog::resolve(*facts, *snapshot, {{"pg_catalog", "app"}});
  return question(*facts, &resolution, snapshot.get());
}

bool outlives(std::string_view text) {
  return asked(outlives_reset, text);
}
bool is_undone(std::string_view text) {
  return asked(is_undone_by_rollback, text);
}

TEST(OutlivesReset, NotWhatDiscardAllTakesAway) {
  for (const auto* text : {"SELECT id FROM t",
                           "INSERT INTO t VALUES (1)",
                           "INSERT INTO numbered (what) VALUES ('x')",
                           "INSERT INTO slept VALUES (1)",
                           "SELECT r FROM seeded",
                           "UPDATE seeded SET id = 2",
                           "UPDATE t SET what = lower(what) WHERE id = 1",
                           "DELETE FROM t WHERE id = 1",
                           "SELECT * FROM t FOR UPDATE",
                           "COPY t TO STDOUT",
                           "COPY t FROM STDIN",
                           "SELECT id FROM seen",
                           "SELECT m FROM moods",
                           "BEGIN",
                           "COMMIT",
                           "ROLLBACK TO s",
                           "SET work_mem = '1MB'",
                           "SET LOCAL timezone = 'UTC'",
                           "RESET ALL",
                           "SHOW work_mem",
                           "LISTEN x",
                           "UNLISTEN *",
                           "PREPARE p AS SELECT id FROM t",
                           "DEALLOCATE ALL",
                           "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
                           "CLOSE ALL",
                           "SET ROLE bob",
                           "SET SESSION AUTHORIZATION bob",
                           "DISCARD PLANS",
                           "SELECT now(), random()",
                           "SELECT pg_advisory_lock(1)",
                           "SELECT count(*) FROM pg_catalog.pg_class",
                           "EXPLAIN SELECT id FROM t",
                           "LOCK TABLE t"}) {
    EXPECT_FALSE(outlives(text)) << text;
  }
}

TEST(OutlivesReset, WhateverElseThereIs) {
  for (const auto* text : {"SELECT f(1)",
                           "SELECT id FROM called",
                           "INSERT INTO noisy VALUES (1)",
                           "SELECT id FROM indexed",
                           "SELECT id FROM checked",
                           "DELETE FROM checked",
                           "INSERT INTO seeded (id) VALUES (1)",
                           "COPY seeded (id) FROM STDIN",
                           "SELECT s FROM shapes",
                           "SELECT id FROM far",
                           "DO 'BEGIN END'",
                           "CALL p()",
                           "LOAD 'x'",
                           "CREATE TABLE u (a int)",
                           "CREATE TEMP TABLE u (a int)",
                           "SELECT id FROM pg_temp.t",
                           "SELECT setseed(0.5)",
                           "SET seed = 0.5",
                           "SET its.own = 'x'",
                           "SET \"its.own\" = 'x'",
                           "RESET its.own",
                           "SELECT set_config('work_mem', '1MB', false)",
                           "SELECT 1; SELECT f(1)",
                           "PREPARE p AS SELECT f(1)",
                           "UPDATE pg_catalog.pg_settings SET setting = 'x'",
                           "PREPARE TRANSACTION 'x'",
                           "VACUUM t",
                           "GRANT ALL ON t TO x",
                           "SELECT pg_catalog.pg_replication_origin_session_setup('x')",
                           "SELECT lo_open(1, 1)",
                           "SELECT pg_input_is_valid('1', 'app.shape')",
                           "SELECT table_to_xml('app.far', true, true, '')",
                           "SELECT id FROM not_there",
                           "SELECT random(1, 2), app.random()",
                           "SET CONSTRAINTS ALL IMMEDIATE",
                           "ALTER SYSTEM SET work_mem = '1MB'",
                           "NOTIFY x; LOAD 'x'"}) {
    EXPECT_TRUE(outlives(text)) << text;
  }
}

TEST(OutlivesReset, WhatIsNotKnown) {
  const auto facts = sql::analyze("SELECT 1");
  ASSERT_TRUE(facts);
  const auto snapshot = shop();
  const auto resolution = catalog::resolve(*facts, *snapshot, {{"app"}});
  EXPECT_FALSE(outlives_reset(*facts, &resolution, snapshot.get()));
  EXPECT_TRUE(outlives_reset(*facts, nullptr, snapshot.get()));
  EXPECT_TRUE(outlives_reset(*facts, &resolution, nullptr));
  const auto by_name = catalog::resolve_by_name(*facts, {{"app"}});
  EXPECT_TRUE(outlives_reset(*facts, &by_name, snapshot.get()));
  const auto unread = sql::not_understood_facts({base::sqlstate::feature_not_supported, "what"});
  EXPECT_TRUE(outlives_reset(unread, &resolution, snapshot.get()));
}

TEST(IsUndoneByRollback, WorkOnRowsOfOrdinaryTables) {
  for (const auto* text : {"INSERT INTO t VALUES (1)",
                           "INSERT INTO t SELECT id FROM child ON CONFLICT DO NOTHING RETURNING what",
                           "UPDATE t SET what = lower(what) WHERE id = 1", "UPDATE moods SET m = m",
                           "INSERT INTO stamped (id) VALUES (1)", "DELETE FROM slept",
                           "UPDATE numbered SET what = 'a'", "DELETE FROM t WHERE id = 1",
                           "WITH gone AS (DELETE FROM child RETURNING id) INSERT INTO t SELECT id FROM gone",
                           "SELECT * FROM t FOR UPDATE", "UPDATE t SET what = now()::text",
                           "INSERT INTO t VALUES (1); DELETE FROM t"}) {
    EXPECT_TRUE(is_undone(text)) << text;
  }
}

TEST(IsUndoneByRollback, NothingElse) {
  for (const auto* text : {"INSERT INTO numbered (what) VALUES ('a')",
                           "INSERT INTO numbered DEFAULT VALUES",
                           "UPDATE numbered SET id = DEFAULT",
                           "UPDATE numbered SET (what, id) = ('a', DEFAULT)",
                           "UPDATE slept SET id = 1",
                           "INSERT INTO slept VALUES (1)",
                           "INSERT INTO t VALUES (nextval('s'))",
                           "SELECT setval('s', 1)",
                           "UPDATE s SET last_value = 1",
                           "INSERT INTO noisy VALUES (1)",
                           "INSERT INTO shapes VALUES (NULL)",
                           "INSERT INTO far VALUES (1)",
                           "UPDATE indexed SET id = 1",
                           "UPDATE t SET id = f(1)",
                           "UPDATE t SET id = id FROM called",
                           "INSERT INTO t VALUES (1); COMMIT",
                           "INSERT INTO t VALUES (1); ROLLBACK",
                           "TRUNCATE t",
                           "COPY t FROM STDIN",
                           "LOCK TABLE t",
                           "SELECT pg_advisory_lock(1)",
                           "SELECT random()",
                           "NOTIFY x",
                           "SET work_mem = '1MB'",
                           "PREPARE p AS UPDATE t SET id = 1",
                           "EXPLAIN ANALYZE UPDATE t SET id = 1",
                           "DECLARE c CURSOR FOR SELECT id FROM t FOR UPDATE",
                           "DO 'BEGIN END'",
                           "CALL p()",
                           "CREATE TABLE u (a int)",
                           "INSERT INTO not_there VALUES (1)",
                           "COMMIT",
                           "PREPARE TRANSACTION 'x'"}) {
    EXPECT_FALSE(is_undone(text)) << text;
  }
}

TEST(IsUndoneByRollback, NotWhatIsNotKnown) {
  const auto facts = sql::analyze("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(facts);
  const auto snapshot = shop();
  const auto resolution = catalog::resolve(*facts, *snapshot, {{"app"}});
  EXPECT_TRUE(is_undone_by_rollback(*facts, &resolution, snapshot.get()));
  EXPECT_FALSE(is_undone_by_rollback(*facts, nullptr, snapshot.get()));
  EXPECT_FALSE(is_undone_by_rollback(*facts, &resolution, nullptr));
  const auto by_name = catalog::resolve_by_name(*facts, {{"app"}});
  EXPECT_FALSE(is_undone_by_rollback(*facts, &by_name, snapshot.get()));
  const auto unread = sql::not_understood_facts({base::sqlstate::feature_not_supported, "what"});
  EXPECT_FALSE(is_undone_by_rollback(unread, &resolution, snapshot.get()));
}

// The relay's part: who gives its server connection back.
class RelayLeaves : public RelayFixture {
 protected:
  RelayLeaves() { start(true); }
  void start(bool reuses) {
    catalog::testing::MakeSnapshot make;
    make.table("app.t", {"id int4"});
    source.basis = std::make_shared<const Basis>(Basis{test_guard(), make.build()});
    with_reuse(reuses);
  }
  void run(std::string_view text, const std::string& tag, char status = 'I') {
    client(bytes_of(wire::Query{text}));
    server({"C " + tag, std::string("Z ") + status});
    (void)sent_to_server();
    (void)sent_to_client();
  }
  bool leaves() {
    client(bytes_of(wire::Terminate{}));
    const bool given_back = relay.gives_server_back();
    EXPECT_EQ(sent_to_server(), given_back ? "" : "X");
    EXPECT_TRUE(relay.client_finished());
    return given_back;
  }
};

TEST_F(RelayLeaves, AtRestItDoes) {
  EXPECT_TRUE(leaves());
}

TEST_F(RelayLeaves, BehindWhatIsTakenAway) {
  run("select * from t", "SELECT 0");
  client(bytes_of(wire::Parse{"named", "select * from t", {}}, wire::Bind{"", "named", {}, {}, {}},
                  wire::Execute{"", 0}, wire::Sync{}));
  server({"1", "2", "C SELECT 0", "Z I"});
  (void)sent_to_server();
  (void)sent_to_client();
  EXPECT_TRUE(leaves());
}

TEST_F(RelayLeaves, NotWhereItIsNotWanted) {
  start(false);
  run("select * from t", "SELECT 0");
  EXPECT_FALSE(leaves());
}

TEST_F(RelayLeaves, NotBehindWhatMayStay) {
  run("set its.own = 'x'", "SET");
  EXPECT_FALSE(relay.leaves_server_clean());
}

TEST_F(RelayLeaves, NotWhileItOwesAnAnswer) {
  client(bytes_of(wire::Query{"select * from t"}));
  EXPECT_EQ(sent_to_server(), "Q(select * from t)");
  EXPECT_FALSE(leaves());
}

TEST_F(RelayLeaves, NotInATransaction) {
  run("begin", "BEGIN", 'T');
  EXPECT_FALSE(leaves());
}

TEST_F(RelayLeaves, NotInAPipelineWithoutItsSync) {
  client(bytes_of(wire::Parse{"", "select * from t", {}}));
  server({"1"});
  (void)sent_to_server();
  (void)sent_to_client();
  EXPECT_FALSE(leaves());
}

TEST_F(RelayLeaves, NotWithAMessageHalfTaken) {
  server_bytes(frame('N', std::string(100, 'x')).substr(0, 20));
  EXPECT_FALSE(leaves());
}

TEST_F(RelayLeaves, NotWhatTheServerHasLost) {
  ASSERT_TRUE(relay.lose_server());
  EXPECT_FALSE(relay.leaves_server_clean());
}

TEST_F(RelayLeaves, NotWhereTheLogHasFailed) {
  sink.failed = base::Error{base::sqlstate::io_error, "no space"};
  EXPECT_FALSE(leaves());
}

}  // namespace
}  // namespace portcullis::session
