#include "app/recorded_reading.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <system_error>

#include "app/config_load.hpp"
#include "app/known_heads.hpp"
#include "app/log_host.hpp"
#include "app/log_options.hpp"
#include "audit/reading_requests.hpp"
#include "audit/storage.hpp"
#include "audit/text_lines.hpp"
#include "base/clock.hpp"

namespace portcullis::app {
namespace {

using audit::ReadRequest;
using std::chrono::steady_clock;

constexpr unsigned kLookMicros = 50'000;                // between two looks for an answer
constexpr std::chrono::seconds kBetweenLooksAtLock{1};  // a look takes the lock for a moment
constexpr int kMostFailures = 3;                        // to open a log that nobody has open

base::Error closed(const std::string& why) {
  return {.code = base::sqlstate::io_error,
          .message = "no text was opened, since it is not recorded in the log who reads: " + why};
}

std::string user_name() {
  const auto* const user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_name : "uid " + std::to_string(::getuid());
}

base::Result<ReadRequest> request_of(const OpenTextsOptions& options, const audit::OpenedTexts& opened,
                                     const std::string& hash) {
  ReadRequest request{options.by.empty() ? user_name() : options.by,
                      opened.first,
                      opened.last,
                      opened.records,
                      opened.classes,
                      hash,
                      options.purpose};
  if (!audit::is_said_text(request.by) || (!request.purpose.empty() && !audit::is_said_text(request.purpose)))
    return closed(
        "give --by and --purpose 1 to 500 bytes of UTF-8 text without line ends or spaces around it");
  return request;
}

// What another user wrote there, the gate could not read, nor go on with.
base::Result<void> check_owner(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) == 0 && status.st_uid == ::geteuid()) return {};
  return closed("\"" + directory.string() +
                "\" does not belong to the user that runs this: run it as the gate's user, with --by and who "
                "you are; of a copy that nobody writes to, give --copy");
}

// --- a gate has the log open ------------------------------------------------------------------------------

base::Result<std::uint64_t> index_of(const audit::ReadingRequests::Answer& answer) {
  if (!answer.done) return closed("the gate refused: " + answer.message);
  std::uint64_t index = 0;
  const char* const end = answer.message.data() + answer.message.size();
  const auto [stop, error] = std::from_chars(answer.message.data(), end, index);
  if (error == std::errc{} && stop == end) return index;
  return closed("the gate's answer is no number: it is of another version than this command");
}

// One request to whoever has the log open, until it is answered.
class Asking {
 public:
  Asking(std::filesystem::path directory, steady_clock::time_point until)
      : directory_(std::move(directory)), requests_(directory_), until_(until) {}

  // Nothing where nobody has the log open any more, and nobody took the request.
  base::Result<std::optional<std::uint64_t>> ask(const ReadRequest& request) {
    const auto name = requests_.leave(request);
    if (!name) return closed(name.error().message);
    auto look_at_lock = steady_clock::now() + kBetweenLooksAtLock;
    for (;;) {
      if (const auto index = answered(*name)) return told(*index);
      const auto now = steady_clock::now();
      if (now >= until_) return give_up(*name);
      if (now >= look_at_lock && !audit::is_open_elsewhere(directory_)) return withdraw(*name);
      if (now >= look_at_lock) look_at_lock = now + kBetweenLooksAtLock;
      ::usleep(kLookMicros);
    }
  }

 private:
  using Index = base::Result<std::uint64_t>;

  std::optional<Index> answered(const std::string& name) const {
    const auto answer = requests_.answer(name);
    if (!answer) return std::nullopt;
    requests_.forget_answer(name);
    return index_of(*answer);
  }
  static base::Result<std::optional<std::uint64_t>> told(const Index& index) {
    if (!index) return index.error();
    return std::optional(*index);
  }
  // What was taken and not answered may have been recorded: that does no harm.
  base::Result<std::optional<std::uint64_t>> give_up(const std::string& name) {
    (void)requests_.withdraw(name);
    if (const auto index = answered(name)) return told(*index);
    return closed(
        "a process has the log open and did not answer in time: see what the gate says in its own log, and "
        "run "
        "this again, perhaps with a longer --wait");
  }
  base::Result<std::optional<std::uint64_t>> withdraw(const std::string& name) {
    if (requests_.withdraw(name)) return std::optional<std::uint64_t>{};
    if (const auto index = answered(name)) return told(*index);
    return closed("the gate ended before it answered: run this again");
  }

  const std::filesystem::path directory_;
  const audit::ReadingRequests requests_;
  const steady_clock::time_point until_;
};

// --- nobody has it open -----------------------------------------------------------------------------------

base::Result<Config> config_of(const OpenTextsOptions& options, const std::filesystem::path& directory) {
  if (options.config.empty()) {
    return closed(
        "no gate has this log open; give --config with the gate's configuration, so that this command can "
        "write "
        "the entry, or start the gate; of a copy that nobody writes to, give --copy");
  }
  auto loaded = load_config(options.config);
  if (!loaded.config) return closed("the configuration is wrong:\n" + to_text(loaded.problems));
  std::error_code failed;
  if (!std::filesystem::equivalent(loaded.config->audit.directory, directory, failed)) {
    return closed("the configuration is of the log \"" + loaded.config->audit.directory.string() +
                  "\": give that of this log's gate");
  }
  return std::move(*loaded.config);
}

base::Result<std::uint64_t> record_here(const Config& config, const ReadRequest& request) {
  const base::SystemClock clock;
  auto options = log_options(config.audit);
  options.text = audit::TextMode::none;  // nothing is sealed here, so no new keys are made
  auto known = known_heads(config.audit);
  if (!known) return closed(known.error().message);
  options.known = std::move(*known);
  auto log = audit::Log::open(std::move(options), clock);
  if (!log) return closed(log.error().message);
  LogHost host(**log, Seals::no);
  auto index = host.append(audit::to_record(request));
  if (!index) return closed(index.error().message);
  return index;
}

base::Result<std::uint64_t> record(const OpenTextsOptions& options, const std::filesystem::path& directory,
                                   const ReadRequest& request) {
  const auto until = steady_clock::now() + std::chrono::seconds(options.patience);
  for (int failures = 0;;) {
    if (audit::is_open_elsewhere(directory)) {
      const auto index = Asking(directory, until).ask(request);
      if (!index) return index.error();
      if (*index) return **index;
    }
    const auto config = config_of(options, directory);
    if (!config) return config.error();
    auto index = record_here(*config, request);
    if (index || steady_clock::now() >= until) return index;
    // A gate, or another command, may have begun in between: then that is asked.
    if (!audit::is_open_elsewhere(directory) && ++failures == kMostFailures) return index;
    ::usleep(kLookMicros);
  }
}

}  // namespace

base::Result<std::optional<std::uint64_t>> record_reading(const OpenTextsOptions& options,
                                                          const std::filesystem::path& directory,
                                                          const audit::OpenedTexts& opened,
                                                          const std::string& hash) {
  if (opened.records == 0) return std::optional<std::uint64_t>{};
  if (options.copy && audit::is_open_elsewhere(directory))
    return closed("a gate has this log open, so it is no copy: leave out --copy");
  if (options.copy) return std::optional<std::uint64_t>{};
  const auto request = request_of(options, opened, hash);
  if (!request) return request.error();
  if (const auto owned = check_owner(directory); !owned) return owned.error();
  const auto index = record(options, directory, *request);
  if (!index) return index.error();
  return std::optional(*index);
}

base::Result<audit::ReadFacts> read_recorded(const OpenTextsOptions& options,
                                             const std::filesystem::path& directory,
                                             std::optional<std::uint64_t> as_of, const ReadingPass& pass) {
  if (options.keys.empty()) return pass(nullptr, as_of, true);
  auto counting = audit::Unsealer::open(options.keys, audit::Unsealer::Use::count);
  if (!counting) return counting.error();
  const auto counted = pass(&*counting, as_of, false);
  if (!counted || counted->is_empty) return counted;
  const auto recorded = record_reading(options, directory, counting->opened());
  if (!recorded) return recorded.error();
  auto keys = audit::Unsealer::open(options.keys);
  if (!keys) return keys.error();
  return pass(&*keys, counted->as_of, true);
}

}  // namespace portcullis::app
