// The words of `portcullis audit` that make, sign, carry out and list orders.
#pragma once

#include <optional>

#include "app/carry_out_command.hpp"
#include "app/order_command.hpp"

namespace CLI {
class App;
}

namespace portcullis::app {

// What the options are read into.
struct OrderCommandLine {
  MakeOrderOptions erase{}, hold{}, release{}, prune{};
  SignOrderOptions sign{};
  CarryOutOptions carry_out{};
  std::filesystem::path directory{};
};

void add_audit_orders(CLI::App& audit, OrderCommandLine& line);
// Nothing where the command is none of these.
[[nodiscard]] std::optional<int> run_audit_orders(const CLI::App& audit, OrderCommandLine& line,
                                                  Console& console);

}  // namespace portcullis::app
