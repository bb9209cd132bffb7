#include "audit/origin.hpp"

#include <algorithm>

namespace portcullis::audit {

base::Result<void> check_log_name(std::string_view name, std::string_view use) {
  constexpr std::size_t longest = 255;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!name.empty() && name.size() <= longest && plain &&
      name.find_first_of("+#\"\\") == std::string_view::npos) {
    return {};
  }
  return base::Error{base::sqlstate::config_file_error,
                     "\"" + std::string(name) + "\" cannot be " + std::string(use) +
                         ": give 1 to 255 ASCII characters without spaces, quotes, backslashes, \"+\" and "
                         "\"#\", such as gate.example.com/shop"};
}

}  // namespace portcullis::audit
