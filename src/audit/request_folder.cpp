#include "audit/request_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "audit/line_scanner.hpp"
#include "audit/note_file.hpp"
#include "base/descriptor.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kDone = ".done", kRefused = ".refused", kDraft = ".draft", kAside = ".aside";
constexpr std::size_t kMostRequests = 1'000, kLongestName = 100, kMaxAnswerBytes = std::size_t{64} << 10;

base::Error cannot(std::string_view doing, const std::filesystem::path& path, int code) {
  const bool is_full = code == ENOSPC || code == EDQUOT;
  return {.code = is_full ? base::sqlstate::disk_full : base::sqlstate::io_error,
          .message = "cannot " + std::string(doing) + " \"" + path.string() +
                     "\": " + std::generic_category().message(code) + "; " +
                     (is_full ? "make room there" : "run this as the user that runs the gate")};
}

// Names that can be answered: whatever they are called, nothing leaves the folder.
bool is_plain(std::string_view name) {
  const auto is_fit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), is_fit);
}

base::Result<void> sync_folder(const std::filesystem::path& folder) {
  const base::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.get()) != 0) return cannot("sync the folder", folder, errno);
  return {};
}

}  // namespace

// Others than its owner may not leave orders there, signed or not.
base::Result<void> RequestFolder::make() const {
  if (::mkdir(folder_.c_str(), 0700) == 0) return sync_folder(folder_.parent_path());
  if (errno != EEXIST) return cannot("make the folder", folder_, errno);
  struct stat status {};
  if (::lstat(folder_.c_str(), &status) != 0) return cannot("examine the folder", folder_, errno);
  if (S_ISDIR(status.st_mode) && (status.st_mode & 0077u) == 0) return {};
  return base::Error{base::sqlstate::io_error,
                     "\"" + folder_.string() + "\" is no folder of its owner alone: run chmod 700 on it"};
}

base::Result<std::string> RequestFolder::read(const std::string& name, std::size_t most) const {
  const auto file = folder_ / name;
  const auto opened = open_to_read(file.string(), Links::refuse);
  if (!opened) return opened.error();
  std::string bytes(std::min<std::uint64_t>(opened->bytes, most) + 1, '\0');
  const auto got = opened->read(0, bytes.data(), bytes.size());
  if (!got) return got.error();
  if (*got > most) {
    return base::Error{base::sqlstate::io_error,
                       "\"" + file.string() + "\" is larger than " + std::to_string(most) + " bytes"};
  }
  bytes.resize(*got);
  return bytes;
}

// Under another name until it is whole.
base::Result<void> RequestFolder::write(const std::string& name, std::string_view bytes) const {
  const auto file = folder_ / name, draft = folder_ / (name + std::string(kDraft));
  ::unlink(draft.c_str());
  const base::Descriptor made(
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!made.is_open()) return cannot("write", draft, errno);
  int code = base::write_and_sync(made, bytes);
  if (code == 0 && ::rename(draft.c_str(), file.c_str()) != 0) code = errno;
  if (code == 0) return sync_folder(folder_);
  ::unlink(draft.c_str());
  return cannot("write", file, code);
}

// What cannot be removed is a folder that is called like a request.
base::Result<void> RequestFolder::remove(const std::string& file) const {
  const auto request = folder_ / file;
  const bool gone = ::unlink(request.c_str()) == 0 ||
                    ::rename(request.c_str(), (folder_ / (file + std::string(kAside))).c_str()) == 0;
  if (!gone) return cannot("remove", request, errno);
  return sync_folder(folder_);
}

bool RequestFolder::withdraw(const std::string& file) const {
  return ::unlink((folder_ / file).c_str()) == 0;
}

std::vector<std::string> RequestFolder::names(std::string_view ending) const {
  std::vector<std::string> found;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder_, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (!name.ends_with(ending)) continue;
    name.resize(name.size() - ending.size());
    if (is_plain(name)) found.push_back(std::move(name));
    if (found.size() == kMostRequests) break;
  }
  std::sort(found.begin(), found.end());
  return found;
}

base::Result<void> RequestFolder::give_answer(const std::string& name, bool done,
                                              std::string_view message) const {
  return write(name + std::string(done ? kDone : kRefused), message);
}

std::optional<RequestFolder::Answer> RequestFolder::answer(const std::string& name) const {
  for (const auto suffix : {kDone, kRefused}) {
    auto message = read(name + std::string(suffix), kMaxAnswerBytes);
    if (message) return Answer{suffix == kDone, std::move(*message)};
  }
  return std::nullopt;
}

void RequestFolder::forget_leftovers(std::size_t name_length, std::string_view ending) const {
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder_, failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name.find('.') != name_length || name.ends_with(ending)) continue;
    std::error_code unknown;
    const auto written = std::filesystem::last_write_time(at->path(), unknown);
    if (!unknown && written < long_ago) ::unlink(at->path().c_str());
  }
}

void RequestFolder::forget_answer(const std::string& name) const {
  for (const auto suffix : {kDone, kRefused}) ::unlink((folder_ / (name + std::string(suffix))).c_str());
}

}  // namespace portcullis::audit
