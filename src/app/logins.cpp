#include "app/logins.hpp"

#include <algorithm>

#include "app/file_update.hpp"

namespace portcullis::app {
namespace {

constexpr std::string_view kLoginCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
constexpr std::size_t kLongestLogin = 63;  // PostgreSQL's own limit for names
constexpr std::string_view kBlanks = " \t\r";

// Cuts the first line off, without its line feed.
std::string_view next_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool says_nothing(std::string_view line) {
  return trim(line).empty() || trim(line).starts_with('#');
}

std::string_view login_of(std::string_view line) {
  const std::string_view trimmed = trim(line);
  return trimmed.substr(0, trimmed.find_first_of(kBlanks));
}

// What is wrong with the line; empty when it was taken.
std::string read_line(std::string_view line, Logins& logins) {
  const std::string login{login_of(line)};
  if (!is_login(login)) {
    return "\"" + login + "\" is no login: use 1 to 63 letters, digits, \"_\", \".\" and \"-\"";
  }
  const auto verifier = auth::parse_verifier(trim(trim(line).substr(login.size())));
  if (!verifier)
    return "the verifier of \"" + login + "\" cannot be read: make it anew with portcullis user " + login;
  if (!logins.emplace(login, *verifier).second)
    return "login \"" + login + "\" stands here twice: keep one line";
  return {};
}

}  // namespace

bool is_login(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kLongestLogin &&
         text.find_first_not_of(kLoginCharacters) == std::string_view::npos;
}

Logins parse_logins(std::string_view text, const std::string& file, std::vector<Problem>& problems) {
  Logins logins;
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = next_line(text);
    if (says_nothing(line)) continue;
    if (auto wrong = read_line(line, logins); !wrong.empty())
      problems.push_back({file, number, 1, std::move(wrong)});
  }
  return logins;
}

std::string login_line(std::string_view login, const auth::ScramVerifier& verifier) {
  return std::string{login} + " " + auth::to_text(verifier);
}

std::string with_login(std::string_view text, std::string_view login, std::string_view line) {
  std::string out;
  bool replaced = false;
  while (!text.empty()) {
    const std::string_view old = next_line(text);
    const bool is_it = !says_nothing(old) && login_of(old) == login;
    if (is_it && replaced) continue;
    out += is_it ? line : old;
    out += '\n';
    replaced = replaced || is_it;
  }
  if (!replaced) out.append(line).append("\n");
  return out;
}

base::Result<void> store_login(const std::filesystem::path& file, std::string_view login,
                               std::string_view line) {
  return update_secret_file(file, [&](std::string_view old) { return with_login(old, login, line); });
}

}  // namespace portcullis::app
