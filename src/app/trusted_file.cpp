#include "app/trusted_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/descriptor.hpp"

namespace portcullis::app {
namespace {

base::Error refuse(const std::filesystem::path& path, const std::string& why) {
  return {.code = base::sqlstate::config_file_error, .message = "\"" + path.string() + "\" " + why};
}

base::Error cannot_read(const std::filesystem::path& path, int error) {
  return {.code = base::sqlstate::config_file_error,
          .message = "cannot read \"" + path.string() + "\": " + std::generic_category().message(error)};
}

bool is_private(const struct stat& status, Privacy privacy) {
  switch (privacy) {
    case Privacy::readable: return true;
    case Privacy::secret: return (status.st_mode & 0077u) == 0;
    case Privacy::key:
      return (status.st_mode & 0077u) == 0 || (status.st_uid == 0 && (status.st_mode & 0037u) == 0);
  }
  return false;
}

base::Result<void> check(const std::filesystem::path& path, const struct stat& status, Privacy privacy) {
  if (!S_ISREG(status.st_mode)) return refuse(path, "is not a regular file: name a file");
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return refuse(
        path, "belongs to another user, who may change it: chown it to root or to the user that runs this");
  }
  if ((status.st_mode & 0022u) != 0) {
    return refuse(path, "may be written by its group or others: run chmod go-w on it");
  }
  if (!is_private(status, privacy)) {
    return refuse(path, "may be read by its group or others: run chmod 600 on it");
  }
  if (static_cast<std::uintmax_t>(status.st_size) > kLargestTrustedFile)
    return refuse(path, "is larger than 4 MiB");
  return {};
}

}  // namespace

base::Result<std::string> read_trusted_file(const std::filesystem::path& path, Privacy privacy) {
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return cannot_read(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return cannot_read(path, errno);
  if (const auto checked = check(path, status, privacy); !checked) return checked.error();

  // One byte more than there should be: a file that grew meanwhile is noticed.
  std::string content(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + size, content.size() - size);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path, errno);
    size += static_cast<std::size_t>(count);
  }
  if (size == content.size()) return refuse(path, "changed while it was read: try again");
  content.resize(size);
  return content;
}

base::Secret first_line(std::string&& text) {
  std::size_t end = std::min(text.find('\n'), text.size());
  if (end > 0 && text[end - 1] == '\r') --end;
  base::Secret line(text.substr(0, end));
  base::wipe(text);
  return line;
}

}  // namespace portcullis::app
