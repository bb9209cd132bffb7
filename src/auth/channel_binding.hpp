// How much the gate insists on channel binding towards the database: libpq's channel_binding.
#pragma once

#include <cstdint>

namespace portcullis::auth {

enum class BindingMode : std::uint8_t {
  disable,  // never
  prefer,   // where both sides can
  require,  // no proof of the password is given without
};

}  // namespace portcullis::auth
