#include "portcullis/base/error.hpp"

#include <algorithm>
#include <stdexcept>

namespace portcullis::base {

SqlState SqlState::from_text(std::string_view text) noexcept {
  SqlState state{"XX000"};
  const auto valid = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  if (text.size() == state.code_.size() && std::all_of(text.begin(), text.end(), valid)) {
    std::copy(text.begin(), text.end(), state.code_.begin());
  }
  return state;
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error("value() of an error: " + error.message + " at " + where.to_string());
}

}  // namespace portcullis::base
