#include "shadow/copy_fault.hpp"

#include <algorithm>
#include <array>

namespace portcullis::shadow {

bool is_fault_of_copy(const base::SqlState& code) noexcept {
  constexpr auto kFaults = std::to_array<std::string_view>({"58030", "XX001", "XX002"});
  const auto view = code.view();
  return view.starts_with("53") || view.starts_with("57P") ||
         std::find(kFaults.begin(), kFaults.end(), view) != kFaults.end();
}

bool tells_of_fault_of_copy(std::string_view message) noexcept {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"No space left on device", "Disk quota exceeded", "Input/output error", "Read-only file system",
       "Too many open files", "Cannot allocate memory", "could not extend file", "out of memory",
       "out of shared memory", "terminating connection", "server closed the connection",
       "no connection to the server"});
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](const auto words) { return message.find(words) != std::string_view::npos; });
}

}  // namespace portcullis::shadow
