// What befalls the copy's own server, and says nothing of what ran there: no room, no memory, a failing disk.
#pragma once

#include <string_view>

#include "portcullis/base/error.hpp"

namespace portcullis::shadow {

// Classes 53 (insufficient resources) and 57P (ended by an operator), and what the system or the disk failed
// in. Code of users can raise them too: they are a reason to know nothing, never to believe something.
[[nodiscard]] bool is_fault_of_copy(const base::SqlState& code) noexcept;

// The same of a message without its code, as pg_restore prints it under LC_ALL=C.
[[nodiscard]] bool tells_of_fault_of_copy(std::string_view message) noexcept;

}  // namespace portcullis::shadow
