// A password or key: cannot be printed or compared by accident, and is wiped when it goes.
#pragma once

#include <string>
#include <string_view>

namespace portcullis::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) noexcept;
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // Named so that every use can be found. The view lives as long as the Secret.
  [[nodiscard]] std::string_view reveal() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

// Overwrites the bytes in a way that the compiler may not leave out, and leaves an empty string.
void wipe(std::string& bytes) noexcept;

}  // namespace portcullis::base
