#include "app/log_host.hpp"

#include <unistd.h>

#include <utility>

namespace portcullis::app {
namespace {

constexpr unsigned kLookMicros = 2'000;  // between two looks at whether it is on the disk

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

base::Result<void> LogHost::leave_epoch() {
  if (seals_ == Seals::no) return {};
  const auto epoch = log_.new_epoch();
  if (!epoch) return epoch.error();
  return {};
}

}  // namespace portcullis::app
