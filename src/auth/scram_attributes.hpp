// The syntax that all SCRAM messages share: "a=value,b=value" (RFC 5802, section 7 "Formal Syntax").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "portcullis/base/result.hpp"

namespace portcullis::auth {

struct Attribute {
  char name = '\0';
  std::string_view value;  // may be empty
};

// Takes one attribute after the other. After a failure nothing more can be taken and at_end() stays false.
class AttributeReader {
 public:
  // The values point into `message`. Not a single attribute is found in a message with a zero byte, which the
  // syntax has nowhere and which would end the message for a C program.
  explicit AttributeReader(std::string_view message) noexcept;

  // The next attribute, whatever its name; nothing at the end or where the syntax is broken.
  std::optional<Attribute> next() noexcept;
  // The value of the next attribute if it has that name; otherwise nothing, and the reader has failed.
  std::optional<std::string_view> take(char name) noexcept;

  // Everything was read, and no comma promises more.
  [[nodiscard]] bool at_end() const noexcept { return !rest_; }

 private:
  std::optional<std::string_view> rest_;  // nothing: at the end. Empty: an attribute is missing
};

// RFC 5802 "printable": ASCII 0x21 to 0x7e but for the comma, and at least one character.
[[nodiscard]] bool is_nonce(std::string_view text) noexcept;
// posit-number: no sign, no leading zero, 1 to `most`.
[[nodiscard]] std::optional<std::uint32_t> read_positive(std::string_view text, std::uint32_t most) noexcept;

// 08P01, `malformed SCRAM message "<message>", ...`. Says nothing of the content.
[[nodiscard]] base::Error malformed_scram(std::string_view message);

}  // namespace portcullis::auth
