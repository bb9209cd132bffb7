#include "app/log_host.hpp"

#include <unistd.h>

#include <chrono>
#include <utility>

namespace portcullis::app {
namespace {

constexpr unsigned kLookMicros = 2'000;  // between two looks at whether it is on the disk
constexpr std::chrono::seconds kPatience{10};

}  // namespace

// A few times a year: looking now and then is enough.
base::Result<std::uint64_t> LogHost::append(audit::Record record) {
  const auto index = log_.append(std::move(record));
  if (!index) return index.error();
  while (log_.durable() <= *index) {
    if (auto failure = log_.failure()) return *failure;
    if (goes_on_ && !goes_on_())
      return base::Error{base::sqlstate::io_error,
                         "the gate ends, and the entry is not known to be on the disk"};
    ::usleep(kLookMicros);
  }
  return *index;
}

base::Result<void> LogHost::wait_signed(std::uint64_t index) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto size = log_.signed_size();
    if (!size || *size > index) return {};
    if (std::chrono::steady_clock::now() >= until || (goes_on_ && !goes_on_()))
      return base::Error{
          base::sqlstate::io_error,
          "no checkpoint covers its entry yet: it goes on where one does, see the gate's own log"};
    ::usleep(kLookMicros);
  }
}

base::Result<void> LogHost::leave_epoch() {
  if (seals_ == Seals::no) return {};
  const auto epoch = log_.new_epoch();
  if (!epoch) return epoch.error();
  return {};
}

}  // namespace portcullis::app
