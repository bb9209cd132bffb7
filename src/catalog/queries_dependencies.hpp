// The queries of what needs what.
#pragma once

#include <string>

namespace portcullis::catalog {

[[nodiscard]] std::string objects_sql(int major);
[[nodiscard]] std::string dependencies_sql();

}  // namespace portcullis::catalog
