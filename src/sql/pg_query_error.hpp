// libpg_query's errors as ours.
#pragma once

#include <pg_query.h>

#include <string_view>

#include "portcullis/base/error.hpp"

namespace portcullis::sql {

// 42601 with PostgreSQL's own message and position; 54001 where the grammar's own stack was too small.
// `parsed` is the text that the library read, `original` the same with as many bytes, but not as many
// characters, in its comments.
[[nodiscard]] base::Error syntax_error(const PgQueryError& error, std::string_view parsed,
                                       std::string_view original);

}  // namespace portcullis::sql
