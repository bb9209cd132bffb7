// The gate's own log, on standard error: one line a connection and one a refusal. Never a literal of a statement,
// never a password. Any thread may call.
#pragma once

#include <string_view>

namespace portcullis::base::log {

enum class Level { debug, info, warning, error };

void set_level(Level level);
void debug(std::string_view line);
void info(std::string_view line);
void warning(std::string_view line);
void error(std::string_view line);

}  // namespace portcullis::base::log
