// How the limit of open files is shared out: what the gate needs for itself, and what is left for clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "app/config.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::app {

struct DescriptorNeeds {
  std::size_t own = 0;      // for the log, its keys, the catalog, anchors, dry runs, threads, cancel requests
  std::size_t clients = 0;  // at most: two a session, one a connection that has not logged in
};

[[nodiscard]] DescriptorNeeds descriptor_needs(const Config& config);

struct DescriptorShare {
  std::size_t clients = 0;  // descriptors for clients and their connections to the database
  std::size_t logins_pending =
      0;                // as configured, or fewer: who has not logged in takes no more than a third
  std::string warning;  // where there may be fewer clients than the configuration allows
};

// By the limit of open files. F0000 where it leaves next to nothing for clients.
[[nodiscard]] base::Result<DescriptorShare> share_descriptors(const Config& config, std::uint64_t limit);

}  // namespace portcullis::app
