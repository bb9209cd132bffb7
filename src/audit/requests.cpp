#include "audit/requests.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

#include "audit/line_scanner.hpp"
#include "audit/note_file.hpp"
#include "base/descriptor.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kOrder = ".order", kDone = ".done", kRefused = ".refused", kDraft = ".draft",
                           kAside = ".aside";
constexpr std::size_t kMostRequests = 1'000, kLongestName = 100, kMaxAnswerBytes = std::size_t{64} << 10;
constexpr std::chrono::seconds kLongestDelay{3'600};

base::Error cannot(std::string_view doing, const std::filesystem::path& path, int code) {
  return {.code = code == ENOSPC || code == EDQUOT ? base::sqlstate::disk_full : base::sqlstate::io_error,
          .message = "cannot " + std::string(doing) + " \"" + path.string() + "\": " +
                     std::generic_category().message(code) + "; run this as the user that runs the gate"};
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

// Others than its owner may not leave orders there, signed or not.
base::Result<void> make_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
  if (errno != EEXIST) return cannot("make the folder", folder, errno);
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) return cannot("examine the folder", folder, errno);
  if (S_ISDIR(status.st_mode) && (status.st_mode & 0077u) == 0) return {};
  return base::Error{base::sqlstate::io_error,
                     "\"" + folder.string() + "\" is no folder of its owner alone: run chmod 700 on it"};
}

// A regular file, no link to one, of at most so many bytes.
base::Result<std::string> read_small(const std::filesystem::path& file, std::size_t most) {
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

}  // namespace

// Under another name until it is whole.
base::Result<void> Requests::write(const std::string& name, std::string_view bytes) const {
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

base::Result<void> Requests::leave(const SignedOrder& order, std::string_view bytes) const {
  if (auto made = make_folder(folder_); !made) return made;
  forget_answer(order.hash);
  return write(order.hash + std::string(kOrder), bytes);
}

void Requests::forget_answer(const std::string& hash) const {
  for (const auto suffix : {kDone, kRefused}) ::unlink((folder_ / (hash + std::string(suffix))).c_str());
}

std::optional<Requests::Answer> Requests::answer(const std::string& hash) const {
  for (const auto suffix : {kDone, kRefused}) {
    auto message = read_small(folder_ / (hash + std::string(suffix)), kMaxAnswerBytes);
    if (message) return Answer{suffix == kDone, std::move(*message)};
  }
  return std::nullopt;
}

// Without the ending; in order.
std::vector<std::string> Requests::names() const {
  std::vector<std::string> found;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder_, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (!name.ends_with(kOrder)) continue;
    name.resize(name.size() - kOrder.size());
    if (is_plain(name)) found.push_back(std::move(name));
    if (found.size() == kMostRequests) break;
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool Requests::any() const {
  return !names().empty();
}

std::vector<std::string> Requests::look(Erasure& erasure, Time now) {
  const auto found = names();
  std::erase_if(retries_, [&](const auto& retry) {
    return !std::binary_search(found.begin(), found.end(), retry.first);
  });
  std::vector<std::string> said;
  if (found.empty()) return said;
  if (auto made = make_folder(folder_); !made) return {made.error().message};
  for (const auto& name : found) {
    if (const auto retry = retries_.find(name); retry != retries_.end() && now < retry->second.at) continue;
    said.push_back(carry_out(name, erasure, now));
  }
  return said;
}

std::string Requests::carry_out(const std::string& name, Erasure& erasure, Time now) {
  const auto bytes = read_small(folder_ / (name + std::string(kOrder)), kMaxOrderBytes);
  if (!bytes) return finish(name, now, kRefused, bytes.error().message);
  const auto order = read_order(*bytes);
  if (!order) return finish(name, now, kRefused, order.error().message);
  if (order->hash != name)
    return finish(name, now, kRefused,
                  "this is the order " + order->hash + ", and its file is to be called so");
  const auto done = erasure.carry_out(*bytes);
  if (done) return finish(name, now, kDone, *done);
  if (done.error().code == base::sqlstate::invalid_parameter_value)
    return finish(name, now, kRefused, done.error().message);
  return later(name, now, "the order " + name + " is not carried out yet: " + done.error().message);
}

std::string Requests::later(const std::string& name, Time now, const std::string& message) {
  Retry& retry = retries_[name];
  const std::string delay = std::to_string(retry.delay.count());
  retry.at = now + retry.delay;
  retry.delay = std::min(2 * retry.delay, kLongestDelay);
  return message + "; it is tried again in " + delay + " s";
}

// The answer is there before the request goes.
std::string Requests::finish(const std::string& name, Time now, std::string_view suffix,
                             const std::string& message) {
  const auto answered = write(name + std::string(suffix), message);
  if (!answered) return later(name, now, message + "; " + answered.error().message);
  const auto request = folder_ / (name + std::string(kOrder)), aside = folder_ / (name + std::string(kAside));
  // What cannot be removed is a folder that is called like an order.
  const bool gone = ::unlink(request.c_str()) == 0 || ::rename(request.c_str(), aside.c_str()) == 0;
  if (!gone) return later(name, now, message + "; " + cannot("remove", request, errno).message);
  retries_.erase(name);
  return "order " + name + ": " + message;
}

}  // namespace portcullis::audit
