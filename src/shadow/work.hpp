// How much of what is stored a statement works on, and about how long that takes. The same statement on the
// same idle table was seen to take four times as long once as another time.
#pragma once

#include <cstdint>
#include <string>

namespace portcullis::shadow {

// What a statement does with what is stored, in bytes of it.
struct Work {
  std::uint64_t read = 0;       // tables read whole
  std::uint64_t written = 0;    // tables written anew
  std::uint64_t reindexed = 0;  // indexes built again
  std::uint64_t indexed = 0;    // tables that get a new index
};
[[nodiscard]] double seconds_of(const Work& work) noexcept;
// "reads 149 MiB, writes 149 MiB anew and builds 64 MiB of indexes again"; "changes the catalog only".
[[nodiscard]] std::string in_words(const Work& work);
// "149 MiB", rounded down; of less than one of a unit the smaller unit.
[[nodiscard]] std::string bytes_in_words(std::uint64_t bytes);

}  // namespace portcullis::shadow
