// Bytes that are wiped when they go.
#pragma once

#include <array>
#include <cstddef>

namespace portcullis::audit {

// In a way that the compiler may not leave out.
void cleanse(void* bytes, std::size_t count) noexcept;

template <std::size_t count>
struct Wiped {
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { cleanse(bytes.data(), bytes.size()); }
  std::array<unsigned char, count> bytes{};
};

}  // namespace portcullis::audit
