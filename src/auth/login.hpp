// How an agent's login proves that it is the one: by a password, by a client certificate, or by both.
#pragma once

#include <optional>
#include <string>

#include "auth/scram.hpp"

namespace portcullis::auth {

struct Login {
  std::optional<ScramVerifier> verifier;  // of the password; nothing: none is asked for
  std::string certificate;                // a name as in certificate_names(); empty: none is asked for
};

}  // namespace portcullis::auth
