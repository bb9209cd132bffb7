#include "base/secret.hpp"

#include <string.h>

#include <utility>

namespace portcullis::base {

// All of the buffer: a short string that was moved from is empty, but still holds the bytes in place.
void wipe(std::string& bytes) noexcept {
  bytes.resize(bytes.capacity());
  explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

Secret::Secret(std::string value) noexcept : value_(std::move(value)) {
  wipe(value);
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe(value_);  // before the buffer is given back or only partly overwritten
    value_ = other.value_;
  }
  return *this;
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
  wipe(other.value_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(value_);
    value_ = std::move(other.value_);
    wipe(other.value_);
  }
  return *this;
}

Secret::~Secret() {
  wipe(value_);
}

}  // namespace portcullis::base
