// The settings by which the database takes a text apart; the gate's parser knows one value of each.
#pragma once

#include <string_view>

namespace portcullis::session {

struct Reading {
  bool knows_encoding = true, knows_strings = true;

  // From a ParameterStatus.
  void note(std::string_view name, std::string_view value) noexcept {
    if (name == "client_encoding") knows_encoding = value == "UTF8";
    if (name == "standard_conforming_strings") knows_strings = value == "on";
  }
  // The gate reads what the database reads.
  [[nodiscard]] bool is_shared() const noexcept { return knows_encoding && knows_strings; }
};

}  // namespace portcullis::session
