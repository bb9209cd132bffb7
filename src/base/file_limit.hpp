// How many files the process may have open: RLIMIT_NOFILE.
#pragma once

#include <cstdint>

namespace portcullis::base {

// Raises the limit to the highest that the system lets this process have, and returns what is in force then.
// Once, before there are other threads.
std::uint64_t raise_file_limit() noexcept;

// For a child process, between fork() and exec(): the limit that this process was started with. Programs may
// size what they do by it, or use select(), which ends at 1024.
void restore_file_limit() noexcept;

}  // namespace portcullis::base
