// The audit log, as who erases needs it.
#pragma once

#include <functional>

#include "audit/erasure.hpp"
#include "audit/log.hpp"

namespace portcullis::app {

enum class Seals : std::uint8_t { yes, no };

class LogHost final : public audit::ErasureHost {
 public:
  // Waits for the disk as long as `goes_on` says true (empty: for ever).
  explicit LogHost(audit::Log& log, Seals seals, std::function<bool()> goes_on = {})
      : log_(log), seals_(seals), goes_on_(std::move(goes_on)) {}

  [[nodiscard]] base::Result<std::uint64_t> append(audit::Record record) override;
  [[nodiscard]] base::Result<void> leave_epoch() override;
  [[nodiscard]] base::Result<void> wait_signed(std::uint64_t index) override;

 private:
  audit::Log& log_;
  const Seals seals_;
  const std::function<bool()> goes_on_;
};

}  // namespace portcullis::app
