// How many rows a statement would insert, update or delete: what is asked of production to know it, and the
// answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shadow/parameters.hpp"

namespace portcullis::shadow {

struct RowQuestion {
  std::uint64_t most = 0;  // it is counted up to one more
  // A SELECT that gives a row for each, without a LIMIT, under the session's own settings and with the
  // statement's own parameters; empty: nothing is asked.
  std::string sql{};
  std::vector<std::pair<std::string, std::string>> reads{};  // the tables in it
  std::optional<std::uint64_t> known{};                      // known without asking
  std::string why{};                                         // else, where `sql` is empty, why nobody knows
  friend bool operator==(const RowQuestion&, const RowQuestion&) = default;
};

struct RowCount {
  enum class Basis : std::uint8_t {
    written,   // the statement itself says it
    probed,    // production's rows have answered
    measured,  // it ran on production's rows, in a copy
    unknown,
  };
  Basis basis = Basis::unknown;
  std::uint64_t rows = 0;
  bool is_more = false;  // than `rows`: nobody counted on
  std::string why{};     // of `unknown`
  std::chrono::microseconds took{0};

  [[nodiscard]] bool is_within(std::uint64_t most) const noexcept {
    return basis != Basis::unknown && !is_more && rows <= most;
  }
};
[[nodiscard]] std::string_view name(RowCount::Basis basis) noexcept;

[[nodiscard]] RowQuestion rows_known(std::uint64_t most, std::uint64_t rows);
[[nodiscard]] RowQuestion rows_unknown(std::uint64_t most, std::string why);

// One row of one number.
[[nodiscard]] std::string counting(const RowQuestion& question);
// For counting(): a parameter that is not in it has a type and is NULL, for the server could not find out its
// type.
[[nodiscard]] Parameters parameters_for(std::string_view sql, Parameters parameters);
// Of what was answered, or need not be asked.
[[nodiscard]] RowCount counted(const RowQuestion& question, std::uint64_t rows, RowCount::Basis basis);

}  // namespace portcullis::shadow
