// Identifiers as PostgreSQL reads them (manual, "Identifiers and Key Words"), one after the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace portcullis::policy {

class NameScanner {
 public:
  // Borrows the text.
  explicit NameScanner(std::string_view text) : rest_(text) {}

  // One identifier, folded to lower case unless in double quotes; nothing where none stands.
  std::optional<std::string> identifier();
  // Steps over that character where it comes next.
  bool skip(char character);
  void skip_blanks();
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::optional<std::string> plain();
  std::optional<std::string> delimited();

  std::string_view rest_;
};

inline constexpr std::size_t kLongestIdentifier = 63;  // NAMEDATALEN - 1

// With double quotes where PostgreSQL would need them; control characters become question marks, for a
// refusal is one line of text whatever a name holds.
[[nodiscard]] std::string quoted_identifier(std::string_view name);

}  // namespace portcullis::policy
