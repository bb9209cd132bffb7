// A number of places, each given back at its end. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace portcullis::net {

class Places {
 public:
  static constexpr std::size_t kUnlimited = SIZE_MAX;

  explicit Places(std::size_t most = kUnlimited) noexcept : most_(most) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  // Must not outlive the places.
  class Place {
   public:
    Place(Place&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~Place() {
      if (owner_ != nullptr) --owner_->taken_;
    }

   private:
    friend class Places;
    explicit Place(Places& owner) noexcept : owner_(&owner) {}
    Places* owner_;
  };

  // Nothing when all are taken.
  [[nodiscard]] std::optional<Place> take() noexcept {
    std::size_t taken = taken_.load();
    do {
      if (taken >= most_) return std::nullopt;
    } while (!taken_.compare_exchange_weak(taken, taken + 1));
    return Place(*this);
  }
  [[nodiscard]] std::size_t taken() const noexcept { return taken_.load(); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

// What a connection of a client holds from when it was accepted until it is gone.
struct Admission {
  Places::Place seat;                       // at its worker
  std::optional<Places::Place> descriptor;  // of those for clients; none: it is there to be told so
  std::optional<Places::Place> telling;     // of those that are told so
};

}  // namespace portcullis::net
