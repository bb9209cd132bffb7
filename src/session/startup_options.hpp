// The settings that a client asks for in its start-up packet, judged like SET, and those that the gate pins.
// Manual 55.2.1: "options" is never passed on raw but taken apart as the server would (pg_split_opts,
// process_postgres_switches).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guard/guard.hpp"
#include "portcullis/base/result.hpp"
#include "portcullis/wire/messages.hpp"

namespace portcullis::session {

using Settings = std::vector<std::pair<std::string, std::string>>;

// "-c a=b --c-d=e" -> {{"a","b"},{"c_d","e"}}. Blanks part words, a backslash takes the next character as it
// is. 22023 for every other switch.
[[nodiscard]] base::Result<Settings> split_options(std::string_view options);

// The parameters for the database's start-up packet: what the client asked for and may have, then what the
// gate pins (client_encoding, standard_conforming_strings), and `search_path` unless it asked for another.
// 42501 names the setting that is refused, 3D000 another database than `database`, 22023 what cannot be read.
[[nodiscard]] base::Result<Settings> judge_startup(const wire::StartupMessage& startup,
                                                   const guard::Guard& guard, std::string_view agent,
                                                   std::string_view database,
                                                   const std::vector<std::string>& search_path);

// The value of search_path that names these schemas, each quoted.
[[nodiscard]] std::string search_path_value(const std::vector<std::string>& schemas);

// Whether a policy that is enforced would have refused one of these: they went through because it only
// observes.
[[nodiscard]] bool strays(const Settings& granted, const guard::Guard& guard, std::string_view agent,
                          const std::vector<std::string>& search_path);

}  // namespace portcullis::session
