// A private PostgreSQL server beside the gate: its own cluster in a folder of its own, a Unix socket and no
// TCP, gone with the gate. Nothing in it is worth keeping, so it writes without waiting for the disk. What
// runs in it may be hostile: its account owns nothing but the cluster and the socket.
//
// Everything here blocks, about a second for prepare(), and belongs on one thread that lives as long as the
// server.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "net/child_process.hpp"
#include "net/shadow_folder.hpp"
#include "net/shadow_server.hpp"

namespace portcullis::net {

struct SidecarOptions {
  std::filesystem::path programs;                                         // the folder of initdb and postgres
  std::filesystem::path parent = std::filesystem::temp_directory_path();  // of its folder; a short path
  std::optional<Account> account{};  // that it runs as, where the gate is root: PostgreSQL is never
};

class Sidecar final : public ShadowServer {
 public:
  // Removes what others have left behind whose gate is gone, and makes a cluster, which takes most of the
  // time. 58030 with the last lines of its log.
  [[nodiscard]] static base::Result<std::unique_ptr<Sidecar>> prepare(const SidecarOptions& options);
  [[nodiscard]] base::Result<void> start() override;
  [[nodiscard]] base::Result<void> make_room_for(const ShadowNeeds& needs) override;
  // Ends it and removes its folder.
  ~Sidecar() override;

  [[nodiscard]] const SidecarOptions& options() const noexcept { return options_; }
  [[nodiscard]] UpstreamAddress address() const override;
  [[nodiscard]] ServerLogin admin(const std::string& database) const override;
  [[nodiscard]] ServerLogin maintenance() const override;
  [[nodiscard]] ServerConnection::Parameters parameters() const override {
    return ServerConnection::to_try_out();
  }
  [[nodiscard]] ShadowRights rights() const override { return {}; }
  [[nodiscard]] std::string role_mark() const override { return {}; }
  [[nodiscard]] ShadowNames names(const std::string& database) const override;
  [[nodiscard]] int server_version() const noexcept override { return server_version_; }
  [[nodiscard]] std::filesystem::path work_folder() const override { return folder_.work(); }
  [[nodiscard]] bool running() override;
  [[nodiscard]] bool ends_within(std::chrono::milliseconds most) override;
  // Ends its server; the folder stays as long as this.
  void stop() override;

 private:
  explicit Sidecar(const SidecarOptions& options) : options_(options) {}
  [[nodiscard]] base::Result<void> make_folder();
  [[nodiscard]] base::Result<void> make_cluster();
  [[nodiscard]] base::Result<void> start_server();
  [[nodiscard]] base::Result<void> wait_until_ready();
  [[nodiscard]] base::Result<void> check_version(int due) const;
  [[nodiscard]] Program program(const std::string& name) const;
  [[nodiscard]] std::filesystem::path server_folder() const { return folder_.path() / "server"; }
  [[nodiscard]] std::filesystem::path log() const { return work_folder() / "log"; }

  SidecarOptions options_;
  ShadowFolder folder_;
  std::string password_;
  int server_version_ = 0;
  std::optional<ChildProcess> server_;
};

}  // namespace portcullis::net
