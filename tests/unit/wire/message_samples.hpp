// One or more frames of every message that can be decoded, and a way to decode them without knowing which it
// is.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::wire::testing {

struct Sample {
  std::string name;
  std::string frame;  // as on the wire
  bool from_client = false;
  bool open_ended =
      false;  // its last field takes whatever is there: a shorter body is another message, not a bad one
  // Decodes a body as this message and encodes the result again.
  std::function<base::Result<std::string>(std::string_view body)> reencode;

  [[nodiscard]] std::string_view body() const { return std::string_view(frame).substr(5); }
};

[[nodiscard]] const std::vector<Sample>& samples();

}  // namespace portcullis::wire::testing
