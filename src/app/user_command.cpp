#include "app/user_command.hpp"

#include "app/exit_code.hpp"
#include "app/logins.hpp"
#include "app/terminal_password.hpp"
#include "app/trusted_file.hpp"
#include "auth/scram.hpp"

namespace portcullis::app {
namespace {

constexpr std::size_t kSaltBytes = 16;  // PostgreSQL's SCRAM_DEFAULT_SALT_LEN

base::Result<base::Secret> obtain_password(const UserOptions& options, Console& console) {
  if (!options.password_file.empty()) {
    auto text = read_trusted_file(options.password_file, Privacy::secret);
    if (!text) return text.error();
    return first_line(std::move(*text));
  }
  if (console.in_is_terminal) return ask_password_twice(options.name);
  std::string line;
  std::getline(console.in, line);
  return first_line(std::move(line));
}

int fail(Console& console, int code, const base::Error& error) {
  console.err << "portcullis: " << error.message << "\n";
  return code;
}

}  // namespace

int make_user(const UserOptions& options, Console& console) {
  if (!is_login(options.name)) {
    console.err << "portcullis: \"" << options.name
                << "\" is no login: use 1 to 63 letters, digits, \"_\", \".\" and \"-\"\n";
    return kUsage;
  }
  const auto password = obtain_password(options, console);
  if (!password) return fail(console, kFailure, password.error());
  const auto verifier = auth::make_verifier(*password, auth::random_bytes(kSaltBytes));
  if (!verifier) return fail(console, kUsage, verifier.error());

  const std::string line = login_line(options.name, *verifier);
  if (options.file.empty()) {
    console.out << line << "\n";
    return kSuccess;
  }
  if (const auto stored = store_login(options.file, options.name, line); !stored) {
    return fail(console, kFailure, stored.error());
  }
  console.out << "login \"" << options.name << "\" stands in " << options.file.string()
              << "; a running gate reads it at its next start\n";
  return kSuccess;
}

}  // namespace portcullis::app
