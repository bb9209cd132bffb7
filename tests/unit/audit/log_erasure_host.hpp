// What carries orders out on a log of its own, for tests.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <utility>

#include "audit/erasure.hpp"
#include "audit/log.hpp"
#include "tests/unit/audit/support.hpp"

namespace portcullis::audit::testing {

class LogErasureHost final : public ErasureHost {
 public:
  explicit LogErasureHost(Log& log) : log_(log) {}
  base::Result<std::uint64_t> append(Record record) override {
    const auto index = log_.append(std::move(record));
    if (!index) return index.error();
    if (!wait_durable(log_, *index + 1)) return base::Error{base::sqlstate::io_error, "not durable"};
    return *index;
  }
  base::Result<void> leave_epoch() override {
    const auto epoch = log_.new_epoch();
    if (!epoch) return epoch.error();
    return {};
  }
  base::Result<void> wait_signed(std::uint64_t index) override {
    for (int tries = 0; tries < 10'000; ++tries) {
      if (log_.signed_size().value_or(UINT64_MAX) > index) return {};
      ::usleep(1'000);
    }
    return base::Error{base::sqlstate::io_error, "not signed"};
  }

 private:
  Log& log_;
};

}  // namespace portcullis::audit::testing
