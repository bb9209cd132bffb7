// What the process answers to the shell: small numbers are a command's own answer, the rest are those of
// sysexits.h.
#pragma once

namespace portcullis::app {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 64;          // EX_USAGE: the command line, or a policy that cannot be read
inline constexpr int kConfiguration = 78;  // EX_CONFIG: the configuration, or a file that it names

}  // namespace portcullis::app
