// What a certificate binds to and whom it names: certificates made here, with every kind of signature.
#include "auth/certificate.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace portcullis::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

const Key& rsa() {
  static const Key key{EVP_RSA_gen(2048), EVP_PKEY_free};
  return key;
}

struct Name {
  const char* field;
  std::string value;
};

// A self-signed certificate; `hash` null for keys that hash by themselves.
std::string make(EVP_PKEY* key, const EVP_MD* hash, const std::vector<Name>& subject = {{"CN", "robot"}},
                 const std::vector<std::pair<int, std::string>>& alternatives = {}, bool pss = false) {
  const Certificate made{X509_new(), X509_free};
  X509_set_version(made.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key);
  for (const auto& [field, value] : subject) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  }
  GENERAL_NAMES* const names = GENERAL_NAMES_new();
  for (const auto& [kind, value] : alternatives) {
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    GENERAL_NAME* const name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, kind, text);
    sk_GENERAL_NAME_push(names, name);
  }
  if (!alternatives.empty())
    X509_add1_ext_i2d(made.get(), NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
  GENERAL_NAMES_free(names);

  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit(context, &options, hash, nullptr, key);
  if (pss) EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
  const int signed_size = X509_sign_ctx(made.get(), context);
  EVP_MD_CTX_free(context);
  if (signed_size <= 0) throw std::runtime_error("cannot sign");

  unsigned char* bytes = nullptr;
  const int size = i2d_X509(made.get(), &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::string digest(const std::string& bytes, const EVP_MD* hash) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(hash)), '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, hash,
             nullptr);
  return out;
}

TEST(TlsServerEndPoint, IsTheHashOfTheSignaturesOwnFunction) {
  const Key curve{EVP_EC_gen("P-256"), EVP_PKEY_free};
  for (const EVP_MD* hash : {EVP_sha224(), EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
    for (EVP_PKEY* key : {rsa().get(), curve.get()}) {
      const auto der = make(key, hash);
      EXPECT_EQ(tls_server_end_point(der), digest(der, hash)) << EVP_MD_get0_name(hash);
    }
    const auto pss = make(rsa().get(), hash, {{"CN", "robot"}}, {}, true);
    EXPECT_EQ(tls_server_end_point(pss), digest(pss, hash)) << EVP_MD_get0_name(hash);
  }
}

TEST(TlsServerEndPoint, IsSha256WhereTheSignatureUsesABrokenFunction) {
  for (const EVP_MD* hash : {EVP_md5(), EVP_sha1()}) {
    const auto der = make(rsa().get(), hash);
    EXPECT_EQ(tls_server_end_point(der), digest(der, EVP_sha256())) << EVP_MD_get0_name(hash);
  }
}

TEST(TlsServerEndPoint, IsNotDefinedWithoutAHashFunction) {
  const Key edwards{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  EXPECT_EQ(tls_server_end_point(make(edwards.get(), nullptr)), "");
}

TEST(TlsServerEndPoint, OfWhatIsNoCertificateIsNothing) {
  const auto der = make(rsa().get(), EVP_sha256());
  for (std::size_t size = 0; size < der.size(); size += 7) {
    EXPECT_EQ(tls_server_end_point(der.substr(0, size)), "") << size;
    EXPECT_THAT(certificate_names(der.substr(0, size)), IsEmpty()) << size;
  }
  EXPECT_EQ(tls_server_end_point(der + "x"), "");
}

TEST(CertificateNames, AreTheCommonNameAndTheAlternatives) {
  const auto der = make(rsa().get(), EVP_sha256(), {{"O", "Shop"}, {"CN", "R\xc3\xb6\x62ot"}},
                        {{GEN_DNS, "robot.example.com"},
                         {GEN_EMAIL, "robot@example.com"},
                         {GEN_URI, "spiffe://example.com/robot"}});
  EXPECT_THAT(certificate_names(der),
              ElementsAre("CN=R\xc3\xb6\x62ot", "DNS:robot.example.com", "email:robot@example.com",
                          "URI:spiffe://example.com/robot"));
  EXPECT_THAT(certificate_names(make(rsa().get(), EVP_sha256(), {{"O", "Shop"}})), IsEmpty());
}

TEST(CertificateNames, AreNotBelievedWithAZeroByteOrALineFeed) {
  using std::string_literals::operator""s;
  for (const auto& name : {"robot\0.attacker.example"s, "robot\n"s, "\x7f"s}) {
    EXPECT_THAT(certificate_names(make(rsa().get(), EVP_sha256(), {{"CN", name}}, {{GEN_DNS, name}})),
                IsEmpty());
  }
}

TEST(CertificateNames, OfTwoCommonNamesNoneCounts) {
  EXPECT_THAT(certificate_names(make(rsa().get(), EVP_sha256(), {{"CN", "robot"}, {"CN", "admin"}})),
              IsEmpty());
}

}  // namespace
}  // namespace portcullis::auth
