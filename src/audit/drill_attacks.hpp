// What somebody who may write a log's files can do to it: the attacks of `portcullis audit drill`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/drill_forge.hpp"
#include "audit/drill_survey.hpp"

namespace portcullis::audit {

// Without what an attack cannot be found. What is found without it, is found.
enum class Needs : std::uint8_t {
  nothing,     // the log's own files show it
  notes,       // signed ones, in the log
  key,         // the public key, given to the verifier
  anchor,      // a note that was kept elsewhere, given to the verifier
  impossible,  // nothing shows it
};

// Under whose key the verifier is asked.
enum class Judged : std::uint8_t {
  as_given,
  // The log's private key was stolen. The drill has none, so the log is signed by a key of the drill's
  // throughout, and so are the anchors; then it is changed, and signed by that key again.
  rekeyed,
  // As before; the log is as it was, and the anchor is one of the changed log, which another auditor was
  // shown.
  other_history,
};

struct Attack {
  std::string_view what;  // is done
  std::string_view how;   // the log is left
  Needs needs = Needs::nothing;
  std::vector<std::string_view> checks{};  // of the verifier, any of which is a find
  Judged judged = Judged::as_given;
  std::optional<Forgery> forgery{};  // nothing where the log has nothing that it could be done to
};

// How the log is protected.
struct Protection {
  std::uint64_t covered = 0;   // entries below the newest note; 0: nobody signs
  std::uint64_t anchored = 0;  // the size of the newest anchor; 0: none was given
  bool has_key = false;        // the verifier was given one that vouches for the log's
};

// All of them. `other_key` is not the log's, and has its name; it must outlive what is returned.
[[nodiscard]] std::vector<Attack> attacks_on(const Survey& log, const Protection& protection,
                                             const NamedKey& other_key);

}  // namespace portcullis::audit
