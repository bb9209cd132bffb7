// The name of a log, which is also the name that its key signs under.
#pragma once

#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// 1 to 255 printable ASCII characters without spaces, "+" (C2SP signed-note: they part the fields of its
// lines), "#" (it parts the origin from the version in entries), quotes and backslashes. F0000 otherwise,
// saying that it cannot be `use`.
[[nodiscard]] base::Result<void> check_log_name(std::string_view name, std::string_view use = "a log's name");

}  // namespace portcullis::audit
