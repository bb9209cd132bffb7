// An entry under "functions": app.order_total(integer), app.order_total, extension vector.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::policy {

struct FunctionEntry {
  std::string extension;  // or the rest
  sql::Name name{};
  std::optional<std::string> arguments{};  // types as the server prints them; nothing: every overload
  std::uint32_t line = 0, column = 0;

  // Sure to be meant by the entry: without a catalog nobody can tell overloads or extensions apart.
  [[nodiscard]] bool surely_names(const catalog::ResolvedEffect& effect, bool has_catalog) const;
  // Perhaps meant: for what denies.
  [[nodiscard]] bool may_name(const catalog::ResolvedEffect& effect, bool has_catalog) const;
  [[nodiscard]] bool names(std::string_view schema, const catalog::Function& function) const;
};

// The entry, or what is wrong with it.
[[nodiscard]] std::variant<FunctionEntry, std::string> parse_function_entry(std::string_view text);
[[nodiscard]] std::string to_text(const FunctionEntry& entry);

// "app.order_total(integer)".
[[nodiscard]] std::string signature(const sql::Name& name, std::string_view arguments);

}  // namespace portcullis::policy
