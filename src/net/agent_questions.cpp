#include "net/agent_questions.hpp"

#include "shadow/quote.hpp"

namespace portcullis::net {
namespace {

std::string as_setting(std::chrono::milliseconds most) {
  return shadow::literal(shadow::in_milliseconds(most));
}

}  // namespace

std::string guards_of(const ProbeOptions& options) {
  return "SET LOCAL row_security TO on; SET LOCAL max_parallel_workers_per_gather TO 0; "
         "SET LOCAL idle_in_transaction_session_timeout TO " +
         as_setting(kGrace) + "; SET LOCAL lock_timeout TO " + as_setting(options.lock_timeout) +
         "; SET LOCAL statement_timeout TO " + as_setting(options.statement_timeout) + "; ";
}

std::string settings_of_session(const ProbeOptions& options,
                                const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string sql;
  for (const auto& [name, value] : settings) {
    sql +=
        "SELECT pg_catalog.set_config(" + shadow::literal(name) + ", " + shadow::literal(value) + ", true); ";
  }
  return sql + guards_of(options);
}

std::string in_plain_words(const base::Error& error) {
  const auto code = error.code.view();
  const bool is_plain = code == "42501" || code == "55P03" || code.starts_with("57") ||
                        code.starts_with("08") || code.starts_with("25") || code.starts_with("53") ||
                        code.starts_with("58");
  return is_plain ? error.message : "a value gives SQLSTATE " + std::string(code);
}

}  // namespace portcullis::net
