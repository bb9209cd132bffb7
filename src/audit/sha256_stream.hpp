// SHA-256 of what comes in pieces.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "audit/hash.hpp"

namespace portcullis::audit {

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void add(std::string_view bytes);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  // Of all so far; it can go on.
  [[nodiscard]] Hash hash() const;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::uint64_t bytes_ = 0;
};

}  // namespace portcullis::audit
