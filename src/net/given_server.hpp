// A PostgreSQL server that the gate was given for its copies ("shadow.mode": "database"), for nothing else
// and for one gate at a time. Its login need be no superuser from PostgreSQL 15 on. What the gate makes there
// belongs to roles that are members of the role "portcullis_shadow": so it knows what is its own, and touches
// nothing else.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "net/shadow_connection.hpp"
#include "net/shadow_folder.hpp"
#include "net/shadow_server.hpp"

namespace portcullis::net {

struct GivenServerOptions {
  UpstreamAddress address;
  ServerLogin login;  // its database is the one that is never a part of the copy: "postgres"
};

class GivenServer final : public ShadowServer {
 public:
  // Makes its folder below `parent`. 58030.
  [[nodiscard]] static base::Result<std::unique_ptr<GivenServer>> prepare(
      const GivenServerOptions& options, const std::filesystem::path& parent);
  // Connects, and checks what the login may do. 08001, 42501 with the GRANT that is missing.
  [[nodiscard]] base::Result<void> start() override;
  // Keeps other gates out, and drops what one that was killed has left behind. 55006: another gate has it.
  [[nodiscard]] base::Result<void> make_room_for(const ShadowNeeds& needs) override;
  // Drops what it has made. Where it cannot the next one does.
  ~GivenServer() override;

  [[nodiscard]] UpstreamAddress address() const override { return options_.address; }
  [[nodiscard]] ServerLogin admin(const std::string& database) const override;
  [[nodiscard]] ServerLogin maintenance() const override { return options_.login; }
  [[nodiscard]] ServerConnection::Parameters parameters() const override;
  [[nodiscard]] ShadowRights rights() const override { return rights_; }
  [[nodiscard]] std::string role_mark() const override;
  [[nodiscard]] ShadowNames names(const std::string& database) const override;
  [[nodiscard]] int server_version() const noexcept override { return server_version_; }
  [[nodiscard]] std::filesystem::path work_folder() const override { return folder_.work(); }
  // Its connection lives, and with it the lock that keeps others out.
  [[nodiscard]] bool running() override;
  [[nodiscard]] bool ends_within(std::chrono::milliseconds most) override;
  void stop() override { is_stopped_ = true; }

 private:
  explicit GivenServer(const GivenServerOptions& options);
  [[nodiscard]] base::Result<void> connect();
  [[nodiscard]] base::Result<void> look_at_login();
  [[nodiscard]] base::Result<void> look_at_settings();
  [[nodiscard]] base::Result<void> keep_others_out();
  [[nodiscard]] base::Result<void> clear();
  [[nodiscard]] base::Result<void> make_mark();
  [[nodiscard]] base::Result<void> check_server(const ShadowNeeds& needs) const;
  [[nodiscard]] base::Result<void> check_roles(const std::vector<std::string>& roles);
  [[nodiscard]] base::Result<void> run(const std::vector<std::string>& statements);
  [[nodiscard]] std::string described() const;

  GivenServerOptions options_;
  ShadowFolder folder_;
  std::string name_;  // of its databases
  std::unique_ptr<ShadowConnection> connection_;
  ShadowRights rights_;
  std::string system_;
  int server_version_ = 0;
  bool is_ours_ = false;  // nobody else uses it
  bool is_stopped_ = false;
};

}  // namespace portcullis::net
