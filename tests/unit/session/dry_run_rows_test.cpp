// Whose rows are to be counted before a statement is sent, and where its own transaction or text stands in
// the way.
#include "dry_run_fixture.hpp"
#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DryRunRows : public DryRunFixture {
 protected:
  DryRunRows() {
    catalog::testing::MakeSnapshot make;
    make.table("app.t", {"id int4", "a text"});
    const auto snapshot = make.build();
    source.basis =
        std::make_shared<const Basis>(Basis{guard_of(kDryRunPolicy)->with_catalog(*snapshot), snapshot});
    query("select * from t");  // what names mean by this catalog is asked once
    answer_schemas();
    (void)sent_to_server();
    server({"C SELECT 1", "Z I"});
    (void)sent_to_client();
    client("");
  }
  // Of the only statement.
  [[nodiscard]] shadow::RowQuestion rows() const {
    const auto all = wanted().rows;
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? shadow::RowQuestion{} : all.front().value_or(shadow::RowQuestion{});
  }
};

TEST_F(DryRunRows, AreCountedUpToTheBound) {
  query_up_to_its_dry_run("delete from t where id = 1");
  EXPECT_EQ(rows().most, 10u);
  EXPECT_THAT(rows().sql, HasSubstr("WHERE id = 1"));
}

TEST_F(DryRunRows, AreNotCountedWhereNobodyWantsToKnow) {
  query_up_to_its_dry_run("update t set a = 'x'");
  EXPECT_THAT(wanted().rows, ElementsAre(std::nullopt));
}

TEST_F(DryRunRows, OfWhatIsBoundAreCountedWithItsParameters) {
  client(parse("delete from t where id = $1") + bind({"7"}) + bytes_of(wire::Sync{}));
  answer_settings();
  EXPECT_THAT(rows().sql, HasSubstr("WHERE id = $1"));
  ASSERT_TRUE(wanted().parameters);
  EXPECT_THAT(wanted().parameters->values, ElementsAre("7"));
}

TEST_F(DryRunRows, OverTheBoundAreRefusedAndNothingIsSent) {
  query_up_to_its_dry_run("delete from t");
  auto report = std::make_shared<shadow::Report>();
  report->statements.emplace_back().rows = shadow::counted(rows(), 11, shadow::RowCount::Basis::probed);
  tried_out(std::shared_ptr<const shadow::Report>(report));
  EXPECT_EQ(sent_to_server(), "");
  EXPECT_THAT(refusal(), HasSubstr("denied by \"few\": it would change more than 10 rows"));
}

// And what is changed then is counted.
TEST_F(DryRunRows, WithinTheBoundGoOn) {
  query_up_to_its_dry_run("delete from t");
  auto report = std::make_shared<shadow::Report>();
  report->statements.emplace_back().rows = shadow::counted(rows(), 10, shadow::RowCount::Basis::probed);
  tried_out(std::shared_ptr<const shadow::Report>(report));
  EXPECT_THAT(sent_to_server(), HasSubstr("pg_stat_get_xact_tuples_deleted"));
  server_bytes(round_of({{"", "BEGIN"}, {"", "SELECT 0"}, {row_of({"f"})}}, "T"));
  EXPECT_EQ(sent_to_server(), "Q(delete from t)");
  server({"C DELETE 11", "Z T"});
  EXPECT_THAT(sent_to_server(), HasSubstr("pg_catalog.pg_locks"));
  const auto touched = row_of({"16384", "11", "on", "r", "app", "t"});
  server_bytes(round_of({{"", "SET CONSTRAINTS"}, {touched}}, "T"));
  EXPECT_THAT(sent_to_server(), HasSubstr(",ROLLBACK)"));
  server_bytes(round_of({{"", "ROLLBACK"}}, "I"));
  EXPECT_THAT(error_to_client(), HasSubstr("stopped by \"few\""));
}

TEST_F(DryRunRows, BehindAnotherStatementOfTheTextAreNotKnown) {
  query_up_to_its_dry_run("select 1; delete from t");
  ASSERT_EQ(wanted().rows.size(), 2u);
  EXPECT_EQ(wanted().rows[0], std::nullopt);
  EXPECT_NE(wanted().rows[1]->sql, "");
  tried_out();
  (void)relay.take_to_client();
  query_up_to_its_dry_run("update t set a = 'x'; delete from t where a = 'x'");
  ASSERT_EQ(wanted().rows.size(), 2u);
  EXPECT_THAT(wanted().rows[1]->why, HasSubstr("send it alone"));
}

}  // namespace
}  // namespace portcullis::session
