// What a login needs of an X.509 certificate: the hash that binds an exchange to it, and whom it names. The
// bytes may come from anybody; who signed them is for TLS to judge. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portcullis::auth {

// The channel binding "tls-server-end-point" (RFC 5929, section 4): the certificate's hash by the function
// that its signature uses, SHA-256 in place of MD5 and SHA-1. Empty for what is no certificate, and where the
// signature has no hash function of its own (Ed25519): then there is no such binding.
[[nodiscard]] std::string tls_server_end_point(std::string_view der);

// "CN=..." of the subject, when it has exactly one, and "DNS:...", "email:...", "URI:..." of its alternative
// names, as UTF-8. A name with a control character is left out: what comes behind a zero byte may be somebody
// else's.
[[nodiscard]] std::vector<std::string> certificate_names(std::string_view der);

}  // namespace portcullis::auth
