// Bytes as text: base64 (RFC 4648 section 4, padded), base64url (section 5, without padding) and lower-case
// hex.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace portcullis::base {

[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::string to_base64url(std::string_view bytes);
void append_base64url(std::string& out, std::string_view bytes);
[[nodiscard]] std::string to_hex(std::string_view bytes);

// Nothing unless the text is exactly what the encoder above would write: no white space, no stray bits.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);
// Whether there are such bytes.
[[nodiscard]] bool is_base64(std::string_view text) noexcept;
[[nodiscard]] bool is_base64url(std::string_view text) noexcept;

}  // namespace portcullis::base
