// A bound, and the rule that says so.
#pragma once

#include <optional>
#include <string>

namespace portcullis::policy {

template <class Most>
struct AtMost {
  Most most{};
  std::string rule;
  friend bool operator==(const AtMost&, const AtMost&) = default;
};

// The stricter of the two.
template <class Most>
void lower(std::optional<AtMost<Most>>& mine, const std::optional<AtMost<Most>>& other) {
  if (other && (!mine || other->most < mine->most)) mine = other;
}

}  // namespace portcullis::policy
