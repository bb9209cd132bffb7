// A bounded map: when the young generation is full the old one goes, and what is used moves to the young one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace portcullis::session {

// By text, for one thread. Pointers last until the next call.
template <class Value>
class TwoGenerations {
 public:
  // Of a generation.
  explicit TwoGenerations(std::size_t most) : most_(most) {}

  // Null when it is not there.
  [[nodiscard]] const Value* find(std::string_view text) {
    if (const auto found = young_.find(text); found != young_.end()) return &found->second;
    const auto found = old_.find(text);
    if (found == old_.end()) return nullptr;
    auto node = old_.extract(found);
    make_room();
    return &young_.insert(std::move(node)).position->second;
  }

  void put(std::string text, Value value) {
    make_room();
    young_.insert_or_assign(std::move(text), std::move(value));
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  void make_room() {
    if (young_.size() >= most_) old_ = std::exchange(young_, {});
  }

  std::size_t most_;
  Map young_, old_;
};

}  // namespace portcullis::session
