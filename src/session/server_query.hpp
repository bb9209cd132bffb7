// One query that the gate asks a server for itself, and its answer, row by row. Manual 55.2.2, 55.2.3.
// Sans-I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"
#include "shadow/parameters.hpp"

namespace portcullis::session {

// Takes the rows of an answer. An error ends the query: the connection is then of no more use.
class RowTaker {
 public:
  virtual ~RowTaker() = default;
  [[nodiscard]] virtual base::Result<void> take(std::span<const std::optional<std::string_view>> fields) = 0;
};

// One statement with its parameters, by the extended query protocol.
struct ParametrizedQuery {
  std::string_view text;
  const shadow::Parameters& parameters;
};

class ServerQuery {
 public:
  enum class Next { read, ready, failed };

  // `rows` must outlive the query.
  ServerQuery(std::string_view text, RowTaker& rows);
  ServerQuery(const ParametrizedQuery& query, RowTaker& rows);

  [[nodiscard]] std::string take_out() { return std::move(out_); }
  // `consumed` bytes must not be given again. `ready`: the answer was whole, and the next query may follow.
  // `failed`: failure() says why; the connection must be closed.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);
  [[nodiscard]] const base::Error& failure() const noexcept { return failure_; }

 private:
  Next on_message(char type, std::string_view body);
  Next fail(base::Error error);
  Next fail_unexpected(char message);

  RowTaker& rows_;
  bool is_extended_ = false;
  std::string out_;
  base::Error failure_{};
};

}  // namespace portcullis::session
