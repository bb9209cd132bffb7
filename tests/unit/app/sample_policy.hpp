// A small policy with a rule of each kind, as the tests of the commands and of the configuration need one.
#pragma once

#include <string_view>

namespace portcullis::testing {

inline constexpr std::string_view kSamplePolicy = R"({
  "version": 1,
  "name": "sample",
  "agents": { "bot": { "login": "agent_bot", "owner": "ada" } },
  "reviewers": { "dba": ["ada"] },
  "protect": [ { "id": "pii", "on": ["app.users"] } ],
  "rules": [
    { "id": "read", "allow": ["select"], "on": ["app.orders", "public.notes"], "to": ["bot"] },
    { "id": "drift", "allow": ["alter table add column"], "on": ["app.orders"], "to": ["bot"] },
    { "id": "indexes", "ask": ["create index concurrently"], "on": ["app.orders"], "to": ["bot"],
      "of": { "reviewers": "dba", "count": 1, "expires": "1h" } }
  ],
  "tests": [
    { "as": "bot", "sql": "SELECT id FROM app.orders", "expect": "allow", "rule": "read" },
    { "as": "bot", "sql": "DROP TABLE app.users", "expect": "deny", "rule": "pii" }
  ]
})";

}  // namespace portcullis::testing
