// Values for the parameters of a statement, as Parse and Bind give them. Manual 55.7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace portcullis::shadow {

struct Parameters {
  std::vector<std::uint32_t> types;                // oids; 0: the server finds out
  std::vector<std::uint16_t> formats;              // 0 text, 1 binary
  std::vector<std::optional<std::string>> values;  // nothing: NULL
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

}  // namespace portcullis::shadow
