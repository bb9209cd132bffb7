// Reads the fields of one message body: big-endian integers, C strings, counted bytes (manual 55.6 "Message
// Data Types"). The first read that does not fit makes every later one yield zero or an empty view, so that a
// decoder reads all its fields and asks once at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace portcullis::wire {

class ByteReader {
 public:
  // The views returned by the functions below point into `bytes`.
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

  char character() noexcept {
    const auto taken = bytes(1);
    return taken.empty() ? '\0' : taken.front();
  }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u32() noexcept { return big_endian(4); }

  // Up to the first zero byte, which is consumed and not part of the result.
  std::string_view c_string() noexcept {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos) return fail();
    const auto text = bytes(end);
    rest_.remove_prefix(1);
    return text;
  }
  std::string_view bytes(std::size_t size) noexcept {
    if (size > rest_.size()) return fail();
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() noexcept { return bytes(rest_.size()); }

  // `count` as the peer gave it, or 0 and failed() when what is left cannot hold so many items of `smallest`
  // bytes each: memory is reserved only for what can be there.
  std::size_t items(std::size_t count, std::size_t smallest) noexcept {
    if (count <= rest_.size() / smallest) return count;
    fail();
    return 0;
  }

 private:
  std::string_view fail() noexcept {
    failed_ = true;
    rest_ = {};
    return {};
  }
  std::uint32_t big_endian(std::size_t size) noexcept {
    std::uint32_t value = 0;
    for (const char c : bytes(size)) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace portcullis::wire
