// `portcullis audit order`, `sign` and `orders`: orders to erase and to hold, made, signed and looked up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/console.hpp"
#include "audit/order_file.hpp"

namespace portcullis::app {

struct MakeOrderOptions {
  audit::OrderAction action = audit::OrderAction::erase;
  std::filesystem::path directory{};     // the log's
  std::string records{};                 // "17,100-200"; empty: all
  std::vector<std::string> classes{};    // empty: all
  std::string agent{}, before{};         // only what is this agent's, and was recorded before; empty: any
  std::string hold{};                    // of a release
  std::optional<std::uint64_t> first{};  // of what is to be pruned: this entry's segment stays
  std::string basis{}, ticket{};
  std::filesystem::path out{};  // a new file
};

// Writes an order that nobody signed yet, and says what it reaches. kSuccess; kUsage for what cannot be
// ordered; kFailure when the log cannot be read, nothing is reached, or the file is there.
[[nodiscard]] int make_order(const MakeOrderOptions& options, Console& console);

struct SignOrderOptions {
  std::filesystem::path order{}, key{};  // `key`: private, as `audit keygen` writes it
};

// Says what the order says, and signs it. kSuccess; kFailure when one of the two cannot be taken, or the key
// has signed it already.
[[nodiscard]] int sign_order(const SignOrderOptions& options, Console& console);

// The register of a log: every order in it, and what became of it. kSuccess; kFailure when it cannot be read.
[[nodiscard]] int list_orders(const std::filesystem::path& directory, Console& console);

// The order in words, each line behind two blanks; safe for a terminal.
[[nodiscard]] std::string in_words(const audit::SignedOrder& order);

}  // namespace portcullis::app
