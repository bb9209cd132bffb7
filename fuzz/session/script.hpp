// The fuzzer's bytes as a script: numbers, until they are used up, and from there on zeros.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

namespace portcullis::fuzz {

inline void require(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: a promise is broken\n", where.file_name(), where.line());
  std::abort();
}

// One line a frame, where PORTCULLIS_FUZZ_TRACE is set: how to read what was found.
void trace(std::string_view who, std::string_view frame);

class Script {
 public:
  explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_over() const noexcept { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t value = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return value;
  }
  std::size_t below(std::size_t bound) { return byte() % bound; }
  std::string_view bytes(std::size_t count) {
    const auto part = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(part.size());
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

// A message of a client, as a script writes it: names out of a few, texts out of known_texts(), and the kind
// that only comes out of a broken client. Sound messages only without `may_break`; `limited` as in texts.hpp.
[[nodiscard]] std::string client_message(Script& script, bool may_break, bool limited);

}  // namespace portcullis::fuzz
