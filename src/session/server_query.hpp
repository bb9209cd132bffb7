// One simple query that the gate asks a server for itself, and its answer, row by row. Manual 55.2.2.
// Sans-I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::session {

// Takes the rows of an answer. An error ends the query: the connection is then of no more use.
class RowTaker {
 public:
  virtual ~RowTaker() = default;
  [[nodiscard]] virtual base::Result<void> take(std::span<const std::optional<std::string_view>> fields) = 0;
};

class ServerQuery {
 public:
  enum class Next { read, ready, failed };

  // `rows` must outlive the query.
  ServerQuery(std::string_view text, RowTaker& rows);

  [[nodiscard]] std::string take_out() { return std::move(out_); }
  // `consumed` bytes must not be given again. `ready`: the answer was whole, and the next query may follow.
  // `failed`: failure() says why; the connection must be closed.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);
  [[nodiscard]] const base::Error& failure() const noexcept { return failure_; }

 private:
  Next on_message(char type, std::string_view body);
  Next fail(base::Error error);

  RowTaker& rows_;
  std::string out_;
  base::Error failure_{};
};

}  // namespace portcullis::session
