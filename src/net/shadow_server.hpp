// The PostgreSQL server that a shadow is made in: one of the gate's own (Sidecar) or one that somebody gave
// it (GivenServer). Everything here blocks and belongs on one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "net/server_connection.hpp"
#include "net/upstream_address.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::net {

// What the login may do that the shadow is made by.
struct ShadowRights {
  bool is_superuser = true;
  bool makes_bypassrls = true;  // roles that row security does not hold for
};

// What the shadow's databases there are called.
struct ShadowNames {
  std::string with_rows, rowless;
  std::string throw_away;  // with a number behind it
};

// What the shadow is of.
struct ShadowNeeds {
  int server_version = 0;  // 150004
  std::string system;      // pg_control_system's system_identifier; empty: nobody asked
  std::string database;
  std::vector<std::string> roles;  // all that must be there by the same names
};

class ShadowServer {
 public:
  ShadowServer() = default;
  ShadowServer(const ShadowServer&) = delete;
  ShadowServer& operator=(const ShadowServer&) = delete;
  // Nothing of the shadow is left behind.
  virtual ~ShadowServer() = default;

  // Once, before anything else; when it returns the server answers. 58030 or what the server said, with what
  // to do.
  [[nodiscard]] virtual base::Result<void> start() = 0;
  // Behind start(): from now on it holds nothing of others that is in the way. 22023, 55006 or 58030 with
  // what to do where it cannot hold that.
  [[nodiscard]] virtual base::Result<void> make_room_for(const ShadowNeeds& needs) = 0;

  [[nodiscard]] virtual UpstreamAddress address() const = 0;
  // Who makes databases, roles and extensions and gives them to their owners. What runs in the server must
  // not become it.
  [[nodiscard]] virtual ServerLogin admin(const std::string& database) const = 0;
  // The same, in a database that is never a part of the shadow.
  [[nodiscard]] virtual ServerLogin maintenance() const = 0;
  // What sessions there begin with.
  [[nodiscard]] virtual ServerConnection::Parameters parameters() const = 0;
  [[nodiscard]] virtual ShadowRights rights() const = 0;
  // How CREATE ROLE ends there, so that it is known whose the role is.
  [[nodiscard]] virtual std::string role_mark() const = 0;
  [[nodiscard]] virtual ShadowNames names(const std::string& database) const = 0;
  // 150004.
  [[nodiscard]] virtual int server_version() const noexcept = 0;
  // A folder that only the gate's own account can enter, removed with this.
  [[nodiscard]] virtual std::filesystem::path work_folder() const = 0;

  [[nodiscard]] virtual bool running() = 0;
  // Waits for its end. True: it has ended, or was never started.
  [[nodiscard]] virtual bool ends_within(std::chrono::milliseconds most) = 0;
  // From now on it is not running(): what it holds is of no more use.
  virtual void stop() = 0;
};

}  // namespace portcullis::net
