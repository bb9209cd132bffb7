// What every question of the gate's begins with that it asks of production as an agent's own role.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "net/probing.hpp"
#include "portcullis/base/error.hpp"

namespace portcullis::net {

// What the network may add to a timeout before the server counts as lost.
inline constexpr std::chrono::milliseconds kGrace{5'000};

// Behind BEGIN: how long it may take, and that rows are hidden from the role as ever.
[[nodiscard]] std::string guards_of(const ProbeOptions& options);
// The same, and what the words of the agent's own statement mean under these settings of its session.
[[nodiscard]] std::string settings_of_session(
    const ProbeOptions& options, const std::vector<std::pair<std::string, std::string>>& settings);

// Without the data that a message may quote, which are for those who may read them: the database's own words
// about rights, locks, time and the connection, of anything else the SQLSTATE.
[[nodiscard]] std::string in_plain_words(const base::Error& error);

}  // namespace portcullis::net
