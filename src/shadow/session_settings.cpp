#include "shadow/session_settings.hpp"

namespace portcullis::shadow {

// Those of copy_queries.cpp, settings_query(), and the role. What a version does not have is left out.
std::string_view session_settings_query() noexcept {
  return "SELECT n, pg_catalog.current_setting(n, true) "
         "FROM pg_catalog.unnest(ARRAY['role', 'search_path', 'TimeZone', 'DateStyle', 'IntervalStyle', "
         "'bytea_output', 'default_table_access_method', 'default_toast_compression', 'row_security', "
         "'check_function_bodies', 'extra_float_digits', 'xmloption', 'transform_null_equals', "
         "'array_nulls', 'quote_all_identifiers']::pg_catalog.text[]) AS n "
         "WHERE pg_catalog.current_setting(n, true) IS NOT NULL "
         "UNION ALL SELECT 'portcullis.transaction', t::pg_catalog.text "
         "FROM pg_catalog.txid_current_if_assigned() AS t WHERE t IS NOT NULL";
}

}  // namespace portcullis::shadow
