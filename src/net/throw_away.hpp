// A database of a shadow's server, made as a copy of a copy for one statement that commits what it does, and
// dropped behind it. PostgreSQL manual, "Template Databases".
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "net/shadow_connection.hpp"
#include "net/shadow_server.hpp"

namespace portcullis::net {

class ThrowAway {
 public:
  // A copy of the database `copy` and its owner's, which nobody may be connected to, by the name `name`.
  // Errors are the server's, or the connection's.
  [[nodiscard]] static base::Result<std::unique_ptr<ThrowAway>> make(const ShadowServer& server,
                                                                     const std::string& copy,
                                                                     std::string name);
  ThrowAway(const ThrowAway&) = delete;
  ThrowAway& operator=(const ThrowAway&) = delete;
  // Drops it, if end() has not.
  ~ThrowAway();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // Sessions that begin there from now on fire no triggers, rules and foreign keys; or do so again. Manual,
  // "session_replication_role".
  [[nodiscard]] base::Result<void> be_quiet(bool quiet) const;
  // Drops it, whoever is connected. An error: something is left of the statement, the database itself or a
  // change of what all databases share, such as roles; nothing must run in the server any more.
  [[nodiscard]] base::Result<void> end();

 private:
  ThrowAway(std::unique_ptr<ShadowConnection> admin, std::string name, std::string shared_query)
      : admin_(std::move(admin)), name_(std::move(name)), shared_query_(std::move(shared_query)) {}
  [[nodiscard]] base::Result<std::string> shared() const;
  [[nodiscard]] base::Result<void> run(const std::string& statement) const;

  std::unique_ptr<ShadowConnection> admin_;  // null: it is dropped, or nobody can do it
  std::string name_, shared_query_;
  std::string shared_;  // by what shared() knew it before
};

}  // namespace portcullis::net
