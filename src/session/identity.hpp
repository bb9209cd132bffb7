// Who a session is and what its machines need from the outside; all of it outlives the session or is shared.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "guard/rate_limiter.hpp"
#include "portcullis/audit/record.hpp"
#include "portcullis/catalog/resolution.hpp"
#include "session/basis.hpp"
#include "session/evidence.hpp"
#include "session/facts_cache.hpp"
#include "session/reading.hpp"

namespace portcullis::session {

struct Identity {
  std::uint64_t session = 0;
  std::string agent, owner, login, role, database, client_address, application_name;
  std::string proof;  // how the login proved itself
  bool tls = false;
  std::string tls_version, tls_cipher;  // of the client's connection
  std::string certificate;              // that the client showed: SHA-256 of the DER, hex
  catalog::NameSpace names;             // how the database looks up its names
  Reading reading;                      // ... and takes its texts apart
  // Its login has set what the policy would refuse, were it not only observing.
  bool strayed = false;
  // A statement and portal name that nobody else can know, so that a poison fails for certain.
  std::string reserved_name;
};

// What one session may take of the gate and of the database.
struct SessionLimits {
  std::chrono::milliseconds idle_time{0}, idle_in_transaction_time{0};  // 0: as long as it likes
  std::size_t prepared_statements = 10'000, portals = 10'000;
  std::size_t message_bytes = std::size_t{1}
                              << 30;  // of Bind and CopyData, which else may be as long as PostgreSQL takes
};

struct Dependencies {
  BasisSource* basis = nullptr;
  guard::RateLimiter* limits = nullptr;  // null: there are none
  audit::Sink* sink = nullptr;
  const base::Clock* clock = nullptr;
  FactsCache* facts = nullptr;  // of the session's thread
  SessionLimits session{};
  const Evidence* evidence = nullptr;  // null: nothing is asked of it
  // The server connection of a session that leaves nothing in it may be another one's after it.
  bool reuses_server = false;
};

}  // namespace portcullis::session
