// What went wrong, as PostgreSQL itself would say it: a SQLSTATE, one sentence, and what helps a person.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/assert/source_location.hpp>

namespace portcullis::base {

// Five characters of [0-9A-Z]: PostgreSQL manual, appendix A "PostgreSQL Error Codes".
class SqlState {
 public:
  // Only string literals of exactly five characters compile.
  consteval SqlState(const char (&code)[6]) : code_{code[0], code[1], code[2], code[3], code[4]} {}

  // A code that came over the wire. Anything that is not five characters of [0-9A-Z] becomes XX000.
  [[nodiscard]] static SqlState from_text(std::string_view text) noexcept;

  [[nodiscard]] std::string_view view() const noexcept { return {code_.data(), code_.size()}; }
  friend bool operator==(const SqlState&, const SqlState&) = default;

 private:
  std::array<char, 5> code_;
};

namespace sqlstate {
inline constexpr SqlState connection_failure{"08006"};
inline constexpr SqlState cannot_connect{"08001"};
inline constexpr SqlState protocol_violation{"08P01"};
inline constexpr SqlState feature_not_supported{"0A000"};
inline constexpr SqlState invalid_parameter_value{"22023"};
inline constexpr SqlState character_not_in_repertoire{"22021"};
inline constexpr SqlState invalid_sql_statement_name{"26000"};
inline constexpr SqlState invalid_authorization{"28000"};
inline constexpr SqlState invalid_password{"28P01"};
inline constexpr SqlState invalid_catalog_name{"3D000"};
inline constexpr SqlState invalid_cursor_name{"34000"};
inline constexpr SqlState insufficient_privilege{"42501"};
inline constexpr SqlState syntax_error{"42601"};
inline constexpr SqlState insufficient_resources{"53000"};
inline constexpr SqlState disk_full{"53100"};
inline constexpr SqlState too_many_connections{"53300"};
inline constexpr SqlState configuration_limit_exceeded{"53400"};
inline constexpr SqlState program_limit_exceeded{"54000"};
inline constexpr SqlState statement_too_complex{"54001"};
inline constexpr SqlState lock_not_available{"55P03"};
inline constexpr SqlState query_canceled{"57014"};
inline constexpr SqlState admin_shutdown{"57P01"};
inline constexpr SqlState cannot_connect_now{"57P03"};
inline constexpr SqlState io_error{"58030"};
inline constexpr SqlState config_file_error{"F0000"};
inline constexpr SqlState internal_error{"XX000"};
}  // namespace sqlstate

// A value, never thrown across a room's border. `message` is one sentence, lower case, without a full stop,
// the offender in quotes, and says what to do next. Neither it nor `detail` ever holds a password or a
// parameter value.
struct Error {
  SqlState code = sqlstate::internal_error;
  std::string message;
  std::string detail{};
  std::string hint{};
  // 1-based, in characters (not bytes) of the statement's text, as the protocol's field 'P'.
  std::optional<std::uint32_t> position{};

  friend bool operator==(const Error&, const Error&) = default;
};

// Called by boost::system::result when value() is asked of an error: that is a bug of ours, so it throws
// std::logic_error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace portcullis::base
