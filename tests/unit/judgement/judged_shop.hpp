// A small shop with one of everything that a statement can bring about, and a policy with protections inside
// of what its rules cover.
#pragma once

#include <memory>

#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::testing {

inline void make_tables(catalog::testing::MakeSnapshot& make) {
  make.table("app.customers", {"id int4", "name text", "country text", "ssn text"});
  make.table("app.orders", {"id int4", "customer_id int4", "status text", "amount numeric", "note text"});
  make.table("app.order_items", {"order_id int4", "line int4", "quantity int4"});
  make.table("app.users", {"id int4", "login text", "ssn text"});
  make.table("app.ledger", {"id int4", "entry text"});
  make.table("app.events", {"id int4", "kind text", "body jsonb"});
  make.table("app.accounts", {"id int4", "owner text"});
  make.table("app.Mixed", {"id int4", "Value text"});
  make.table("secret.keys", {"id int4", "name text", "value text"});
  make.table("secret.cards", {"id int4", "account_id int4", "number text"});
  make.foreign_key("o", "app.orders(customer_id)", "app.customers(id)");
  make.foreign_key("i", "app.order_items(order_id)", "app.orders(id)", 'c');
  make.foreign_key("a", "secret.cards(account_id)", "app.accounts(id)", 'c', 'c');
  make.relation(catalog::RelationKind::partitioned_table, "app.readings", {"day date", "value int4"});
  make.table("app.readings_2025", {"day date", "value int4"});
  make.inherit("app.readings_2025", "app.readings");
  make.relation(catalog::RelationKind::partitioned_table, "app.measured", {"day date", "value int4"});
  make.table("secret.measured_2024", {"day date", "value int4"});
  make.inherit("secret.measured_2024", "app.measured");
  make.sequence("app.orders_id_seq", "app.orders");
  make.index("app.orders_key", "app.orders");
}

inline void make_code(catalog::testing::MakeSnapshot& make) {
  using Kind = catalog::Type::Kind;
  make.function("app.order_total", {"int4"});
  make.function("app.order_total", {"text"});
  make.function("app.order_pieces", {"int4"});
  make.function("app.peek", {"int4"});
  make.function("app.trip", {}, "", catalog::Function::Kind::function, "int4");
  make.function("app.trip_step", {"int4", "int4"});
  make.function("app.hidden", {"app.customers"});
  make.function("app.on_event");
  make.function("app.purge", {}, "", catalog::Function::Kind::procedure);
  make.view("app.people", {"id int4", "name text"}, {"app.customers(id, name)"});
  make.view("app.contacts", {"id int4", "contact text"}, {"app.customers(id, ssn)"});
  make.view("app.logins", {"id int4", "login text"}, {"app.users(id, login)"});
  make.view("app.logins_again", {"id int4", "login text"}, {"app.logins(id, login)"});
  make.view("app.tripping", {"n int4"}, {}, {"app.trip"});
  make.trigger("app.events", "on_event", "iu", "app.on_event");
  make.attach("app.ledger", 'd', "id", "i", {"app.trip"});
  make.table("app.wishes", {"id int4", "body text"});
  make.attach("app.wishes", 'r', "gone", "d", {}, {"secret.keys(id)"});
  make.domain("app.email", "text", {"app.trip"});
  make.type("app.mood", Kind::enumeration);
  make.type("app.label", Kind::composite, {"text"});
  make.user_operator("app", "###", "int4", "int4", "app.trip_step");
  make.cast("app.label", "int8", "app.trip");
}

inline std::shared_ptr<const catalog::Snapshot> judged_shop() {
  catalog::testing::MakeSnapshot make;
  make_tables(make);
  make_code(make);
  return make.build();
}

inline constexpr const char* kJudgedPolicy = R"policy({
  "version": 1, "name": "judged",
  "agents": {"bot": {"login": "bot_login"}},
  "protect": [
    {"id": "pii", "on": ["app.users", "app.customers(ssn)"]},
    {"id": "secrets", "on": ["secret.*"]},
    {"id": "books", "on": ["app.ledger"], "except": ["select", "insert"]}
  ],
  "rules": [
    {"id": "read", "allow": ["select", "copy to stdout"], "on": ["app.*"], "to": ["*"]},
    {"id": "write", "allow": ["insert", "update", "delete", "select for update"], "to": ["*"], "require": ["where"],
     "on": ["app.orders", "app.order_items", "app.events", "app.accounts", "app.measured", "app.readings", "app.wishes"]},
    {"id": "append", "allow": ["insert"], "on": ["app.ledger"], "to": ["*"]},
    {"id": "never", "deny": ["update"], "on": ["app.orders(status)"], "to": ["*"]},
    {"id": "additive", "allow": ["alter table add column"], "on": ["app.*"], "to": ["*"],
     "when": {"default": ["none", "constant"], "nullable": true, "type": "base"}},
    {"id": "empty", "allow": ["truncate"], "on": ["app.readings"], "to": ["*"]},
    {"id": "hold", "allow": ["lock"], "on": ["app.orders"], "to": ["*"]}
  ],
  "functions": {
    "allow": ["app.order_total(int4)", "app.order_pieces(int4)", "app.on_event()"],
    "deny": ["pg_catalog.random()"]
  }
})policy";

}  // namespace portcullis::testing
