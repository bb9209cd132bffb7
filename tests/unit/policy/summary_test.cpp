#include "policy_fixture.hpp"

namespace portcullis::policy {
namespace {

TEST(AllowedSummary, NamesActionsAndObjectsInTheFilesOrder) {
  const auto policy = loaded(policy_text(
      R"({"id": "catalog", "allow": ["select"], "on": ["pg_catalog.pg_class"], "to": ["*"]},
         {"id": "read", "allow": ["select"], "on": ["app.orders", "app.\"Order Items\""], "to": ["*"]},
         {"id": "write", "allow": ["update", "delete"], "on": ["app.orders"], "to": ["etl"], "require": ["where"]},
         {"id": "schemas", "allow": ["create schema"], "to": ["other"]},
         {"id": "all", "allow": ["alter table *"], "on": ["app.users", "app.orders"], "to": ["other"]},
         {"id": "hold", "ask": ["truncate"], "on": ["app.orders"], "to": ["*"], "of": {"reviewers": "dba"}})",
      R"({"id": "pii", "on": ["app.users"]})"));
  EXPECT_EQ(policy.allowed_summary("bot"),
            "SELECT on app.orders, app.\"Order Items\"; UPDATE, DELETE on app.orders with WHERE; SELECT on "
            "pg_catalog.pg_class");
  EXPECT_EQ(
      policy.allowed_summary("other"),
      "SELECT on app.orders, app.\"Order Items\"; CREATE SCHEMA; ALTER TABLE * on app.orders; SELECT on "
      "pg_catalog.pg_class");
  EXPECT_EQ(policy.allowed_summary("stranger"), "");
}

TEST(AllowedSummary, PrintsPatternsAndWhatProtectionsTakeOut) {
  const auto policy = loaded(policy_text(
      R"j({"id": "read", "allow": ["select"], "on": ["app.*", "shop.t(b, a)", "secret.t", "log.*"], "to": ["*"]})j",
      R"j({"id": "pii", "on": ["app.users", "app.customers(ssn)", "secret.*"]},
         {"id": "log", "on": ["log.events"], "except": ["select", "insert"]})j"));
  EXPECT_EQ(policy.allowed_summary("bot"),
            "SELECT on app.* except app.users, app.customers(ssn), shop.t(a, b), log.*");
}

TEST(AllowedSummary, IsCutAtAPieceWithinTheLimit) {
  const auto policy = loaded(policy_text(
      R"({"id": "read", "allow": ["select"], "on": ["app.orders", "app.customers", "app.products"], "to": ["*"]},
         {"id": "write", "allow": ["insert"], "on": ["app.orders"], "to": ["*"]})"));
  const std::string whole = "SELECT on app.orders, app.customers, app.products; INSERT on app.orders";
  EXPECT_EQ(policy.allowed_summary("bot", 300), whole);
  EXPECT_EQ(policy.allowed_summary("bot", 60), "SELECT on app.orders, app.customers, app.products; ...");
  EXPECT_EQ(policy.allowed_summary("bot", 45), "SELECT on app.orders, app.customers, ...");
  EXPECT_EQ(policy.allowed_summary("bot", 5), "...");
  EXPECT_EQ(policy.allowed_summary("bot", 0), "");
  for (std::size_t limit = 0; limit < 100; ++limit)
    EXPECT_LE(policy.allowed_summary("bot", limit).size(), limit);
}

}  // namespace
}  // namespace portcullis::policy
