// Where a word stands in a table that is fixed at compile time: for the look-ups that every node needs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace portcullis::sql {

// A hash table: a slot holds the place of a word in its table and one, or 0. Collisions go to the next slot.
// `Slots` must be above the number of words, well above to be fast.
template <std::size_t Slots>
class WordIndex {
 public:
  // Of words that differ.
  constexpr void add(std::string_view word, std::size_t place) {
    std::size_t slot = slot_of(word);
    while (places_[slot] != 0) slot = (slot + 1) % Slots;
    places_[slot] = static_cast<std::uint16_t>(place + 1);
  }

  // The place whose word `word_at` says is the one sought; `none` when there is none.
  template <class WordAt>
  [[nodiscard]] constexpr std::size_t find(std::string_view word, std::size_t none,
                                           const WordAt& word_at) const noexcept {
    for (std::size_t slot = slot_of(word); places_[slot] != 0; slot = (slot + 1) % Slots) {
      const std::size_t place = places_[slot] - 1u;
      if (word_at(place) == word) return place;
    }
    return none;
  }

 private:
  static constexpr std::size_t slot_of(std::string_view word) noexcept {
    std::uint32_t hash = 2166136261u;  // FNV-1a
    for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return (hash ^ (hash >> 15)) % Slots;
  }

  std::array<std::uint16_t, Slots> places_{};
};

}  // namespace portcullis::sql
