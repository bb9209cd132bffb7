#include "net/anchor_place.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/descriptor.hpp"
#include "net/child_process.hpp"

namespace portcullis::net {
namespace {

constexpr std::chrono::seconds kCommandTime{10};

class FilePlace final : public AnchorPlace {
 public:
  explicit FilePlace(std::filesystem::path file) : file_(std::move(file)) {}

  base::Result<void> put(const std::string& note, std::uint64_t) override {
    const base::Descriptor file(
        ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644));
    if (!file.is_open()) return failure("open", errno);
    // Behind what may be a part of a note: of an earlier life, or of a write that failed.
    const std::string bytes = (is_whole_ ? "" : "\n\n") + note + "\n";
    is_whole_ = false;
    if (const int failed = base::write_and_sync(file, bytes); failed != 0) return failure("write to", failed);
    is_whole_ = true;
    return {};
  }

 private:
  [[nodiscard]] base::Error failure(const char* doing, int code) const {
    return {base::sqlstate::io_error, std::string("could not ") + doing + " \"" + file_.string() +
                                          "\": " + std::generic_category().message(code)};
  }

  std::filesystem::path file_;
  bool is_whole_ = false;
};

class CommandPlace final : public AnchorPlace {
 public:
  explicit CommandPlace(AnchorCommand command) : command_(std::move(command)) {}

  base::Result<void> put(const std::string& note, std::uint64_t size) override {
    std::error_code ignored;
    std::filesystem::remove(command_.output, ignored);
    Program program;
    program.file = command_.words.front();
    program.arguments.assign(command_.words.begin() + 1, command_.words.end());
    program.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                           "PORTCULLIS_ORIGIN=" + command_.origin, "PORTCULLIS_SIZE=" + std::to_string(size)};
    program.output = command_.output;
    program.input = note;
    program.leads_group = true;
    return run_program(program, kCommandTime);
  }

 private:
  AnchorCommand command_;
};

}  // namespace

std::unique_ptr<AnchorPlace> anchor_file(std::filesystem::path file) {
  return std::make_unique<FilePlace>(std::move(file));
}

std::unique_ptr<AnchorPlace> anchor_command(AnchorCommand command) {
  return std::make_unique<CommandPlace>(std::move(command));
}

}  // namespace portcullis::net
