#include "session/own_request.hpp"

#include "catalog/queries.hpp"
#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Next = OwnRequest::Next;

// Gives messages as the server would; what came of the last one.
Next give(OwnRequest& request, std::string_view bytes) {
  Next next = Next::read;
  while (!bytes.empty()) {
    const auto header = wire::peek_backend(bytes);
    next = request.on_message((*header)->type, bytes.substr(5, (*header)->body_size));
    bytes.remove_prefix((*header)->frame_size());
    if (next != Next::read) break;
  }
  return next;
}

std::string row(std::string_view value) {
  return frame('D', std::string("\0\1\0\0\0", 5) + static_cast<char>(value.size()) + std::string(value));
}

TEST(OwnRequest, AsksForTheSchemasUnderItsOwnName) {
  OwnRequest request("n", 0, false);
  EXPECT_EQ(frontend_text(request.take_out()),
            "C C P(n,SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))) B(n,n) E(n) "
            "C C P(n,SELECT pg_catalog.current_setting('portcullis.reason', true), "
            "pg_catalog.current_setting('portcullis.confidence', true), "
            "pg_catalog.current_setting('portcullis.trace', true)) B(n,n) E(n) C C S");
  EXPECT_EQ(give(request, schemas_answer({"app", "pg_catalog"}, 'T')), Next::done);
  ASSERT_TRUE(request.answer());
  EXPECT_THAT(request.answer()->schemas, ElementsAre("app", "pg_catalog"));
  EXPECT_EQ(request.answer()->catalog, nullptr);
  EXPECT_EQ(request.transaction_status(), 'T');
}

TEST(OwnRequest, HasPlansMadeAnewWhereNamesMayMeanOthers) {
  OwnRequest names("n", 0, true);
  EXPECT_TRUE(frontend_text(names.take_out()).ends_with("P(n,DISCARD PLANS) B(n,n) E(n) C C S"));
  OwnRequest catalog("n", 150000, false);
  EXPECT_THAT(frontend_text(catalog.take_out()), HasSubstr("P(n,DISCARD PLANS)"));
}

TEST(OwnRequest, ReadsTheCatalogBehindASavepointAndGoesBack) {
  OwnRequest request("n", 150000, false);
  const std::string out = frontend_text(request.take_out());
  EXPECT_THAT(out, HasSubstr("P(n,SAVEPOINT portcullis_catalog)"));
  for (const auto& query : catalog::queries(150000)) EXPECT_THAT(out, HasSubstr(query.sql));
  EXPECT_TRUE(out.ends_with("P(n,RELEASE SAVEPOINT portcullis_catalog) B(n,n) E(n) C C S"));
}

TEST(OwnRequest, AnErrorOfTheServerIsTheAnswerOnceItIsBackWhereItWas) {
  OwnRequest request("n", 150000, false);
  EXPECT_EQ(give(request, from_server({"3", "3", "1", "2", "C SAVEPOINT", "E 57014", "Z E"})), Next::read);
  EXPECT_EQ(give(request, from_server({"3", "3", "1", "2", "C ROLLBACK", "3", "3", "1", "2", "C RELEASE", "3",
                                       "3", "Z T"})),
            Next::done);
  ASSERT_FALSE(request.answer());
  EXPECT_EQ(request.answer().error().code.view(), "57014");
  EXPECT_EQ(request.transaction_status(), 'T');
}

// There the queries see an older catalog than PostgreSQL itself looks names up in.
TEST(OwnRequest, ATransactionWithAnOldSnapshotCannotBeFollowed) {
  OwnRequest request("n", 150000, false);
  (void)give(request, from_server({"C SAVEPOINT"}) + row("app") + from_server({"C SELECT 1"}) +
                          frame('D', std::string("\0\3", 2) + std::string(12, '\xFF')) +
                          from_server({"C SELECT 1"}) + row("repeatable read"));
  ASSERT_FALSE(request.answer());
  EXPECT_THAT(request.answer().error().message, HasSubstr("READ COMMITTED"));
}

TEST(OwnRequest, WhatIsOutOfOrderIsAViolation) {
  for (const auto& bytes : {from_server({"C SELECT 1", "C SELECT 1", "C SELECT 1"}), from_server({"Z I"}),
                            from_server({"s"}), frame('Z', "II"), frame('H', "x"), frame('E', "x")}) {
    OwnRequest request("n", 0, false);
    EXPECT_EQ(give(request, bytes), Next::violation) << backend_text(bytes);
  }
}

TEST(OwnRequest, RowsOfAnotherShapeAreAnError) {
  for (const auto& bytes :
       {frame('D', std::string("\0\0", 2)), frame('D', std::string("\0\1\xFF\xFF\xFF\xFF", 6)),
        frame('D', "x"), from_server({"C SELECT 1"}) + row("app"),
        from_server({"C SELECT 1", "C SELECT 1"}) + row("app")}) {
    OwnRequest request("n", 0, false);
    (void)give(request, bytes);
    EXPECT_FALSE(request.answer());
  }
}

}  // namespace
}  // namespace portcullis::session
