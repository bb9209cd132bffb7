// Bytes that were read and not yet consumed. Holds next to nothing while there are none: thousands of
// sessions wait for their next statement.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace portcullis::net {

class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(std::string initial) : bytes_(std::move(initial)) {}

  [[nodiscard]] std::string_view view() const noexcept { return std::string_view(bytes_).substr(begin_); }
  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ < bytes_.size()) return;
    bytes_.clear();
    begin_ = 0;
  }

  void append(std::string_view bytes) {
    bytes_.erase(0, std::exchange(begin_, 0));
    bytes_ += bytes;
  }

  // For who must read into the buffer itself: `size` more bytes, to be followed by keep().
  [[nodiscard]] char* extend(std::size_t size) {
    bytes_.erase(0, std::exchange(begin_, 0));
    const std::size_t end = bytes_.size();
    bytes_.resize(end + size);
    return bytes_.data() + end;
  }
  // How many of the `size` bytes did come.
  void keep(std::size_t count, std::size_t size) { bytes_.resize(bytes_.size() - size + count); }

  // Gives back what large messages took, before a wait for more that may be long.
  void trim() {
    if (bytes_.capacity() > kKept && bytes_.capacity() > 8 * bytes_.size()) bytes_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kKept = 1024;
  std::string bytes_;
  std::size_t begin_ = 0;
};

}  // namespace portcullis::net
