// See certificate.hpp. OpenSSL 3.
#include "auth/certificate.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>

#include "base/utf8.hpp"

namespace portcullis::auth {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

// OpenSSL keeps what went wrong for the thread's next caller, who would take it for its own.
struct QuietErrors {
  QuietErrors() { ERR_set_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
  ~QuietErrors() { ERR_pop_to_mark(); }
};

// Null unless `der` is one certificate and nothing behind it.
Certificate read_certificate(std::string_view der) {
  if (der.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return {nullptr, X509_free};
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  Certificate certificate{d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free};
  if (at != end) certificate.reset();
  return certificate;
}

// The hash function of the certificate's signature; null where it has none.
const EVP_MD* hash_of_signature(X509* certificate) {
  int hash = NID_undef;
  if (X509_get_signature_info(certificate, &hash, nullptr, nullptr, nullptr) != 1) return nullptr;
  if (hash == NID_undef) return nullptr;
  if (hash == NID_md5 || hash == NID_sha1) return EVP_sha256();
  return EVP_get_digestbynid(hash);
}

bool is_plain(std::string_view name) {
  return !name.empty() && base::is_valid_utf8(name) &&
         std::none_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

std::optional<std::string> text_of(const ASN1_STRING* value) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, value);
  if (size < 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  if (!is_plain(text)) return std::nullopt;
  return text;
}

// Of several common names, which one counts is a matter of opinion: none does.
void add_common_name(X509* certificate, std::vector<std::string>& names) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return;
  const auto text = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
  if (text) names.push_back("CN=" + *text);
}

void add_alternative_name(const GENERAL_NAME* name, std::vector<std::string>& names) {
  int kind = 0;
  const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &kind));
  std::string_view prefix;
  if (kind == GEN_DNS) prefix = "DNS:";
  if (kind == GEN_EMAIL) prefix = "email:";
  if (kind == GEN_URI) prefix = "URI:";
  if (prefix.empty()) return;  // only these three are strings
  if (const auto text = text_of(value)) names.push_back(std::string(prefix) + *text);
}

}  // namespace

std::string tls_server_end_point(std::string_view der) {
  const QuietErrors quiet;
  const auto certificate = read_certificate(der);
  const EVP_MD* hash = certificate ? hash_of_signature(certificate.get()) : nullptr;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (hash == nullptr || X509_digest(certificate.get(), hash, digest.data(), &size) != 1) return {};
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::vector<std::string> certificate_names(std::string_view der) {
  const QuietErrors quiet;
  std::vector<std::string> names;
  const auto certificate = read_certificate(der);
  if (!certificate) return names;
  add_common_name(certificate.get(), names);
  // A second extension of the kind makes this null as well: then none is believed.
  const Names alternatives{static_cast<GENERAL_NAMES*>(
                               X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
                           GENERAL_NAMES_free};
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    add_alternative_name(sk_GENERAL_NAME_value(alternatives.get(), i), names);
  }
  return names;
}

}  // namespace portcullis::auth
