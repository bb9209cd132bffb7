#include "audit/line_scanner.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

constexpr std::size_t kChunk = std::size_t{256} << 10;

base::Error read_error(const std::string& path) {
  return {base::sqlstate::io_error,
          "could not read \"" + path + "\": " + std::generic_category().message(errno)};
}

base::Result<std::size_t> read_at(int fd, const std::string& path, std::uint64_t offset, char* into,
                                  std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const auto got = ::pread(fd, into + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return read_error(path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

base::Result<OpenedFile> open_to_read(const std::string& path, Links links) {
  // O_NONBLOCK, or opening a named pipe that somebody put there would wait for ever.
  const int no_links = links == Links::follow ? 0 : O_NOFOLLOW;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | no_links);
  if (fd < 0 && errno == ELOOP && links == Links::refuse) {
    return base::Error{
        base::sqlstate::io_error,
        "\"" + path + "\" is a symbolic link, and no file of a log is: put the file itself there"};
  }
  if (fd < 0) return read_error(path);
  const std::shared_ptr<const int> file(new int(fd), [](const int* owned) {
    ::close(*owned);
    delete owned;
  });
  struct stat status {};
  if (::fstat(fd, &status) != 0) return read_error(path);
  if (!S_ISREG(status.st_mode)) {
    return base::Error{base::sqlstate::io_error, "\"" + path + "\" is not a regular file"};
  }
  ReadBytes read = [file, path](std::uint64_t offset, char* into, std::size_t count) {
    return read_at(*file, path, offset, into, count);
  };
  return OpenedFile{std::move(read), static_cast<std::uint64_t>(status.st_size)};
}

ReadBytes only_first(std::uint64_t bytes, ReadBytes read) {
  return [bytes, read = std::move(read)](std::uint64_t offset, char* into,
                                         std::size_t count) -> base::Result<std::size_t> {
    if (offset >= bytes) return std::size_t{0};
    return read(offset, into, static_cast<std::size_t>(std::min<std::uint64_t>(count, bytes - offset)));
  };
}

base::Result<bool> LineScanner::fill() {
  if (at_end_) return false;
  buffer_.erase(0, begin_);
  file_offset_ += begin_;
  begin_ = 0;
  const std::size_t held = buffer_.size();
  buffer_.resize(held + kChunk);
  const auto got = read_(file_offset_ + held, buffer_.data() + held, kChunk);
  if (!got) return got.error();
  buffer_.resize(held + *got);
  at_end_ = *got < kChunk;
  return *got > 0;
}

base::Result<std::optional<Line>> LineScanner::next() {
  std::size_t searched = 0;  // of the line, from its beginning
  for (;;) {
    const std::size_t feed = buffer_.find('\n', begin_ + searched);
    const std::size_t end = feed == std::string::npos ? buffer_.size() : feed;
    const bool too_long = end - begin_ > kMaxLineBytes;
    if (feed == std::string::npos && !too_long) {
      searched = end - begin_;
      const auto more = fill();
      if (!more) return more.error();
      if (*more) continue;
      if (searched == 0) return std::optional<Line>{};
    }
    const std::string_view text(buffer_.data() + begin_,
                                (feed == std::string::npos ? buffer_.size() : feed) - begin_);
    Line line{text, file_offset_ + begin_, ++lines_, feed != std::string::npos, too_long, inside_line_};
    inside_line_ = line.too_long && !line.terminated;
    begin_ += text.size() + (line.terminated ? 1 : 0);
    return std::optional<Line>(line);
  }
}

bool is_blank(std::string_view line) noexcept {
  return line.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace portcullis::audit
