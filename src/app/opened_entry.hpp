// An entry as it stands in the log, with its sealed texts opened behind it.
#pragma once

#include <string>
#include <string_view>

#include "audit/unsealer.hpp"

namespace portcullis::app {

// The line with a member "opened" more, an object of the fields that could be opened, and where it is not
// empty "unopened", one of why the others could not. As it stands where nothing is sealed.
[[nodiscard]] std::string opened_line(const audit::EntryReader& entry, audit::Unsealer& keys);

// The line of the log again, of what opened_line() made of it.
[[nodiscard]] std::string line_in_log(std::string_view opened);

}  // namespace portcullis::app
