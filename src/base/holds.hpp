// Whether a value is one of a few, in whatever order they stand.
#pragma once

#include <algorithm>
#include <iterator>

namespace portcullis::base {

template <class Range, class Value>
[[nodiscard]] constexpr bool holds(const Range& range, const Value& value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

}  // namespace portcullis::base
