// Where checkpoints of the audit log are sent, so that this machine cannot change them any more.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::net {

// Used by one thread.
class AnchorPlace {
 public:
  virtual ~AnchorPlace() = default;
  // The place has the note once this returns: a signed checkpoint, with its line feed. 58030 with what went
  // wrong; the note may be there all the same.
  [[nodiscard]] virtual base::Result<void> put(const std::string& note, std::uint64_t size) = 0;
};

// At the end of a file, with an empty line behind it; made with mode 0644 when absent. Opened anew each time,
// so that it can be moved away, and synced. Nothing but appending is asked of the file system.
[[nodiscard]] std::unique_ptr<AnchorPlace> anchor_file(std::filesystem::path file);

// A program that reads the note from its standard input and ends with status 0 once it is kept. It has ten
// seconds; its environment is PATH, PORTCULLIS_ORIGIN and PORTCULLIS_SIZE, its folder is /; what it says goes
// to `output`, which is made anew each time.
struct AnchorCommand {
  std::vector<std::string> words;  // the program's file first
  std::string origin;
  std::filesystem::path output;
};
[[nodiscard]] std::unique_ptr<AnchorPlace> anchor_command(AnchorCommand command);

}  // namespace portcullis::net
