#include "base/descriptor.hpp"

#include <cerrno>

namespace portcullis::base {

int write_and_sync(const Descriptor& file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(file.get()) == 0 ? 0 : errno;
}

}  // namespace portcullis::base
