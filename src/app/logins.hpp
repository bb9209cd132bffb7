// The file of logins: who may log in at the gate, and how each proves it. One `login verifier`, `login
// certificate NAME` or `login verifier certificate NAME` a line; lines that begin with # are comments.
// `portcullis user` writes it, `portcullis serve` reads it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/problem.hpp"
#include "auth/login.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::app {

using Logins = std::map<std::string, auth::Login, std::less<>>;

// 1 to 63 characters of [A-Za-z0-9_.-], which need no quoting anywhere.
[[nodiscard]] bool is_login(std::string_view text) noexcept;

// Every line that is not right becomes a problem, with `file` in it; so does a login that stands there twice.
[[nodiscard]] Logins parse_logins(std::string_view text, const std::string& file,
                                  std::vector<Problem>& problems);

// "login verifier", without a line feed.
[[nodiscard]] std::string login_line(std::string_view login, const auth::ScramVerifier& verifier);

// The text with this login's line replaced where it stood, or added at the end; all else as it was. The
// certificate that the old line asks for is asked for by the new one, too: a new password opens nothing.
[[nodiscard]] std::string with_login(std::string_view text, std::string_view login, std::string_view line);

// Does that in the file, which is made when absent: mode 0600, all or nothing, on disk when it returns. Two
// at once wait for each other. F0000 when the file is not to be trusted, 58030 when it cannot be written; it
// is then unchanged.
[[nodiscard]] base::Result<void> store_login(const std::filesystem::path& file, std::string_view login,
                                             std::string_view line);

}  // namespace portcullis::app
