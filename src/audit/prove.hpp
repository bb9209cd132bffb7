// Proofs about the log in a directory, as files. What comes back was checked against the note in it; whose
// note that is, only somebody who has the key can say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// That entry `index` is in the log, by its newest note. 22023 for an entry that there is not, that no note
// covers yet, or where there is no note; 58030 when the log cannot be read, or is not what its note says.
[[nodiscard]] base::Result<std::string> prove_inclusion(const std::filesystem::path& directory,
                                                        std::uint64_t index);

// That the log of its newest note begins with that of the note in `old_note`. 22023 where that one is no
// note, of another log or a larger one, or the log has none; 58030 as above.
[[nodiscard]] base::Result<std::string> prove_consistency(const std::filesystem::path& directory,
                                                          const std::filesystem::path& old_note);

}  // namespace portcullis::audit
