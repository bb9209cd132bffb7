#include <string>

#include "audit/line_scanner.hpp"
#include "portcullis/audit/verifier_key.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kLargestFile = 4096;  // with a name of 255 characters it has 309 bytes

base::Error refuse(const std::filesystem::path& file, base::SqlState code, const std::string& why) {
  return {.code = code, .message = "cannot take the key from \"" + file.string() + "\": " + why};
}

}  // namespace

base::Result<VerifierKey> read_vkey_file(const std::filesystem::path& file) {
  auto opened = open_to_read(file.string(), Links::follow);
  if (!opened) {
    return refuse(file, opened.error().code,
                  opened.error().message +
                      "; name the file FILE.pub that `portcullis audit keygen` wrote, or a copy of it");
  }
  std::string line(kLargestFile + 1, '\0');
  const auto count = opened->read(0, line.data(), line.size());
  if (!count) return refuse(file, count.error().code, count.error().message + "; take it from a copy");
  line.resize(*count);
  if (line.ends_with('\n')) line.pop_back();
  auto key = read_vkey(line);
  if (!key) return refuse(file, key.error().code, key.error().message);
  return key;
}

}  // namespace portcullis::audit
