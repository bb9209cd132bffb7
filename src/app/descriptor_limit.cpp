#include "app/descriptor_limit.hpp"

#include <algorithm>

namespace portcullis::app {
namespace {

// The directory, its lock, two segments and their notes, the folder of keys and what it makes there; orders
// and erasures read the log beside.
constexpr std::size_t kForLog = 24;
// Standard streams, listener, a spare one, connections for the catalog, names that are looked up.
constexpr std::size_t kForGate = 16;
// Cancel requests on their way, and clients that are told that there is no place.
constexpr std::size_t kInPassing = 16;
constexpr std::size_t kForThread = 3;  // of its event loop
constexpr std::size_t kForAnchor = 4;  // a file and its folder, or a program's pipe and input
constexpr std::size_t kForDryRuns = 24;
// With fewer it is not worth starting.
constexpr std::size_t kFewestForClients = 12;

std::string advice() {
  return "raise it, with LimitNOFILE= in the service's unit or ulimit -n";
}

std::string limit_is(std::uint64_t limit) {
  return "the limit of open files is " + std::to_string(limit);
}

}  // namespace

DescriptorNeeds descriptor_needs(const Config& config) {
  DescriptorNeeds needs;
  needs.own = kForLog + kForGate + kInPassing + kForThread * config.threads +
              kForAnchor * config.audit.anchors.size();
  if (config.shadow.mode != "off") needs.own += kForDryRuns;
  needs.clients = 2 * config.limits.connections + config.limits.logins_pending;
  return needs;
}

base::Result<DescriptorShare> share_descriptors(const Config& config, std::uint64_t limit) {
  const auto needs = descriptor_needs(config);
  const std::size_t fewest = needs.own + std::min(kFewestForClients, needs.clients);
  if (limit < fewest) {
    return base::Error{base::sqlstate::config_file_error,
                       limit_is(limit) + ", and this configuration needs " + std::to_string(fewest) +
                           " for its first clients and " + std::to_string(needs.own + needs.clients) +
                           " for all: " + advice()};
  }
  DescriptorShare share{limit - needs.own, config.limits.logins_pending, {}};
  if (share.clients >= needs.clients) return share;
  share.logins_pending = std::min(share.logins_pending, share.clients / 3);
  share.warning = limit_is(limit) + ", and limits.connections " + std::to_string(config.limits.connections) +
                  " with limits.logins_pending " + std::to_string(config.limits.logins_pending) +
                  " may need " + std::to_string(needs.own + needs.clients) + ": about " +
                  std::to_string(share.clients / 2) + " clients find a place, of them " +
                  std::to_string(share.logins_pending) +
                  " that have not logged in, and more are refused (53300). " + "To let all in, " + advice() +
                  ", to " + std::to_string(needs.own + needs.clients) + "; or lower limits.connections";
  return share;
}

}  // namespace portcullis::app
