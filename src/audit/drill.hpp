// A drill for those who rely on a log: it is attacked in every way that the verifier is there to find, and
// the verifier has to. The attacks are made on copies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "audit/drill_attacks.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::audit {

enum class DrillResult : std::uint8_t {
  found,      // by a check that is there for it
  missed,     // it had to be found
  not_found,  // and could not be, with what the verifier was given: `needs` says what is missing
  not_tried,  // the log has nothing that it could be done to
};

struct DrilledAttack {
  std::string what, how;
  Needs needs = Needs::nothing;
  DrillResult result = DrillResult::not_tried;
  Finding finding{};  // where found
};

struct DrillOptions {
  VerifyOptions evidence{};  // what the verifier is given
  // The verifier; another one only in tests.
  std::function<VerifyReport(const std::filesystem::path&, const VerifyOptions&)> verify{};
  std::function<void(std::size_t done, std::size_t total)> progress{};  // may be empty
  // Asked before each attack: true ends the drill, with 57014, once the copies are gone. May be empty.
  std::function<bool()> is_stopped{};
};

// Copies the log into a new folder under the system's temporary one, which only this user can read and which
// is gone at the end, and the copy for each attack anew. Never writes to `directory`. 58030 when something
// cannot be read or written; 22023 when the log has no entry, or the verifier says that it was tampered with
// already.
[[nodiscard]] base::Result<std::vector<DrilledAttack>> drill(const std::filesystem::path& directory,
                                                             const DrillOptions& options);

}  // namespace portcullis::audit
