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

constexpr std::string_view kCertificate = "certificate";

// The blank and what follows it, where the rest of a line has the word for a certificate; else nothing.
std::string_view certificate_part(std::string_view rest) {
  for (auto at = rest.find(kCertificate); at != std::string_view::npos;
       at = rest.find(kCertificate, at + 1)) {
    const auto behind = rest.substr(at + kCertificate.size());
    const bool is_word = at > 0 && kBlanks.find(rest[at - 1]) != std::string_view::npos && !behind.empty() &&
                         kBlanks.find(behind.front()) != std::string_view::npos;
    if (is_word) return rest.substr(at - 1);
  }
  return {};
}

// A name as auth::certificate_names() gives them.
bool is_certificate_name(std::string_view name) {
  for (const std::string_view kind : {"CN=", "DNS:", "email:", "URI:"}) {
    if (name.starts_with(kind)) return name.size() > kind.size();
  }
  return false;
}

// What is wrong with the line; empty when it was taken.
std::string read_line(std::string_view line, Logins& logins) {
  const std::string login{login_of(line)};
  if (!is_login(login)) {
    return "\"" + login + "\" is no login: use 1 to 63 letters, digits, \"_\", \".\" and \"-\"";
  }
  const auto rest = trim(line).substr(login.size());
  const auto certificate = certificate_part(rest);
  const auto password = trim(rest.substr(0, rest.size() - certificate.size()));
  auth::Login entry;
  if (!certificate.empty()) entry.certificate = trim(certificate.substr(1 + kCertificate.size()));
  if (!certificate.empty() && !is_certificate_name(entry.certificate)) {
    return "the certificate of \"" + login +
           "\" has no name: write certificate CN=NAME, DNS:NAME, email:NAME or URI:NAME";
  }
  if (certificate.empty() || !password.empty()) {
    const auto verifier = auth::parse_verifier(password);
    if (!verifier)
      return "the verifier of \"" + login + "\" cannot be read: make it anew with portcullis user " + login;
    entry.verifier = *verifier;
  }
  if (!logins.emplace(login, std::move(entry)).second)
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
    if (is_it) out += certificate_part(trim(old).substr(login.size()));
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
