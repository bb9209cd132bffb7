// "Did you mean ...?" for keys and names that people write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portcullis::policy {

// `: did you mean "select"?` for the nearest of the words known, or `: take it out` where none is near.
[[nodiscard]] std::string did_you_mean(std::string_view written, const std::vector<std::string>& known,
                                       std::string_view otherwise = ": take it out");

}  // namespace portcullis::policy
