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
#include "net/upstream_address.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::net {

struct SidecarOptions {
  std::filesystem::path programs;                                         // the folder of initdb and postgres
  std::filesystem::path parent = std::filesystem::temp_directory_path();  // of its folder; a short path
  std::optional<Account> account{};  // that it runs as, where the gate is root: PostgreSQL is never
};

class Sidecar {
 public:
  // Removes what others have left behind whose gate is gone, and makes a cluster, which takes most of the
  // time. 58030 with the last lines of its log.
  [[nodiscard]] static base::Result<std::unique_ptr<Sidecar>> prepare(const SidecarOptions& options);
  // Starts its server and waits until it answers. Errors as above.
  [[nodiscard]] base::Result<void> start();
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;
  // Ends it and removes its folder.
  ~Sidecar();

  [[nodiscard]] const SidecarOptions& options() const noexcept { return options_; }
  [[nodiscard]] UpstreamAddress address() const;
  // Its superuser, whose password nobody else has: what runs in the server must not become it.
  [[nodiscard]] ServerLogin admin(const std::string& database) const;
  [[nodiscard]] bool running();
  // Waits for its end. True: it has ended, or was never started.
  [[nodiscard]] bool ends_within(std::chrono::milliseconds most);
  // Ends its server; the folder stays as long as this.
  void stop();
  // Of the server, once it is started: 150004.
  [[nodiscard]] int server_version() const noexcept { return server_version_; }
  // A folder that only the gate's own account can enter, removed with the server.
  [[nodiscard]] std::filesystem::path work_folder() const { return folder_ / "work"; }

  // Removes the folders below `parent` of sidecars whose gate is gone.
  static void sweep(const std::filesystem::path& parent);

 private:
  explicit Sidecar(const SidecarOptions& options) : options_(options) {}
  [[nodiscard]] base::Result<void> make_folder();
  [[nodiscard]] base::Result<void> make_cluster();
  [[nodiscard]] base::Result<void> start_server();
  [[nodiscard]] base::Result<void> wait_until_ready();
  [[nodiscard]] Program program(const std::string& name) const;
  [[nodiscard]] std::filesystem::path server_folder() const { return folder_ / "server"; }
  [[nodiscard]] std::filesystem::path log() const { return work_folder() / "log"; }

  SidecarOptions options_;
  std::filesystem::path folder_;
  int lock_ = -1;  // held as long as this gate lives
  std::string password_;
  int server_version_ = 0;
  std::optional<ChildProcess> server_;
};

}  // namespace portcullis::net
