// Eight or sixteen bytes of a line at a time, for JsonLine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace portcullis::audit::words {

inline constexpr int kWord = 8;

// The first of the eight bytes is the lowest.
inline std::uint64_t load(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// What JsonLine::order_of() says of the first `length` bytes.
inline std::uint64_t first_bytes(std::uint64_t word, std::size_t length) {
  if (length == 0) return 0;
  const unsigned unused = length < 8 ? static_cast<unsigned>(8 - length) * 8 : 0;
  return __builtin_bswap64(word << unused >> unused);
}

// The highest bit of each byte that is not plain ASCII text within quotes: above 0x7f, below 0x20, a quote, a
// backslash. What is borrowed from a byte only changes those above it: the lowest bit is right.
inline std::uint64_t specials(std::uint64_t word) {
  constexpr std::uint64_t each = 0x0101010101010101u;
  const std::uint64_t quote = (word ^ each * '"') - each, backslash = (word ^ each * '\\') - each;
  return (word | (word - each * 0x20) | quote | backslash) & each * 0x80;
}

using Block = signed char __attribute__((vector_size(16)));

// Whether one of 16 bytes is such a one: those above 0x7f are below 0.
inline bool has_special(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  const Block found = (block < 0x20) | (block == '"') | (block == '\\');
  std::uint64_t halves[2];
  std::memcpy(halves, &found, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

inline const char* skip_plain(const char* at, const char* end) {
  while (end - at >= std::ptrdiff_t{sizeof(Block)} && !has_special(at)) at += sizeof(Block);
  for (; end - at >= kWord; at += kWord) {
    if (const std::uint64_t found = specials(load(at)); found != 0) return at + std::countr_zero(found) / 8;
  }
  const auto is_plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' &&
           c != '\\';
  };
  while (at != end && is_plain(*at)) ++at;
  return at;
}

// The highest bit of each byte that is no decimal digit. As with specials(), the lowest bit is right.
inline std::uint64_t no_digits(std::uint64_t word) {
  constexpr std::uint64_t each = 0x0101010101010101u;
  const std::uint64_t value = word ^ each * '0';
  return (value | (value + each * (0x80 - 10))) & each * 0x80;
}

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

inline const char* skip_digits(const char* at, const char* end) {
  for (; end - at >= kWord; at += kWord) {
    if (const std::uint64_t found = no_digits(load(at)); found != 0) return at + std::countr_zero(found) / 8;
  }
  while (at != end && is_digit(*at)) ++at;
  return at;
}

// Of eight digits, or zero bytes for those in front: pairs, then fours, then all.
inline std::uint64_t number_of(std::uint64_t word) {
  word = (word & 0x0f0f0f0f0f0f0f0fu) * (1 + (10u << 8)) >> 8;
  word = (word & 0x00ff00ff00ff00ffu) * (1 + (100u << 16)) >> 16;
  return (word & 0x0000ffff0000ffffu) * (1 + (std::uint64_t{10000} << 32)) >> 32;
}

}  // namespace portcullis::audit::words
