// Which build this is.
#pragma once

#include <string_view>

namespace portcullis::app {

[[nodiscard]] std::string_view version() noexcept;  // "0.1.0"

}  // namespace portcullis::app
