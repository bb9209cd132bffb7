// `portcullis audit erase`, `hold` and `release`: an order is carried out, by the gate where it runs.
#pragma once

#include <cstdint>
#include <filesystem>

#include "app/console.hpp"
#include "audit/order_file.hpp"

namespace portcullis::app {

struct CarryOutOptions {
  audit::OrderAction action = audit::OrderAction::erase;
  std::filesystem::path config{}, order{};
  std::uint64_t patience = 60;  // seconds to wait for a gate that runs
};

// kSuccess, and what was done; kFailure where the order is refused, or not carried out yet, which is said;
// kConfiguration where the configuration is wrong.
[[nodiscard]] int carry_out(const CarryOutOptions& options, Console& console);

}  // namespace portcullis::app
