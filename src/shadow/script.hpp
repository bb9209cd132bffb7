// Statements run one after the other, each a transaction of its own, none of which may be worth its failure:
// what failed is told, and the rest goes on. Manual 55.2.2. Sans-I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::shadow {

class Script {
 public:
  enum class Next : std::uint8_t { read, done, failed };
  struct Failed {
    std::size_t statement = 0;  // its index
    base::Error error;
  };

  // At least one.
  explicit Script(std::vector<std::string> statements);

  [[nodiscard]] std::string take_out() { return std::exchange(out_, {}); }
  // `consumed` bytes must not be given again. `done`: all were run, and failures() says which had no effect.
  // `failed`: failure() says why nobody knows; the connection must be closed.
  [[nodiscard]] Next on_bytes(std::string_view bytes, std::size_t& consumed);

  [[nodiscard]] const std::vector<Failed>& failures() const noexcept { return failures_; }
  [[nodiscard]] const base::Error& failure() const noexcept { return failure_; }

 private:
  Next on_message(char type, std::string_view body);
  Next on_error(std::string_view body);
  Next on_ready(std::string_view body);
  Next fail(base::Error error);

  std::vector<std::string> statements_;
  std::size_t at_ = 0;
  std::vector<Failed> failures_;
  std::string out_;
  base::Error failure_{};
};

}  // namespace portcullis::shadow
