// A connection of one thread that waits for each answer: to a shadow, or to the database that it is made of.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/server_connection.hpp"

namespace portcullis::net {

class ShadowConnection {
 public:
  static constexpr std::chrono::milliseconds kAskTime{120'000}, kScriptTime{1'200'000};

  // Connects and logs in. The errors of ServerConnection::open().
  [[nodiscard]] static base::Result<std::unique_ptr<ShadowConnection>> open(
      const UpstreamAddress& address, const ServerLogin& login, ServerConnection::Parameters parameters);
  ShadowConnection(const ShadowConnection&) = delete;
  ShadowConnection& operator=(const ShadowConnection&) = delete;
  ~ShadowConnection();

  // The rows. After an error the connection is of no more use.
  [[nodiscard]] base::Result<std::vector<shadow::Row>> ask(const std::string& sql,
                                                           std::chrono::milliseconds most = kAskTime);
  [[nodiscard]] base::Result<std::vector<shadow::Row>> ask(const std::string& sql,
                                                           const shadow::Parameters& parameters,
                                                           std::chrono::milliseconds most = kAskTime);
  // What failed of the statements; an error is the connection's.
  [[nodiscard]] base::Result<std::vector<shadow::Script::Failed>> run(
      std::vector<std::string> statements, std::chrono::milliseconds most = kScriptTime);
  // As ServerConnection::try_out().
  [[nodiscard]] base::Result<void> try_out(const shadow::RunPlan& plan, const shadow::Baseline& baseline,
                                           shadow::RunFacts& facts);
  [[nodiscard]] int server_version() const noexcept;

 private:
  struct Parts;
  explicit ShadowConnection(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
  shadow::Counters counters_;
};

}  // namespace portcullis::net
