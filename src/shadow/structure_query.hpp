// What a copy of the structure hangs on beyond what statements are judged by: owners, privileges, options,
// indexes, labels of enums, roles and their settings.
#pragma once

#include <string_view>

namespace portcullis::shadow {

// One value, another one after each change. With search_path pg_catalog, beside catalog::fingerprint_query().
[[nodiscard]] std::string_view structure_query() noexcept;

}  // namespace portcullis::shadow
