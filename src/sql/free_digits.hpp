// Numbers in a text that decide nothing, so that texts which differ in them alone share their facts.
#pragma once

#include <string_view>
#include <vector>

#include "portcullis/sql/facts.hpp"
#include "sql/node.hpp"

namespace portcullis::sql {

// Of one statement; `text` is what the tree was made from. See StatementFacts::free_digits.
[[nodiscard]] std::vector<Digits> free_digits(const Node& statement, std::string_view text);

}  // namespace portcullis::sql
