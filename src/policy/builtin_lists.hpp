// The lists that ship: what of PostgreSQL's own is harmless. All of them name what may pass, so that what a
// newer PostgreSQL brings is refused until it was reviewed.
#pragma once

#include <string_view>

namespace portcullis::policy {

// May be called by every agent, without schema or as pg_catalog.name.
[[nodiscard]] bool is_shipped_function(std::string_view name) noexcept;
// Every overload only reads what any role may see. `schema` is pg_catalog or information_schema.
[[nodiscard]] bool is_harmless_function(std::string_view schema, std::string_view name);
// A table or view of pg_catalog in every version that the gate works with.
[[nodiscard]] bool is_catalog_relation(std::string_view name) noexcept;

}  // namespace portcullis::policy
