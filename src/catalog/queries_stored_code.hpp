// SQL that finds what stored code calls and names: pg_depend where that tells it, the stored expression trees
// where it does not (PostgreSQL's own functions and catalogs stand in no pg_depend).
#pragma once

#include <string>

namespace portcullis::catalog {

// Rows of "attached" and of "types" (queries.cpp). `major`: 13 to 18.
[[nodiscard]] std::string attached_sql(int major);
[[nodiscard]] std::string types_sql(int major);

}  // namespace portcullis::catalog
