// Appends one message: type byte, length (filled in by finish), fields in the order given. A message that was
// not finished, because a field could not be held, leaves nothing behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace portcullis::wire {

class ByteWriter {
 public:
  // A packet without a type byte, as at the start of a connection.
  explicit ByteWriter(std::string& out) : out_(out), start_(out.size()), length_at_(out.size()) { u32(0); }
  ByteWriter(std::string& out, char type) : out_(out), start_(out.size()), length_at_(out.size() + 1) {
    character(type).u32(0);
  }
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;
  ~ByteWriter() {
    if (!finished_) out_.resize(start_);
  }

  ByteWriter& character(char value) {
    out_ += value;
    return *this;
  }
  ByteWriter& u16(std::uint16_t value) { return big_endian(value, 2); }
  ByteWriter& u32(std::uint32_t value) { return big_endian(value, 4); }
  ByteWriter& bytes(std::string_view value) {
    out_ += value;
    return *this;
  }
  // Throws std::logic_error for a zero byte: the peer would read another message than was meant.
  ByteWriter& c_string(std::string_view value) {
    if (value.find('\0') != std::string_view::npos)
      throw std::logic_error("a zero byte in a protocol string");
    return bytes(value).character('\0');
  }
  // Each throws std::logic_error when the size does not fit its field.
  ByteWriter& count16(std::size_t size) {
    if (size > 0xffff) throw std::logic_error("more than 65535 items in a protocol message");
    return u16(static_cast<std::uint16_t>(size));
  }
  ByteWriter& count32(std::size_t size) { return u32(length(size)); }
  void finish() {
    const std::uint32_t size = length(out_.size() - length_at_);
    for (std::size_t i = 0; i < 4; ++i) out_[length_at_ + i] = byte_of(size, 3 - i);
    finished_ = true;
  }

 private:
  static char byte_of(std::uint32_t value, std::size_t index) noexcept {
    return static_cast<char>(static_cast<unsigned char>(value >> (8 * index)));
  }
  static std::uint32_t length(std::size_t size) {
    if (size > 0x7fffffff) throw std::logic_error("a protocol message above 2 GiB");
    return static_cast<std::uint32_t>(size);
  }
  ByteWriter& big_endian(std::uint32_t value, std::size_t size) {
    for (std::size_t i = size; i > 0; --i) out_ += byte_of(value, i - 1);
    return *this;
  }

  std::string& out_;
  std::size_t start_, length_at_;
  bool finished_ = false;
};

}  // namespace portcullis::wire
