// A thread that computes PBKDF2 for logins at the database, so that those which serve sessions never do: a
// server names the iterations itself.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "auth/salted_passwords.hpp"
#include "auth/scram.hpp"
#include "net/asio_prefix.hpp"

namespace portcullis::net {

class PasswordSalting {
 public:
  // Resumes on the caller's own context. In the order of the calls; many logins with one password, as behind
  // a restart of the database, cost one computation. `what` lasts until then.
  asio::awaitable<base::Secret> compute(const auth::Salting& what);

 private:
  auth::SaltedPasswords computed_;  // the thread's
  asio::thread_pool thread_{1};
};

}  // namespace portcullis::net
