// The words in which decisions speak of effects.
#pragma once

#include <string>

#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

// "select on app.users", "set search_path", "drop role bob", "begin".
[[nodiscard]] std::string phrase(sql::Action action, sql::ObjectKind kind, const sql::Name& object);

// What PostgreSQL says of an object that is not there: `relation "app.users" does not exist`.
[[nodiscard]] std::string missing_phrase(sql::Action action, sql::ObjectKind kind, const sql::Name& object);

}  // namespace portcullis::policy
