// A database and a policy on it: a table that is protected, one with a protected column, a view on each.
#pragma once

#include <string>

#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::testing {

inline catalog::testing::MakeSnapshot sample_shop() {
  catalog::testing::MakeSnapshot make;
  make.table("app.orders", {"id int4", "note text"});
  make.table("app.users", {"id int4", "ssn text"});
  make.table("app.customers", {"id int4", "name text", "ssn text"});
  make.view("app.people", {"id int4"}, {"app.users(id)"});
  make.sequence("app.orders_id_seq", "app.orders");
  make.index("app.orders_key", "app.orders");
  make.table("other.things", {"id int4"});
  return make;
}

// `rules` and `more` go in front of what is there.
inline std::string shop_policy(const std::string& rules = {}, const std::string& more = {}) {
  return R"({ "version": 1, "name": "shop", )" + more + R"j(
  "agents": { "bot": { "login": "agent_bot", "owner": "ada", "groups": ["writers"] }, "idle": { "login": "agent_idle" } },
  "groups": { "writers": {} },
  "protect": [ { "id": "pii", "on": ["app.users", "app.customers(ssn)"] } ],
  "functions": { "allow": ["app.total"], "deny": ["pg_catalog.random"] },
  "settings": { "allow": ["work_mem"] },
  "rules": [ )j" +
         rules + R"j(
    { "id": "read", "allow": ["select"], "on": ["app.*"], "to": ["bot"] },
    { "id": "write", "allow": ["insert", "update"], "on": ["app.orders"], "to": ["writers"], "require": ["where"] },
    { "id": "grow", "allow": ["alter table add column", "drop *"], "on": ["app.orders"], "to": ["bot"] }
  ] })j";
}

}  // namespace portcullis::testing
