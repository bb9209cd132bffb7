#include "portcullis/guard/verdict.hpp"

#include <string_view>

namespace portcullis::guard {
namespace {

constexpr std::string_view kAllowedHere = " Allowed here: ", kSafer = " Safer: ";

// Where the last part of a refusal begins, or the end. What stands in double quotes is a name that someone
// chose, and may look like that part.
std::size_t end_of_reason(std::string_view message) {
  bool quoted = false;
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (message[i] == '"') quoted = !quoted;
    const auto rest = message.substr(i);
    if (!quoted && (rest.starts_with(kAllowedHere) || rest.starts_with(kSafer))) return i;
  }
  return message.size();
}

}  // namespace

base::Error with_record(const base::Error& refusal, std::uint64_t record) {
  base::Error numbered = refusal;
  numbered.message.insert(end_of_reason(numbered.message), " Record " + std::to_string(record) + ".");
  return numbered;
}

}  // namespace portcullis::guard
