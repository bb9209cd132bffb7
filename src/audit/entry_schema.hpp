// The fields of each type of entry, as a table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "audit/entry_reader.hpp"

namespace portcullis::audit {

enum class FieldForm : std::uint8_t {
  text,        // may stand as base64 under "<key>_base64" instead
  word,        // text that is always in the clear
  count,       // a number from 0
  flag,        // true or false
  texts,       // an array of strings, or {"base64":...}
  hashes,      // an array of hashes, each 43 characters of base64url
  effects,     // an array of objects: effect_fields()
  traits,      // an object: trait_fields()
  said,        // an object: said_fields()
  parameters,  // an array of objects with one of: hex, length, null, text
  sealed,      // an object of epoch, slot and fields, of which sealed_fields() has those of the entry's type
  box,         // of such a field: an array of its commitment and its box
};

struct FieldRule {
  constexpr FieldRule() = default;
  constexpr FieldRule(std::string_view key_, FieldForm form_, bool required_ = false,
                      CommonField common_ = CommonField::none)
      : key(key_), order(JsonLine::order_of(key_)), form(form_), required(required_), common(common_) {}

  std::string_view key;
  std::uint64_t order = 0;  // of the key
  FieldForm form = FieldForm::text;
  bool required = false;
  CommonField common = CommonField::none;
};

// All of these in the order of their keys.
// Without the fields that every entry has.
[[nodiscard]] std::span<const FieldRule> fields_of(EntryType type) noexcept;
// With them.
[[nodiscard]] std::span<const FieldRule> all_fields_of(EntryType type) noexcept;
[[nodiscard]] std::span<const FieldRule> common_fields() noexcept;
[[nodiscard]] std::span<const FieldRule> effect_fields() noexcept;
[[nodiscard]] std::span<const FieldRule> trait_fields() noexcept;
[[nodiscard]] std::span<const FieldRule> said_fields() noexcept;
[[nodiscard]] std::span<const FieldRule> parameter_fields() noexcept;
// Of an entry that has "sealed"; empty of all others.
[[nodiscard]] std::span<const FieldRule> sealed_fields(EntryType type) noexcept;

}  // namespace portcullis::audit
