// The exchange of RFC 7677, section 3, user "user" with password "pencil".
#pragma once

#include <string>
#include <string_view>

#include "auth/scram.hpp"
#include "base/encoding.hpp"

namespace portcullis::auth::testing {

inline constexpr std::string_view kClientNonce = "rOprNGfwEbeRWgbNEkqO";
inline constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
inline constexpr std::string_view kClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
inline constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
inline constexpr std::string_view kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+"
    "Ute9ytag9zjfMHgsqmmiz7AndVQ=";
inline constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

inline base::Secret pencil() {
  return base::Secret{"pencil"};
}

inline ScramVerifier rfc_verifier() {
  static const auto verifier =
      make_verifier(pencil(), *base::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==")).value();
  return verifier;
}

inline ScramServer rfc_server() {
  return ScramServer{rfc_verifier(), std::string(kServerNonce)};
}

inline ScramClient rfc_client() {
  return ScramClient{pencil(), std::string(kClientNonce)};
}

}  // namespace portcullis::auth::testing
