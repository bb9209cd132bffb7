// Bytes that were read and not yet consumed.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace portcullis::net {

class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(std::string initial) : bytes_(std::move(initial)), end_(bytes_.size()) {}

  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t count) noexcept { begin_ += count; }
  void commit(std::size_t count) noexcept { end_ += count; }
  [[nodiscard]] char* space() noexcept { return bytes_.data() + end_; }
  [[nodiscard]] std::size_t space_size() const noexcept { return bytes_.size() - end_; }

  // Room for more. Grows only while one message needs it whole, which the machines bound; gives back what a
  // large one took.
  void make_room() {
    bytes_.erase(0, begin_);
    end_ -= std::exchange(begin_, 0);
    std::size_t size = std::max(end_ < kRead ? kRead : 2 * end_, kRead);
    bytes_.resize(size);
    if (bytes_.capacity() > 8 * size) bytes_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kRead = 16 * 1024;
  std::string bytes_;
  std::size_t begin_ = 0, end_;
};

}  // namespace portcullis::net
